//! Waiting until a family is settled, and finding the way back after a deviation.

use super::driver::Driver;
use crate::sequence::normalise;
use mrkspec_model::attribution::NEVER_A_CONSEQUENCE;
use mrkspec_model::belief::{Belief, Judgement, Worlds};
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::keyspec::Origin;
use mrkspec_model::matching::{describe_response, lookup};
use mrkspec_model::outcome::Response;
use mrkspec_model::world::{Name, Region};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Answers of one settling that may be wrong in a new way each, before it is given up.
const MOST_DEVIATIONS: u32 = 12;

/// What one look at a member says.
enum Look {
    /// As a settled family shows it.
    Settled,
    /// Allowed, but not settled yet; or stale.
    Waiting(Box<(Call, Judgement)>),
    /// Wrong, and reported.
    Wrong,
    /// No usable answer: the sequence is stopped.
    None,
}

impl Driver<'_> {
    /// Describes every member of a family until all agree on a settled world (F-033, F-044,
    /// F-072). A family that does not settle in time breaks the rule about what is still wrong.
    pub(super) async fn settle(&mut self, family: &Name, number: usize) -> Vec<String> {
        let started = Instant::now();
        let mut pause = self.shared.tuning.first_pause;
        let mut deviations = 0;
        self.tick();
        self.keep_history();
        // Those that go meanwhile are looked at to the end.
        let members = regions(&self.belief, family);
        'again: loop {
            self.tick();
            let Some(mut settled) = self.belief.settled(family) else {
                self.record.stopped = Some(format!("no settled state of `{family}` is possible any more"));
                return Vec::new();
            };
            let mut lines = Vec::new();
            let mut waiting = Vec::new();
            for region in members.clone() {
                let look = self.look_at(family, &region, &mut settled, number, &mut lines).await;
                match look {
                    Look::Settled => {}
                    Look::Waiting(seen) => waiting.push(*seen),
                    // What was wrong is waived now: look at everything once more.
                    Look::Wrong if self.record.stopped.is_none() && deviations < MOST_DEVIATIONS => {
                        deviations += 1;
                        continue 'again;
                    }
                    Look::Wrong | Look::None => {
                        self.record.stopped.get_or_insert("too much is wrong to go on".into());
                        return lines;
                    }
                }
            }
            if waiting.is_empty() {
                self.belief = settled;
                return lines;
            }
            let broken = waiting.iter().flat_map(|(_, judged)| judged.mismatches.iter().filter(|m| m.is_must()));
            let broken: BTreeSet<_> = broken.map(|m| m.rule).collect();
            let patience = broken.iter().map(|r| self.shared.patience(*r)).max().unwrap_or_default();
            if started.elapsed() >= patience {
                broken.iter().for_each(|r| self.shared.give_up(*r));
                for (call, judged) in &waiting {
                    self.report_late(call, judged, number);
                }
                self.resynchronise(number, &[]).await;
                return lines;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    /// One look at one member, judged by what may be seen now and by what must be seen in the end.
    async fn look_at(
        &mut self,
        family: &Name,
        region: &Region,
        settled: &mut Belief,
        number: usize,
        lines: &mut Vec<String>,
    ) -> Look {
        let call = Call::new(Operation::DescribeKey, region).key(family);
        let Some(response) = self.ask(&call).await else {
            return Look::None;
        };
        let now = self.belief.judge(&call, &response);
        if now.allowed {
            let seen = self.belief.observe(&call, &response);
            self.record.upheld.extend(seen.upheld);
        } else if !self.may_be_stale(&call, &response) {
            self.deviation(&call, &response, &now, number, true);
            return Look::Wrong;
        }
        let judged = settled.judge(&call, &response);
        if !judged.allowed {
            return Look::Waiting(Box::new((call, judged)));
        }
        let seen = settled.observe(&call, &response);
        self.record.situations.extend(seen.situation);
        self.record.upheld.extend(seen.upheld);
        for m in judged.mismatches {
            self.mismatch(&m, number, &call);
        }
        lines.extend(self.lines(&response).into_iter().map(|l| format!("{region}: {l}")));
        Look::Settled
    }

    fn report_late(&mut self, call: &Call, judged: &Judgement, number: usize) {
        let waited = humantime::format_duration(Duration::from_secs(self.shared.tuning.settle_timeout.as_secs()));
        for m in judged.mismatches.iter().filter(|m| m.is_must()).take(4) {
            let mut late = m.clone();
            late.observed = format!("{} (not settled within {waited})", late.observed);
            self.mismatch(&late, number, call);
        }
    }

    /// Takes a wrong answer to DescribeKey as given from now on. It is not reported when it is
    /// the consequence of something that was.
    /// When it is not even an answer about this member, the rest would be guesswork.
    fn deviation(&mut self, call: &Call, response: &Response, judged: &Judgement, number: usize, report: bool) {
        // From here on the belief goes by what is seen: what was followed without looking ends.
        self.unread = None;
        for m in judged.mismatches.iter().filter(|m| report || NEVER_A_CONSEQUENCE.contains(&m.rule)) {
            self.mismatch(m, number, call);
        }
        let Response::Success(body) = response else {
            let words = describe_response(response);
            self.record.stopped = Some(format!("after a deviation, {} gives {words}", normalise::call(call)));
            return;
        };
        if judged.mismatches.iter().any(|m| m.path.is_empty()) {
            self.record.stopped = Some(format!("{} finds a key where none should be", normalise::call(call)));
            return;
        }
        let mut rest = judged.clone();
        let shown = lookup(body, "KeyMetadata.KeyState").and_then(Value::as_str).unwrap_or("");
        if shown == "PendingImport" && !judged.allowed && self.imports_nothing(call) {
            let shows = format!("{} shows PendingImport for material of AWS", normalise::call(call));
            self.record.stopped = Some(format!("after a deviation, {shows}: no rule says what such a key can do"));
            return;
        }
        if let Some(Arg::Key(key)) = call.args.get("KeyId")
            && self.belief.fold_state(&key.name, &call.region, shown)
        {
            rest.mismatches.retain(|m| m.path != "KeyMetadata.KeyState");
            // What does not go with that state is no news either.
            let again = self.belief.judge(call, response);
            self.belief.waive(call, &again);
        }
        self.belief.waive(call, &rest);
    }

    /// Whether a key has no material to be imported: if it shows PendingImport all the same, nothing that
    /// follows could be judged.
    fn imports_nothing(&self, call: &Call) -> bool {
        let Some(Arg::Key(key)) = call.args.get("KeyId") else {
            return false;
        };
        self.belief.worlds().iter().filter_map(|w| w.family(&key.name)).all(|f| f.origin != Origin::External)
    }

    /// One unjudged look at the endpoint; `None` when no answer comes or the operation is
    /// missing, and then the sequence is stopped.
    async fn ask(&mut self, call: &Call) -> Option<Response> {
        self.tick();
        let Ok(body) = crate::transport::encode(call, &self.belief.bindings) else {
            self.record.stopped = Some("a key id was never learned".into());
            return None;
        };
        let exchange = self.shared.exchange(call, body).await;
        self.pass();
        if exchange.unsupported.is_some() {
            self.record.unsupported.insert(call.op);
            self.record.stopped = Some(format!("{} is not supported", call.op));
            return None;
        }
        match exchange.decoded.response {
            Response::Lost(why) => {
                self.record.stopped = Some(format!("no answer to {}: {why}", call.op));
                None
            }
            response => Some(response),
        }
    }

    /// After a deviation: looks at every member, and goes on from the belief that agrees with
    /// what it sees: the present one, or an earlier one as if the call had done nothing. When
    /// none agrees, the differences are taken as given: what caused them has been reported.
    /// `also` are Regions that the call named and that may hold a member now.
    pub(super) async fn resynchronise(&mut self, number: usize, also: &[Region]) {
        self.record.resynchronised = true;
        let families: BTreeSet<Name> = self.belief.worlds().iter().flat_map(|w| w.families.keys().cloned()).collect();
        let mut seen = Vec::new();
        for family in families {
            if self.belief.bindings.key_id(&family).is_none() {
                continue;
            }
            let known = regions(&self.belief, &family);
            let new: Vec<Region> = also.iter().filter(|r| !known.contains(r)).cloned().collect();
            for region in known.into_iter().chain(new) {
                let call = Call::new(Operation::DescribeKey, &region).key(&family);
                let Some(response) = self.ask(&call).await else {
                    return;
                };
                seen.push((call, response));
            }
        }
        let back = |w: &Worlds| self.belief.at(w).with_artifacts_of(&self.belief);
        let earlier = self.history.iter().rev().take(2).map(back);
        let candidates: Vec<Belief> = std::iter::once(self.belief.clone()).chain(earlier).collect();
        for mut belief in candidates {
            belief = belief.all_settled().unwrap_or(belief);
            if seen.iter().all(|(call, response)| belief.retain_consistent(call, response)) {
                self.belief = belief;
                return;
            }
        }
        for (call, response) in seen {
            let judged = self.belief.judge(&call, &response);
            if !judged.allowed && self.record.stopped.is_none() {
                self.deviation(&call, &response, &judged, number, false);
            }
        }
    }
}

/// The Regions in which some possible world has a member of the family.
pub(super) fn regions(belief: &Belief, family: &Name) -> Vec<Region> {
    let members = belief.worlds().iter().filter_map(|w| w.family(family)).flat_map(|f| f.members.keys().cloned());
    members.collect::<BTreeSet<Region>>().into_iter().collect()
}
