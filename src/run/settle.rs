//! Waiting until a family is settled, and finding the way back after a deviation.

use super::driver::Driver;
use crate::spec::belief::{Belief, Judgement};
use crate::spec::call::{Call, Operation};
use crate::spec::outcome::Response;
use crate::spec::world::{Name, Region};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

impl Driver<'_> {
    /// Describes every member of a family until all agree on a settled world (F-033, F-044,
    /// F-072). A family that does not settle in time breaks the rule about what is still wrong.
    pub(super) async fn settle(&mut self, family: &Name, number: usize) -> Vec<String> {
        let started = Instant::now();
        let mut pause = self.shared.tuning.first_pause;
        loop {
            let Some(mut settled) = self.belief.settled(family) else {
                self.record.stopped = Some(format!("no settled state of `{family}` is possible any more"));
                return Vec::new();
            };
            let mut lines = Vec::new();
            let mut wrong: Option<(Call, Judgement)> = None;
            let mut upheld = BTreeSet::new();
            for region in regions(&self.belief, family) {
                let call = Call::new(Operation::DescribeKey, &region).key(family);
                let Some(response) = self.look(&call).await else {
                    return lines;
                };
                // What is seen on the way must be allowed, too, transients included.
                let judged = self.belief.judge(&call, &response);
                if judged.allowed {
                    upheld.extend(self.belief.observe(&call, &response).upheld);
                }
                let judged = settled.judge(&call, &response);
                if judged.allowed {
                    upheld.extend(settled.observe(&call, &response).upheld);
                    for m in judged.mismatches {
                        self.mismatch(&m, number, &call);
                    }
                } else if wrong.is_none() {
                    wrong = Some((call.clone(), judged));
                }
                lines.extend(self.lines(&call, &response).into_iter().map(|l| format!("{region}: {l}")));
            }
            let Some((call, judged)) = wrong else {
                self.record.upheld.extend(upheld);
                self.adopt(settled);
                return lines;
            };
            let Some(first) = judged.mismatches.iter().find(|m| m.is_must()) else {
                return lines;
            };
            if started.elapsed() >= self.shared.patience(first.rule) {
                self.shared.give_up(first.rule);
                let waited = humantime::format_duration(Duration::from_secs(self.shared.tuning.settle_timeout.as_secs()));
                for m in judged.mismatches.iter().filter(|m| m.is_must()).take(4) {
                    let mut late = m.clone();
                    late.observed = format!("{} (not settled within {waited})", late.observed);
                    self.mismatch(&late, number, &call);
                }
                self.resynchronise(Some(settled)).await;
                return lines;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    /// One unjudged look at the endpoint; `None` when no answer comes or the operation is
    /// missing, and then the sequence is stopped.
    async fn look(&mut self, call: &Call) -> Option<Response> {
        let body = crate::wire::encode(call, &self.belief.bindings);
        let Ok(body) = body else {
            self.record.stopped = Some("a key id was never learned".into());
            return None;
        };
        let exchange = self.shared.exchange(call, body).await;
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

    /// After a deviation: looks at every member and keeps the worlds that agree with what it
    /// sees. When none does, the rest of the sequence would be guesswork, and it is stopped.
    pub(super) async fn resynchronise(&mut self, settled: Option<Belief>) {
        self.record.resynchronised = true;
        if let Some(settled) = settled {
            self.belief = settled;
        }
        let families: Vec<Name> = self.belief.worlds().iter().flat_map(|w| w.families.keys().cloned()).collect();
        let families: BTreeSet<Name> = families.into_iter().filter(|f| self.belief.bindings.key_id(f).is_some()).collect();
        for family in families {
            for region in regions(&self.belief, &family) {
                let call = Call::new(Operation::DescribeKey, &region).key(&family);
                let Some(response) = self.look(&call).await else {
                    return;
                };
                if !self.belief.retain_consistent(&call, &response) {
                    let words = crate::spec::matching::describe_response(&response);
                    self.record.stopped = Some(format!(
                        "after a deviation the state of `{family}` in {region} is none that the model knows ({words})"
                    ));
                    return;
                }
            }
        }
    }
}

/// The Regions in which some possible world has a member of the family.
pub(super) fn regions(belief: &Belief, family: &Name) -> Vec<Region> {
    let members = belief.worlds().iter().filter_map(|w| w.family(family)).flat_map(|f| f.members.keys().cloned());
    members.collect::<BTreeSet<Region>>().into_iter().collect()
}
