//! An open load: each call is due at its time, whatever became of those before it. So a stall shows as long times, and
//! not as fewer calls (no coordinated omission).

use super::fleet::{Family, Fleet, Told, ask};
use super::mover::FORGOTTEN;
use super::slowdown::{STRATA, Timing};
use super::work::{Kind, Made, examine, request, uses};
use crate::generate::Random;
use crate::session::Shared;
use mrkspec_model::call::Operation;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Failures that are kept.
const MOST_FAILED: usize = 10_000;
/// For so long a server elsewhere may not have heard of a new key (F-077).
const NEW: Duration = Duration::from_secs(60);

/// Calls under way at most. At an endpoint that has stopped answering no more are sent.
const MOST_UNDER_WAY: usize = 4096;

/// An operation that failed, or brought something wrong.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    pub op: Operation,
    pub kind: Kind,
    pub region: usize,
    /// The Region that held the primary when it was sent, as far as was known.
    pub primary: usize,
    /// Where, and when, what it uses was made.
    pub used: Option<(usize, Instant)>,
    pub due: u64,
    pub ended: u64,
    pub family: u8,
    pub observed: String,
}

/// What the load saw; shared with whoever shows progress.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub timings: Vec<Timing>,
    pub failed: Vec<Failed>,
    /// Failures of which only the number is kept.
    pub failed_more: u64,
    /// Calls of which nothing can be said: see [`Told::Unjudged`].
    pub unjudged: u64,
    /// Why, of the first of them.
    pub unjudged_why: Option<String>,
    /// Calls that were due but not sent, because too many were under way.
    pub dropped: u64,
    /// Calls that had not been answered when the run ended.
    pub pending: u64,
}

/// One call of the load.
struct Job {
    op: Operation,
    family: usize,
    region: usize,
    message: Vec<u8>,
    used: Option<Made>,
    due: Instant,
}

/// The load of a run.
pub(super) struct Load {
    pub shared: Arc<Shared>,
    pub fleet: Arc<Fleet>,
    pub seen: Arc<Mutex<Seen>>,
    pub rate: u32,
    pub seed: u64,
    pub began: Instant,
    pub until: Instant,
}

impl Load {
    pub(super) async fn run(self) {
        let mut random = Random::new(self.seed, 0);
        let mut tasks = JoinSet::new();
        let this = Arc::new(self);
        for number in 0_u64.. {
            let due = this.began + Duration::from_secs_f64(number as f64 / f64::from(this.rate));
            if due >= this.until || this.shared.ended().is_some() {
                break;
            }
            tokio::time::sleep_until(due.into()).await;
            if Instant::now() >= this.until {
                // More than this machine can send: nothing moves any more, and what is late says nothing.
                this.lock().dropped += due_until(&this, number);
                break;
            }
            while let Some(done) = tasks.try_join_next() {
                done.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
            }
            if tasks.len() >= MOST_UNDER_WAY {
                this.lock().dropped += 1;
                continue;
            }
            let Some(job) = this.next(due, &mut random) else { break };
            let (one, number) = (this.clone(), number + 1);
            tasks.spawn(async move { one.carry_out(job, Random::new(one.seed, number)).await });
        }
        let limit = this.shared.link().target().request_limit();
        let rest = async { while tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(limit, rest).await;
        this.lock().pending = tasks.len() as u64;
    }

    fn next(&self, due: Instant, random: &mut Random) -> Option<Job> {
        let op = self.fleet.mix.pick(random)?;
        let family = self.fleet.families.iter().position(|f| f.kind == Kind::of(op))?;
        let region = random.below(self.fleet.regions.len());
        let used = if uses(op) { Some(self.fleet.families[family].any(random)?) } else { None };
        let message = used.as_ref().map_or_else(|| random.bytes(24), |made| made.message.clone());
        Some(Job { op, family, region, message, used, due })
    }

    async fn carry_out(&self, job: Job, mut random: Random) {
        let family: &Family = &self.fleet.families[job.family];
        let primary = family.primary.load(Relaxed);
        let text = job.used.as_ref().map_or("", |made| &made.text);
        let body = request(job.op, &family.key_id, &job.message, text);
        let asked = ask(&self.shared, job.op, &self.fleet.regions[job.region], &body).await;
        let ended = Instant::now();
        if self.shared.ended().is_some() {
            // What is not answered because nothing is answered any more says nothing of promotions.
            return;
        }
        let told = Told::of(&asked);
        if let Told::Refused("NotFoundException", _) = told {
            if self.shared.has_forgotten_since(self.began).await {
                return self.shared.link().end_in_time(FORGOTTEN.into());
            }
            if !self.shared.link().target().is_local() && ended.duration_since(self.began) < NEW {
                return self.note_unjudged("NotFoundException soon after the key was made".into(), None);
            }
        }
        let took = ended.duration_since(job.due);
        let made = job.used.as_ref().map_or(ended, |made| made.at).saturating_duration_since(self.began);
        let timing = Timing {
            due: self.since(job.due),
            took: u32::try_from(took.as_micros()).unwrap_or(u32::MAX),
            made_ms: u32::try_from(made.as_millis()).unwrap_or(u32::MAX),
            family: job.family as u8,
            stratum: (job.op as u16) * STRATA + job.region as u16,
            interrupted: asked.lost + asked.internal > 0,
            throttled: asked.throttled,
            answered: true,
        };
        let observed = match told {
            Told::Unjudged(why) => return self.note_unjudged(why, Some(timing)),
            told => match told.body().and_then(|body| examine(job.op, &job.message, body)) {
                Ok(made) => {
                    self.lock().timings.push(timing);
                    if let Some((message, text)) = made {
                        family.keep(job.op, Made { message, text, region: job.region, at: ended }, &mut random);
                    }
                    return;
                }
                Err(observed) => observed,
            },
        };
        let mut seen = self.lock();
        if seen.failed.len() >= MOST_FAILED {
            seen.failed_more += 1;
            return;
        }
        seen.failed.push(Failed {
            op: job.op,
            kind: family.kind,
            region: job.region,
            primary,
            used: job.used.map(|made| (made.region, made.at)),
            due: timing.due,
            ended: self.since(ended),
            family: timing.family,
            observed,
        });
    }

    /// Notes a call that says nothing but that it was interrupted.
    fn note_unjudged(&self, why: String, timing: Option<Timing>) {
        let mut seen = self.lock();
        seen.unjudged += 1;
        seen.unjudged_why.get_or_insert(why);
        seen.timings.extend(timing.map(|t| Timing { interrupted: true, answered: false, ..t }));
    }

    fn since(&self, moment: Instant) -> u64 {
        moment.duration_since(self.began).as_micros() as u64
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// How many calls were due from this one on.
fn due_until(load: &Load, number: u64) -> u64 {
    let all = (load.until - load.began).as_secs_f64() * f64::from(load.rate);
    (all.ceil() as u64).saturating_sub(number)
}
