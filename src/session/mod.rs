//! One sequence on one endpoint: the loop, waiting, the ledger, clean-up. What an answer means is the
//! oracle's business; how a request is sent, transport's.

mod admission;
mod ask;
mod clean_up;
mod cleanup;
mod dates;
mod ledger;
mod open;
mod outside;
mod policies;
mod record;
mod recorder;
mod reporter;
mod sentinel;
mod settle;
mod shared;
mod sweep;
mod together;
mod wrapping;

#[cfg(feature = "cli")]
pub use cleanup::CleanupError;
pub use cleanup::cleanup;
pub use ledger::{Entry, Ledger, LedgerError};
pub use outside::{signature_is_valid, wrong_signature};
pub use policies::Enforcement;
pub use record::{Kind, Race, Record, Sighting, StepRecord, Timed, Told, Violation};
pub use recorder::Recorder;
pub use reporter::FirstViolation;
pub use shared::{ConnectError, Shared};
pub use sweep::{Left, Swept, settle, sweep};
#[cfg(feature = "reference")]
pub use wrapping::prepare as wrapped;

use crate::oracle::{Knowledge, Oracle};
use crate::sequence::recording::Context;
use crate::sequence::{Action, Sequence, Step};
use crate::transport::{Consistency, Watch};
use admission::Admission;
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::world::{Name, Region};
use recorder::{Notes, Times};
use reporter::Reporter;
use std::time::{Duration, Instant};

/// Ends of deletions and expiries further away than this are not waited for.
const NEAR: Duration = Duration::from_secs(60);

/// The longest time that a sequence waits for the rotations that it still asks for.
const MOST_ROTATING: Duration = Duration::from_secs(600);

/// The execution of one sequence.
struct Session<'s> {
    shared: &'s Shared,
    oracle: Oracle,
    reporter: Reporter<'s>,
    /// How long the rotation took that the last step asked for.
    rotation: Option<Duration>,
    /// The value of the tag by which the keys of this sequence are found.
    token: String,
    /// Every member that an answer told of, also those that were not expected.
    made: Vec<clean_up::Member>,
    started: Instant,
    /// What is recorded, if anything is.
    notes: Option<Notes>,
    /// When the last exchange took place.
    times: Times,
    /// When members were made.
    dates: dates::Dates,
}

/// Executes a sequence on keys of its own.
pub async fn run_sequence(shared: &Shared, sequence: &Sequence, number: usize) -> Record {
    let strict = shared.link.target().consistency == Consistency::Strong;
    run_sequence_as(shared, sequence, number, strict).await
}

/// The same, with every answer taken as final if `strict`: for reads that are never stale (F-077).
pub async fn run_sequence_as(shared: &Shared, sequence: &Sequence, number: usize, strict: bool) -> Record {
    let token = format!("{}-{number}", shared.run());
    let mut record = Record { id: sequence.id.clone(), strict, ..Record::default() };
    if let Some(ended) = shared.link.ended() {
        record.stopped = Some(ended.why().into());
        return record;
    }
    let enforced = match shared.admit(sequence).await {
        Admission::Run { enforced } => enforced,
        refused => {
            refused.note(&mut record);
            return record;
        }
    };
    let target = shared.link.target();
    let knowledge = Knowledge {
        alias_prefix: format!("mrkspec-{token}-"),
        enforced,
        consistent: strict,
        staleness: shared.staleness.clone(),
        day: target.day,
        limited: target.limited.as_ref().map(|l| l.arn.clone()),
    };
    let context = Context {
        alias_prefix: knowledge.alias_prefix.clone(),
        enforced,
        limited: knowledge.limited.clone(),
        consistent: strict,
    };
    let notes = shared.recorder.clone().map(|r| Notes::new(r, format!("{}#{token}", sequence.id), context));
    let mut session = Session {
        shared,
        notes,
        times: Times::default(),
        dates: dates::Dates::default(),
        oracle: Oracle::new(&knowledge, shared.patience.clone()),
        reporter: Reporter::new(shared, record),
        rotation: None,
        token,
        made: Vec::new(),
        started: Instant::now(),
    };
    for (i, step) in sequence.steps.iter().enumerate() {
        if session.reporter.record.is_over() {
            break;
        }
        let answer = tokio::select! {
            answer = session.step(step, i + 1) => answer,
            ended = shared.link.end() => session.reporter.stop(ended.why().into()),
        };
        session.reconsider(&sequence.steps[i + 1..]);
        if session.reporter.record.skipped.is_none() {
            session.reporter.step(i + 1, step, answer);
        }
    }
    session.clean_up().await;
    session.reporter.record
}

