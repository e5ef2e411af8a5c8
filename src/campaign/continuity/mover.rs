//! The primary moves round all Regions, again and again; now and then the key is rotated.

use super::fleet::{Family, Fleet, ask, outcome};
use super::report::Promotion;
use super::slowdown::Span;
use super::work::Kind;
use crate::session::Shared;
use crate::transport::{Answer, Exchange, Pauses};
use mrkspec_model::call::Operation;
use mrkspec_model::outcome::Response;
use mrkspec_model::rule::RuleId;
use mrkspec_model::rules::{UPR_001, UPR_011, UPR_037};
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// A promotion counts as under way for at least this long: what it disturbs may show a little later than its answer.
const LEAST: Duration = Duration::from_millis(250);
/// The longest rest between two promotions of a family.
const MOST_REST: Duration = Duration::from_secs(30);
/// Pauses between two looks at all members, while something is under way and while nothing is: so that both times have
/// the same load.
const LOOKING: Duration = Duration::from_millis(20);
const LOOKING_FAR: Duration = Duration::from_millis(500);
/// Promotions that fail one after the other until a family is left alone.
const PATIENCE: usize = 3;
/// On-demand rotations of one key: AWS allows 25 (F-092).
const MOST_ROTATIONS: usize = 20;

/// What is wrong with promotions themselves.
#[derive(Clone, Debug)]
pub(super) struct Misstep {
    pub rule: RuleId,
    pub expected: String,
    pub observed: String,
    pub call: String,
    pub at: Instant,
}

/// What the movers did; shared with whoever shows progress.
#[derive(Debug, Default)]
pub(super) struct Moves {
    pub promotions: Vec<Promotion>,
    pub spans: Vec<Span>,
    pub rotations: Vec<u64>,
    pub missteps: Vec<Misstep>,
    pub notes: Vec<String>,
}

/// Moves the primary of one family until the time is over.
pub(super) struct Mover<'m> {
    pub shared: &'m Shared,
    pub fleet: &'m Fleet,
    pub family: &'m Family,
    /// Its number.
    pub number: u8,
    pub began: Instant,
    pub until: Instant,
    /// Promotions until the next rotation; never when 0.
    pub rotate_every: usize,
    pub moves: &'m Mutex<Moves>,
}

/// What came of one promotion.
enum Moved {
    Done,
    Failed(Misstep),
    /// The endpoint cannot be asked any more, or lacks the operation.
    Over(String),
}

