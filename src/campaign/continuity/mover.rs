//! The primary moves round all Regions, again and again; now and then the key is rotated.

use super::fleet::{Family, Fleet, Told, ask};
use super::slowdown::Span;
use super::work::Kind;
use crate::session::Shared;
use crate::transport::Pauses;
use mrkspec_model::call::Operation;
use mrkspec_model::rule::RuleId;
use mrkspec_model::rules::{UPR_001, UPR_011, UPR_037};
use serde::Serialize;
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
/// Why nothing more is asked of an endpoint whose keys are gone.
pub(super) const FORGOTTEN: &str = "the endpoint has forgotten every key: it was started anew";
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

/// A promotion that every member came to show.
#[derive(Clone, Debug, Serialize)]
pub struct Promotion {
    /// KeySpec of the key.
    pub key: &'static str,
    /// The Region of the former primary.
    pub from: String,
    /// The Region of the new one.
    pub to: String,
    /// When UpdatePrimaryRegion was sent.
    pub began_ms: u64,
    /// When every member was seen Enabled, with the new primary.
    pub settled_ms: u64,
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
    /// Nothing can be said of this one.
    Unjudged(String),
    /// The endpoint cannot be asked any more, lacks the operation or does not allow it.
    Over(String),
}

/// What a promotion may be refused with while some server has not yet heard that the one before is over (F-058, F-061, F-062,
/// F-077): repeated until the settle time-out is over.
const PASSING: [&str; 4] =
    ["KMSInvalidStateException", "UnsupportedOperationException", "NotFoundException", "DisabledException"];