impl Session<'_> {
    /// Carries out one step. Returns what its transcript says.
    async fn step(&mut self, step: &Step, number: usize) -> Vec<Told> {
        match &step.action {
            Action::Wait(time) => {
                tokio::time::sleep(*time).await;
                Vec::new()
            }
            Action::Settle(family) => self.settle(family, number).await,
            Action::Together(calls) => self.together(calls, number).await,
            Action::Race(clients) => self.race(clients, number).await,
            Action::Watch(watch) => self.watch(watch, number).await,
            Action::Until(family, region) if self.wait_for(family, region).await => self.settle(family, number).await,
            Action::Until(..) => {
                self.reporter.record.skipped = Some("days are 24 hours long at this endpoint (see --day)".into());
                Vec::new()
            }
            Action::Call { call, settle, expect } => {
                let mut lines = self.call(call, expect.as_ref(), number).await;
                if let Some(family) = self.exists(call).filter(|_| *settle && !self.reporter.record.is_over()) {
                    let rotates = call.op == Operation::RotateKeyOnDemand;
                    if !rotates || self.oracle.awaits_rotation(&family) {
                        let began = Instant::now();
                        lines.extend(self.settle(&family, number).await);
                        self.rotation = rotates.then(|| began.elapsed());
                    }
                }
                lines
            }
        }
    }

    /// Rotations take minutes on AWS (F-092): a sequence in which many are still to come is not gone on with.
    fn reconsider(&mut self, left: &[Step]) {
        let rotates = |s: &&Step| matches!(&s.action, Action::Call { call, settle: true, .. } if call.op == Operation::RotateKeyOnDemand);
        let more = left.iter().filter(rotates).count() as u32;
        let Some(each) = self.rotation.take().filter(|each| *each * more > MOST_ROTATING) else { return };
        let each = humantime::format_duration(Duration::from_secs(each.as_secs()));
        let why = format!("a rotation takes {each} here, and this needs {more} more");
        self.reporter.record.skipped.get_or_insert(why);
    }

    /// The family that a call names, if there may be one.
    fn exists(&self, call: &Call) -> Option<Name> {
        let Some(Arg::Key(key)) = call.args.get("KeyId") else { return None };
        let known = self.oracle.belief().worlds().iter().any(|w| w.family(&key.name).is_some());
        known.then(|| key.name.clone())
    }

    /// Waits until a pending deletion or expiry of this member must have come. False when that
    /// is too far away.
    async fn wait_for(&mut self, family: &Name, region: &Region) -> bool {
        let left = self.oracle.time_left(family, region, self.now());
        if left <= NEAR {
            tokio::time::sleep(left).await;
        }
        left <= NEAR
    }

    /// Whether what is wrong now is that the endpoint has forgotten everything. Then the sequence ends: another
    /// execution may show what this one would have.
    async fn was_forgotten(&mut self) -> bool {
        let forgotten = self.shared.has_forgotten_since(self.started).await;
        if forgotten {
            self.reporter.record.lost += 1;
            self.reporter.record.forgotten = true;
            self.reporter.stop("the endpoint has forgotten every key: it seems to have been started anew".into());
        }
        forgotten
    }

    /// The oracle's time.
    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

/// Tells the oracle of an exchange while it is under way.
struct Watched<'o> {
    oracle: &'o mut Oracle,
    started: Instant,
    times: &'o mut Times,
    call: &'o Call,
}

impl Watch for Watched<'_> {
    fn before_send(&mut self) {
        self.times.sent = self.started.elapsed();
        self.times.first.get_or_insert(self.times.sent);
        self.oracle.before_send(self.times.sent);
    }

    fn after_receive(&mut self) {
        self.times.answered = self.started.elapsed();
        self.oracle.after_receive(self.times.answered);
    }

    fn lost(&mut self, _ready: &Call) {
        self.oracle.lost(self.call);
    }
}