impl Mover<'_> {
    pub(super) async fn run(&self) {
        let mut in_vain = 0;
        let mut promotions = 0;
        let mut rotates = self.family.kind == Kind::Encrypting && self.rotate_every > 0;
        while Instant::now() < self.until && self.shared.ended().is_none() {
            if rotates && promotions % self.rotate_every == self.rotate_every - 1 {
                rotates = self.rotate().await;
            }
            promotions += 1;
            let began = Instant::now();
            match self.promote().await {
                Moved::Done => in_vain = 0,
                Moved::Over(why) => return self.note(why),
                Moved::Failed(misstep) => {
                    self.lock().missteps.push(misstep);
                    in_vain += 1;
                    if in_vain == PATIENCE {
                        return self.note(format!("{PATIENCE} promotions in a row failed: left alone from then on"));
                    }
                }
            }
            let ended = Instant::now().max(began + LEAST);
            self.rest(ended, ended.duration_since(began).min(MOST_REST)).await;
            let span = Span {
                family: self.number,
                began: self.since(began),
                ended: self.since(ended),
                rested: self.since(Instant::now().min(self.until).max(ended)),
            };
            self.lock().spans.push(span);
        }
    }

    /// Looks on as while a promotion is under way, for as long as that took.
    async fn rest(&self, from: Instant, rest: Duration) {
        while Instant::now() < (from + rest).min(self.until) && self.shared.ended().is_none() {
            let primary = self.family.primary.load(Relaxed);
            let _ = self.fleet.unsettled(self.shared, self.family, primary).await;
            tokio::time::sleep(self.pause()).await;
        }
    }

    fn pause(&self) -> Duration {
        if self.shared.link().target().is_local() { LOOKING } else { LOOKING_FAR }
    }

    /// Makes the member in the next Region the primary, and waits until every member says so.
    async fn promote(&self) -> Moved {
        let regions = &self.fleet.regions;
        let from = self.family.primary.load(Relaxed);
        let to = (from + 1) % regions.len();
        let call =
            format!("UpdatePrimaryRegion of the {} key from {} to {}", self.family.kind, regions[from], regions[to]);
        let body = json!({ "KeyId": self.family.key_id, "PrimaryRegion": regions[to] });
        let began = Instant::now();
        let settle = self.shared.link().target().settle_timeout;
        let misstep = |rule, expected: &str, observed: String| {
            Moved::Failed(Misstep { rule, expected: expected.into(), observed, call: call.clone(), at: began })
        };
        let mut pauses = Pauses::until_settled();
        loop {
            let asked = ask(self.shared, Operation::UpdatePrimaryRegion, &regions[from], &body).await;
            if let Answer::Unsupported(words) = &asked.answer {
                return Moved::Over(format!("UpdatePrimaryRegion is not supported: {words}"));
            }
            match outcome(&asked) {
                Ok(_) => break,
                Err(why) if self.shared.ended().is_some() => return Moved::Over(why),
                // A request whose answer was lost may have worked: that shows once everything has settled.
                Err(_) if asked.unsure && began.elapsed() < settle => match self.settles_at(&[to, from], began).await {
                    Some(place) if place == from => pauses.pause().await,
                    _ => break,
                },
                // What reads show may be ahead of what is (F-062, F-077).
                Err(_) if is_in_transition(&asked) && began.elapsed() < settle => pauses.pause().await,
                Err(why) => {
                    return misstep(UPR_037, "success: both members are Enabled, and nothing is under way", why);
                }
            }
        }
        let settled = self.settles_at(&[to], began).await.map(|_| Instant::now());
        if settled.is_none() && self.shared.ended().is_some() {
            return Moved::Over("the endpoint stopped answering".into());
        }
        let Some(settled) = settled else {
            // Either nothing has changed, or the change does not come to its end.
            let still = self.fleet.unsettled(self.shared, self.family, from).await;
            let limit = humantime::format_duration(settle);
            return match still {
                None => misstep(
                    UPR_001,
                    "the member in PrimaryRegion becomes the primary",
                    format!("success, and {limit} later everything is as before"),
                ),
                Some(why) => {
                    self.family.primary.store(to, Relaxed);
                    misstep(
                        UPR_011,
                        "every member is Enabled again and names the new primary",
                        format!("after {limit}, {why}"),
                    )
                }
            };
        };
        self.family.primary.store(to, Relaxed);
        let promotion = Promotion {
            key: self.family.kind.spec().0,
            from: regions[from].clone(),
            to: regions[to].clone(),
            began_ms: self.since(began) / 1000,
            settled_ms: self.since(settled) / 1000,
        };
        self.lock().promotions.push(promotion);
        Moved::Done
    }

    /// Waits until every member is Enabled and names the primary in one of these Regions; which one. `None` when that takes
    /// longer than the settle time-out, or nothing is answered any more.
    async fn settles_at(&self, places: &[usize], began: Instant) -> Option<usize> {
        let settle = self.shared.link().target().settle_timeout;
        loop {
            // The last look begins when the time is over.
            let late = began.elapsed() > settle;
            for place in places {
                if self.fleet.unsettled(self.shared, self.family, *place).await.is_none() {
                    return Some(*place);
                }
            }
            if late || self.shared.ended().is_some() {
                return None;
            }
            tokio::time::sleep(self.pause()).await;
        }
    }

    /// Rotates the key. False when that is not to be tried again.
    async fn rotate(&self) -> bool {
        let region = &self.fleet.regions[self.family.primary.load(Relaxed)];
        let asked =
            ask(self.shared, Operation::RotateKeyOnDemand, region, &json!({ "KeyId": self.family.key_id })).await;
        match outcome(&asked) {
            Ok(_) => {
                let mut moves = self.lock();
                moves.rotations.push(self.since(Instant::now()) / 1000);
                moves.rotations.len() < MOST_ROTATIONS
            }
            // One that is under way is not yet over (F-093).
            Err(why) if why.starts_with("ConflictException") => true,
            Err(why) => {
                self.note(format!("no rotation from then on: RotateKeyOnDemand in {region}: {why}"));
                false
            }
        }
    }

    fn note(&self, what: String) {
        let at = self.since(Instant::now()) as f64 / 1_000_000.0;
        self.lock().notes.push(format!("{} key, after {at:.1} s: {what}", self.family.kind));
    }

    /// Microseconds since the load began.
    fn since(&self, moment: Instant) -> u64 {
        moment.duration_since(self.began).as_micros() as u64
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Moves> {
        self.moves.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// Whether a call was refused because of a key state that may be passing.
fn is_in_transition(asked: &Exchange) -> bool {
    match &asked.answer {
        Answer::Came(decoded) => match &decoded.response {
            Response::Error { code, .. } => code == "KMSInvalidStateException",
            _ => false,
        },
        _ => false,
    }
}