impl Mover<'_> {
    pub(super) async fn run(&self) {
        let mut in_vain = 0;
        let mut promotions = 0;
        // A promotion that has not ended goes on, whatever comes of the next one.
        let mut never_ended = false;
        let mut rotates = self.family.kind == Kind::Encrypting && self.rotate_every > 0;
        while Instant::now() < self.until && self.shared.ended().is_none() {
            promotions += 1;
            let began = Instant::now();
            let moved = self.promote().await;
            let over = match moved {
                Moved::Done => {
                    (in_vain, never_ended) = (0, false);
                    None
                }
                Moved::Over(why) => Some(why),
                Moved::Unjudged(why) => {
                    self.note(why);
                    in_vain += 1;
                    None
                }
                Moved::Failed(misstep) => {
                    never_ended |= misstep.rule == UPR_011;
                    self.lock().missteps.push(misstep);
                    in_vain += 1;
                    None
                }
            };
            let given_up = in_vain == PATIENCE;
            let ended = Instant::now().max(began + LEAST);
            // What is still under way disturbs for longer.
            let ended = if never_ended && given_up { ended.max(self.until) } else { ended };
            let rotated = rotates && over.is_none() && !given_up && promotions % self.rotate_every == 0;
            if rotated {
                rotates = self.rotate().await;
            }
            if over.is_none() && !given_up {
                self.rest(ended, ended.duration_since(began).min(MOST_REST)).await;
            }
            let span = Span {
                family: self.number,
                began: self.since(began),
                ended: self.since(ended),
                rested: self.since(Instant::now().min(self.until).max(ended)),
                rotated,
            };
            self.lock().spans.push(span);
            if let Some(why) = over {
                return self.note(why);
            }
            if given_up {
                return self.note(format!("{PATIENCE} promotions in a row failed: left alone from then on"));
            }
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
        let limit = humantime::format_duration(settle);
        let misstep = |rule, expected: &str, observed: String| {
            Moved::Failed(Misstep { rule, expected: expected.into(), observed, call: call.clone(), at: began })
        };
        let mut pauses = Pauses::until_settled();
        // A request whose answer was lost may have worked, or may yet: that shows once everything has settled.
        let mut unsure = false;
        let accepted = loop {
            let late = began.elapsed() > settle;
            let asked = ask(self.shared, Operation::UpdatePrimaryRegion, &regions[from], &body).await;
            unsure |= asked.unsure;
            let told = Told::of(&asked);
            if matches!(told, Told::Done(_)) {
                break true;
            }
            if unsure && self.settles_at(&[to, from], Instant::now()).await == Some(to) {
                break false;
            }
            match told {
                Told::Done(_) => break true,
                Told::Unsupported(words) => {
                    return Moved::Over(format!("UpdatePrimaryRegion is not supported: {words}"));
                }
                told if self.shared.ended().is_some() => return Moved::Over(told.body().err().unwrap_or_default()),
                // Who may promote from one Region may not be allowed to from another.
                Told::Refused("AccessDeniedException", words) if !self.has_promoted(from, to) => {
                    return Moved::Over(format!("UpdatePrimaryRegion is not allowed: {words}"));
                }
                Told::Refused("NotFoundException", _) if self.forgotten().await => {
                    return Moved::Over(FORGOTTEN.into());
                }
                Told::Refused(code, words) if late || !PASSING.contains(&code) => {
                    let settled = self.fleet.unsettled(self.shared, self.family, from).await.is_none();
                    if unsure || !settled || self.has_rotated_lately() {
                        return Moved::Unjudged(format!("{call} was refused, which is not judged: {words}"));
                    }
                    return misstep(
                        UPR_037,
                        "success: both members are Enabled, and no other promotion is under way",
                        words,
                    );
                }
                Told::Unjudged(words) if late => {
                    return Moved::Unjudged(format!("{call} is not judged: {words}"));
                }
                Told::Refused(..) | Told::Unjudged(_) => pauses.pause().await,
            }
        };
        if self.settles_at(&[to], Instant::now()).await.is_some() {
            let settled = Instant::now();
            self.family.primary.store(to, Relaxed);
            let promotion = Promotion {
                key: self.family.kind.spec().0,
                from: regions[from].clone(),
                to: regions[to].clone(),
                began_ms: self.since(began) / 1000,
                settled_ms: self.since(settled) / 1000,
            };
            self.lock().promotions.push(promotion);
            return Moved::Done;
        }
        if self.shared.ended().is_some() {
            return Moved::Over("the endpoint stopped answering".into());
        }
        // Either nothing has changed, or the change does not come to its end.
        let Some(still) = self.fleet.unsettled(self.shared, self.family, from).await else {
            let observed = format!("success, and {limit} later everything is as before");
            return match accepted {
                true => misstep(UPR_001, "the member in PrimaryRegion becomes the primary", observed),
                false => Moved::Unjudged(format!("{call} is not judged: its answer was lost")),
            };
        };
        if let Some(now) = self.fleet.primary_of(self.shared, self.family).await {
            self.family.primary.store(now, Relaxed);
        }
        match self.fleet.unsettled(self.shared, self.family, to).await {
            // At the last moment after all.
            None => Moved::Unjudged(format!("{call} took longer than {limit}")),
            Some(last) if still.unread || last.unread || !accepted => {
                Moved::Unjudged(format!("{call} is not judged: {}", last.words))
            }
            Some(last) => {
                let expected = "every member is Enabled again and names the new primary";
                misstep(UPR_011, expected, format!("{limit} after success, {}", last.words))
            }
        }
    }

    /// Whether this very promotion has worked before.
    fn has_promoted(&self, from: usize, to: usize) -> bool {
        let (key, regions) = (self.family.kind.spec().0, &self.fleet.regions);
        self.lock().promotions.iter().any(|p| p.key == key && p.from == regions[from] && p.to == regions[to])
    }

    /// Whether the endpoint was started anew: then everything is over.
    async fn forgotten(&self) -> bool {
        let forgotten = self.shared.has_forgotten_since(self.began).await;
        if forgotten {
            self.shared.link().end_in_time(FORGOTTEN.into());
        }
        forgotten
    }

    /// Whether a rotation may still be under way: nothing says that a promotion is not refused because of it.
    fn has_rotated_lately(&self) -> bool {
        let settle = self.shared.link().target().settle_timeout.as_millis() as u64;
        let now = self.since(Instant::now()) / 1000;
        let rotates = self.family.kind == Kind::Encrypting;
        rotates && self.lock().rotations.last().is_some_and(|at| now < at + 2 * settle)
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
        match Told::of(&asked) {
            Told::Done(_) => {
                let mut moves = self.lock();
                moves.rotations.push(self.since(Instant::now()) / 1000);
                moves.rotations.len() < MOST_ROTATIONS
            }
            // One that is under way is not yet over (F-093).
            Told::Refused("ConflictException", _) => true,
            told => {
                let why = told.body().err().unwrap_or_default();
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
