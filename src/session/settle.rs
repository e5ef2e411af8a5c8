//! Looking: at a family until it is settled, and at everything after a deviation.

use super::record::Answered;
use super::reporter::Asked;
use super::{Session, Told};
use crate::oracle::{Look, Round};
use crate::transport::{Answer, Pauses, encode};
use mrkspec_model::belief::Judgement;
use mrkspec_model::call::{Call, Operation};
use mrkspec_model::outcome::Response;
use mrkspec_model::world::{Name, Region};
use std::time::{Duration, Instant};

/// Answers of one settling that may be wrong in a new way each, before it is given up.
const MOST_DEVIATIONS: u32 = 12;

/// Members that one look reports at most when a family does not settle.
const MOST_UNSETTLED: usize = 4;

impl Session<'_> {
    /// Describes every member of a family until all agree on a settled world. A family that does
    /// not settle in time breaks the rule about what is still wrong. Returns what the transcript says of the last round.
    pub(super) async fn settle(&mut self, family: &Name, number: usize) -> Vec<Told> {
        let started = Instant::now();
        let mut pauses = Pauses::until_settled();
        let mut deviations = 0;
        let settling = self.notes.as_mut().map(super::recorder::Notes::next_settling);
        let members = self.oracle.begin_settling(family, self.now());
        'again: loop {
            let Some(mut round) = self.oracle.round(family, self.now()) else {
                return self.reporter.stop(format!("no settled state of `{family}` is possible any more"));
            };
            let mut looks = Vec::new();
            // Looks may take long, whatever the reason: the last round begins when the time is over.
            let began = started.elapsed();
            for call in self.oracle.questions(family, &members) {
                let Some(response) = self.look(&call, (number, family, settling)).await else {
                    // Without a list of rotations nothing shows when one has ended.
                    if call.op == Operation::ListKeyRotations && !self.reporter.record.is_over() {
                        continue;
                    }
                    return self.shown(looks);
                };
                let (look, upheld) = self.oracle.look(&mut round, &call, &response);
                self.reporter.record.upheld.extend(upheld);
                match look {
                    Look::Waiting => {}
                    Look::Settled(judged) => {
                        let bindings = self.oracle.bindings();
                        self.reporter.record.situations.extend(judged.situation);
                        let asked = seen(number, &call, &response);
                        self.reporter.report(&judged.mismatches, asked, bindings);
                        self.reporter.record.upheld.extend(judged.upheld);
                        looks.push((call, response));
                    }
                    Look::Wrong(_) if self.was_forgotten().await => return self.shown(looks),
                    Look::Wrong(judged) => {
                        let asked = seen(number, &call, &response);
                        let blamed = self.oracle.blamed(&call, &response, &judged);
                        self.reporter.report(&blamed, asked, self.oracle.bindings());
                        let stopped = self.oracle.take_as_given(&call, &response, &judged);
                        deviations += 1;
                        let too_much = (deviations > MOST_DEVIATIONS).then(|| "too much is wrong to go on".to_string());
                        if let Some(why) = stopped.or(too_much) {
                            self.reporter.stop(why);
                            return self.shown(looks);
                        }
                        // What was wrong is waived now: look at everything once more.
                        continue 'again;
                    }
                }
            }
            match self.oracle.end_round(&mut round) {
                Round::Settled => return self.shown(looks),
                Round::LookAgain(deadline) if began < deadline => pauses.pause().await,
                Round::LookAgain(_) if self.was_forgotten().await => return self.shown(looks),
                Round::LookAgain(_) => {
                    for (call, judged) in self.oracle.unsettled(round) {
                        self.report_unsettled(&call, judged, number);
                    }
                    let lines = self.shown(looks);
                    self.resynchronise(number, &[]).await;
                    return lines;
                }
            }
        }
    }

    /// What the transcript says of the last looks at the members of a family: what earlier ones showed passed.
    fn shown(&self, looks: Vec<(Call, Response)>) -> Vec<Told> {
        let symbols = self.oracle.bindings().without_outputs();
        let told = |(call, response)| Told::Look(Box::new(Answered { call, response, symbols: symbols.clone() }));
        looks.into_iter().map(told).collect()
    }

    fn report_unsettled(&mut self, call: &Call, judged: Judgement, number: usize) {
        let full = self.shared.patience.full();
        let waited = humantime::format_duration(Duration::from_secs(full.as_secs()));
        let mut late = judged.mismatches;
        late.retain(|m| m.is_must());
        late.truncate(MOST_UNSETTLED);
        late.iter_mut().for_each(|m| m.observed += &format!(" (not settled within {waited})"));
        let asked = Asked { number, call, state: "", response: None };
        self.reporter.report(&late, asked, self.oracle.bindings());
    }

    /// One look at the endpoint that is not judged here; `None` when no answer comes or the operation is
    /// missing, and then the sequence is stopped.
    async fn look(&mut self, call: &Call, about: (usize, &Name, Option<usize>)) -> Option<Response> {
        let Ok(body) = encode(call, self.oracle.bindings()) else {
            self.reporter.stop("a key id was never learned".into());
            return None;
        };
        let exchange = self.exchange(call, &body, call).await;
        self.hear_wire(&exchange.findings, call, about.0);
        match exchange.answer {
            Answer::Came(decoded) | Answer::Failed(decoded) => {
                if let Some(notes) = &mut self.notes {
                    let about = (about.0, &**about.1, about.2);
                    notes.look(call, &decoded.response, about, self.times, self.oracle.bindings());
                }
                Some(decoded.response)
            }
            Answer::Unsupported(_) if call.op == Operation::ListKeyRotations => None,
            Answer::Unsupported(_) => {
                self.reporter.unsupported(call.op);
                self.reporter.stop(format!("{} is not supported", call.op));
                None
            }
            Answer::Nothing(why) | Answer::Unreadable(why) => {
                self.reporter.stop(format!("{}: {why}", call.op));
                None
            }
        }
    }

    /// After a deviation: looks at every member, and lets the oracle find a belief that agrees with what is seen.
    /// `also` are Regions that the call named and that may hold a member now.
    pub(super) async fn resynchronise(&mut self, number: usize, also: &[Region]) {
        self.reporter.record.resynchronised = true;
        let mut seen = Vec::new();
        for family in self.oracle.families() {
            if self.oracle.bindings().key_id(&family).is_none() {
                continue;
            }
            let mut regions = self.oracle.askable_regions(&family);
            regions.extend(also.iter().filter(|r| !regions.contains(r)).cloned().collect::<Vec<_>>());
            for region in regions {
                let call = Call::new(Operation::DescribeKey, &region).key(&family);
                let Some(response) = self.look(&call, (number, &family, None)).await else { return };
                seen.push((call, response));
            }
        }
        let resync = self.oracle.resync(&seen);
        for (call, mismatch) in &resync.report {
            let asked = Asked { number, call, state: "", response: None };
            self.reporter.report(std::slice::from_ref(mismatch), asked, self.oracle.bindings());
        }
        if let Some(why) = resync.stopped {
            self.reporter.stop(why);
        }
    }
}

/// A look: of the key state of what it looks at nothing else is known than what it shows.
fn seen<'c>(number: usize, call: &'c Call, response: &'c Response) -> Asked<'c> {
    Asked { number, call, state: "", response: Some(response) }
}
