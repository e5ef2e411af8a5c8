//! Dates that an endpoint gives, against the time that has really passed: the model has no clock.

use super::recorder::Times;
use crate::oracle::Oracle;
use mrkspec_model::bindings::Slot;
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::matching::lookup;
use mrkspec_model::outcome::Response;
use mrkspec_model::rule::RuleId;
use mrkspec_model::rules::{DEL_006, IMP_007, KEY_025};
use mrkspec_model::world::{Imported, Name, Region, World};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// Members that were made this far apart have different creation dates, even where dates are whole seconds.
const APART: Duration = Duration::from_secs(2);

/// How far clocks may differ: on the same machine, where a virtual machine may have one of its own, and elsewhere.
const SKEW_HERE: Duration = Duration::from_secs(10);
const SKEW_ELSEWHERE: Duration = Duration::from_secs(3600);

/// How long a deletion may take longer than was asked for, in days: "up to 24 hours" (Developer Guide, Deleting keys).
const LATER: u32 = 1;

/// A rule that was put to the test by a member of an answer: kept, or what was expected and what came.
pub(super) type Judged = (RuleId, &'static str, Result<(), [String; 2]>);

/// When something was asked for: when it was first sent, and when its answer had come.
type Span = (Duration, Duration);

/// When members were made, and when deletions were scheduled whose waiting period began at once and how many days that is;
/// by the step that did it.
#[derive(Debug, Default)]
pub(super) struct Dates {
    made: BTreeMap<Name, Span>,
    scheduled: BTreeMap<Name, (Span, u32)>,
    /// When imported material was sent to a member, and how long it is to be valid from then on.
    valid: BTreeMap<(Name, Region), (Duration, Duration)>,
}

/// The clock of this machine and of the endpoint, and what days are there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// The wall clock when the sequence began.
    pub began: SystemTime,
    /// How long a day of a waiting period takes.
    pub day: Duration,
    /// Whether the endpoint is on this machine.
    pub here: bool,
}

impl Dates {
    /// To be called before a call is sent: its answer may be lost.
    pub(super) fn begin(&mut self, call: &Call) {
        if let (Operation::ImportKeyMaterial, Some(Arg::Key(key))) = (call.op, call.args.get("KeyId")) {
            self.valid.remove(&(key.name.clone(), call.region.clone()));
        }
    }

    /// Takes in an answer.
    pub(super) fn note(&mut self, call: &Call, response: &Response, times: Times) {
        let Response::Success(body) = response else { return };
        let span = (times.first.unwrap_or(times.sent), times.answered);
        match call.op {
            Operation::CreateKey | Operation::ReplicateKey => {
                self.made.insert(call.name.clone(), span);
            }
            Operation::ScheduleKeyDeletion if body["KeyState"] == "PendingDeletion" => {
                let days = call.int("PendingWindowInDays").unwrap_or(30);
                self.scheduled.insert(call.name.clone(), (span, days.try_into().unwrap_or(0)));
            }
            Operation::ImportKeyMaterial => {
                if let (Some(Arg::Key(key)), Some(Arg::In(time))) = (call.args.get("KeyId"), call.args.get("ValidTo")) {
                    self.valid.insert((key.name.clone(), call.region.clone()), (span.0, *time));
                }
            }
            _ => {}
        }
    }

    /// That a deletion is due when its waiting period is over, or up to a day later (F-082): in the answer to who scheduled
    /// it, and to who looks at the key.
    pub(super) fn deletion(&self, call: &Call, response: &Response, oracle: &Oracle, clock: Clock) -> Option<Judged> {
        let Response::Success(body) = response else { return None };
        let (path, step) = match (call.op, call.args.get("KeyId")) {
            (Operation::ScheduleKeyDeletion, _) => ("DeletionDate", &call.name),
            (Operation::DescribeKey, Some(Arg::Key(key))) => {
                let by = |w: &'_ World| w.family(&key.name)?.members.get(&call.region)?.scheduled_by.clone();
                let worlds = oracle.belief().worlds();
                let step = worlds.first().and_then(by)?;
                if !worlds.iter().all(|w| by(w).as_ref() == Some(&step)) {
                    return None;
                }
                ("KeyMetadata.DeletionDate", &step.clone())
            }
            _ => return None,
        };
        let (span, days) = self.scheduled.get(step)?;
        Some((DEL_006, path, due(lookup(body, path)?.as_f64()?, *days, *span, clock)?))
    }

    /// That imported material is valid as long as was asked for when it was given to this member (F-121). Judged where a member has one
    /// material, and that has an end.
    pub(super) fn expiry(&self, call: &Call, response: &Response, oracle: &Oracle, clock: Clock) -> Option<Judged> {
        let (Operation::DescribeKey, Response::Success(body), Some(Arg::Key(key))) =
            (call.op, response, call.args.get("KeyId"))
        else {
            return None;
        };
        const PATH: &str = "KeyMetadata.ValidTo";
        let (sent, time) = *self.valid.get(&(key.name.clone(), call.region.clone()))?;
        let ends = |w: &World| {
            let held = w.family(&key.name).and_then(|f| f.members.get(&call.region)).map(|m| &m.held);
            held.is_some_and(|held| held.len() == 1 && held.values().all(|i| *i == Imported::Expiring))
        };
        let shown = lookup(body, PATH)?.as_f64()?;
        if !oracle.belief().worlds().iter().all(ends) {
            return None;
        }
        let wanted = (clock.began + sent + time).duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs_f64();
        // The time was sent as it is; it may have waited for its turn.
        if (shown - wanted).abs() <= SKEW_ELSEWHERE.as_secs_f64() {
            return Some((IMP_007, PATH, Ok(())));
        }
        let days = |seconds: f64| format!("{:.1} days after it was imported here", seconds / 86_400.0);
        let observed = days(shown - wanted + time.as_secs_f64());
        Some((IMP_007, PATH, Err([days(time.as_secs_f64()), observed])))
    }

    /// That a member's creation date is its own, and not that of the member it was made from (F-037).
    pub(super) fn creation(&self, call: &Call, response: &Response, oracle: &Oracle) -> Option<Judged> {
        let (Operation::DescribeKey, Response::Success(body), Some(Arg::Key(key))) =
            (call.op, response, call.args.get("KeyId"))
        else {
            return None;
        };
        const PATH: &str = "KeyMetadata.CreationDate";
        let shown = lookup(body, PATH).filter(|v| v.is_number())?;
        let family = oracle.belief().worlds().first()?.family(&key.name)?;
        // Where it is open which step made which member, nothing can be said.
        let steps = |w: &World| {
            w.family(&key.name)
                .map(|f| f.members.iter().map(|(r, m)| (r.clone(), m.made_by.clone())).collect::<Vec<_>>())
        };
        let known = steps(oracle.belief().worlds().first()?);
        if oracle.belief().worlds().iter().any(|w| steps(w) != known) {
            return None;
        }
        let made = |step: &Name| self.made.get(step).copied();
        let (sent, _) = made(&family.members.get(&call.region)?.made_by)?;
        // Those that were made well before it.
        let earlier = family.members.iter().filter_map(|(region, member)| {
            let (_, answered) = made(&member.made_by)?;
            let date = oracle.bindings().get(&Slot::Created(member.made_by.clone()))?;
            (sent.checked_sub(answered)? >= APART).then_some((region, date))
        });
        let mut judged = None;
        for (region, date) in earlier {
            if date == shown {
                let expected = format!("a CreationDate of its own: the member in {region} is at least 2 seconds older");
                return Some((KEY_025, PATH, Err([expected, format!("the CreationDate of the member in {region}")])));
            }
            judged = Some((KEY_025, PATH, Ok(())));
        }
        judged
    }
}

/// Whether a date fits a waiting period of so many days.
fn due(date: f64, days: u32, (sent, answered): Span, clock: Clock) -> Option<Result<(), [String; 2]>> {
    let epoch = |t: Duration| (clock.began + t).duration_since(SystemTime::UNIX_EPOCH).ok().map(|d| d.as_secs_f64());
    let (sent, answered) = (epoch(sent)?, epoch(answered)?);
    let day = clock.day.as_secs_f64();
    let skew = if clock.here { SKEW_HERE } else { SKEW_ELSEWHERE }.max(clock.day / 2).as_secs_f64();
    let window = day * f64::from(days);
    if (sent + window - skew..=answered + window + day * f64::from(LATER) + skew).contains(&date) {
        return Some(Ok(()));
    }
    let expected = format!("{days} days after it was scheduled, or up to a day later (where days are short: --day)");
    let observed = format!("{:.1} days after it was scheduled", (date - answered) / day);
    Some(Err([expected, observed]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_is_due_when_its_waiting_period_is_over_or_a_day_later() {
        let began = SystemTime::now();
        let now = began.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs_f64();
        let judged = |days: u32, after: Duration, day: Duration| {
            let clock = Clock { began, day, here: true };
            due(now + after.as_secs_f64(), days, (Duration::ZERO, Duration::ZERO), clock).expect("it is judged")
        };
        let day = Duration::from_secs(86_400);
        assert_eq!(judged(7, day * 7, day), Ok(()));
        assert_eq!(judged(7, day * 8, day), Ok(()));
        let wrong = judged(7, day * 30, day).unwrap_err();
        assert!(wrong[0].starts_with("7 days after it was scheduled, or up to a day later"), "{wrong:?}");
        assert_eq!(wrong[1], "30.0 days after it was scheduled");
        assert!(judged(30, day * 7, day).is_err());
        let short = Duration::from_secs(1);
        assert!(judged(7, short * 30, short).is_err());
        assert_eq!(judged(7, short * 7, short), Ok(()));
    }
}
