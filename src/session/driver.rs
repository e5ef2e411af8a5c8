//! Executes a sequence step by step, and judges every answer by the model.

use super::clock::Clock;
use super::exchange::Shared;
use super::policies::Enforcement;
use super::record::{Record, StepRecord};
use super::wrapping;
use crate::sequence::{Action, Expect, Sequence, Transcript};
use mrkspec_model::belief::{Belief, Judgement};
use mrkspec_model::call::{Arg, Call, Caller, Operation};
use mrkspec_model::outcome::Response;
use mrkspec_model::rule;
use mrkspec_model::rules::*;
use mrkspec_model::step::addressed_state;
use mrkspec_model::world::Region;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The execution of one sequence.
pub(super) struct Driver<'s> {
    pub(super) shared: &'s Shared,
    pub(super) belief: Belief,
    pub(super) record: Record,
    /// What was believed before each change: an answer that fits one of these may be stale.
    pub(super) history: Vec<Belief>,
    /// The belief that reads have not narrowed since an answer was lost, where reads may be stale.
    pub(super) unread: Option<Belief>,
    /// (rule, operation, Region, path) that were reported already.
    pub(super) reported: BTreeSet<(String, String, String, String)>,
    pub(super) token: String,
    /// Reads that would show what a call did that should have been refused.
    distrusted: BTreeSet<Operation>,
    pub(super) clock: Clock,
    /// Told only of answers that are final: what it was told counts as shown.
    pub(super) transcript: Transcript,
}

/// Executes a sequence on keys of its own.
pub async fn run_sequence(shared: &Shared, sequence: &Sequence, number: usize) -> Record {
    let token = format!("{}-{number}", shared.run);
    let mut driver = Driver {
        shared,
        belief: Belief::new(&format!("mrkspec-{token}-"), shared.enforcement_so_far() != Some(Enforcement::No)),
        record: Record { id: sequence.id.clone(), ..Record::default() },
        history: Vec::new(),
        unread: None,
        reported: BTreeSet::new(),
        token,
        distrusted: BTreeSet::new(),
        clock: Clock::default(),
        transcript: Transcript::default(),
    };
    if !driver.may_run(sequence).await {
        return driver.record;
    }
    for (i, step) in sequence.steps.iter().enumerate() {
        if driver.record.stopped.is_some() {
            break;
        }
        let answer = match &step.action {
            Action::Wait(time) => {
                tokio::time::sleep(*time).await;
                Vec::new()
            }
            Action::Settle(family) => driver.settle(family, i + 1).await,
            Action::Until(family, region) => {
                if driver.wait_for(family, region).await {
                    driver.settle(family, i + 1).await
                } else {
                    driver.record.skipped = Some("days are 24 hours long at this endpoint (see --day)".into());
                    break;
                }
            }
            Action::Call { call, settle, expect } => {
                let mut lines = driver.call(call, expect.as_ref(), i + 1).await;
                if let Some(Arg::Key(key)) = call.args.get("KeyId").filter(|_| *settle)
                    && driver.record.stopped.is_none()
                    && driver.belief.worlds().iter().any(|w| w.family(&key.name).is_some())
                {
                    lines.extend(driver.settle(&key.name, i + 1).await);
                }
                lines
            }
        };
        driver.record.steps.push(StepRecord { number: i + 1, text: step.text.clone(), answer });
    }
    driver.clean_up().await;
    driver.record
}

impl Driver<'_> {
    /// Sends one call of the sequence and judges its answer. Returns the transcript of it.
    async fn call(&mut self, call: &Call, expect: Option<&Expect>, number: usize) -> Vec<String> {
        if self.shared.lacks(call.op) {
            self.record.unsupported.insert(call.op);
            return vec!["unsupported".into()];
        }
        if self.distrusted.contains(&call.op) {
            return vec!["not judged: it shows what a call did that should have been refused".into()];
        }
        let marked = match wrapping::prepare(&self.mark(call), &self.belief.bindings, &self.token) {
            Ok(marked) => marked,
            Err(missing) => {
                self.record.stopped.get_or_insert(format!("step {number} needs {missing}, which never came"));
                return Vec::new();
            }
        };
        let body = match crate::transport::encode(&marked, &self.belief.bindings) {
            Ok(body) => body,
            Err(missing) => {
                self.record.stopped.get_or_insert(format!("step {number} needs {}, which never came", missing.0));
                return Vec::new();
            }
        };
        if let Err(e) = self.note_asked(call) {
            self.record.stopped =
                Some(format!("the ledger {} cannot be written: {e}", self.shared.ledger.path.display()));
            return Vec::new();
        }
        let started = Instant::now();
        let mut pause = self.shared.tuning.first_pause;
        let mut lost = 0;
        let before = self.belief.clone();
        let (response, judgement) = loop {
            self.tick();
            let exchange = self.shared.exchange(&marked, body.clone()).await;
            self.pass();
            if exchange.unsupported.is_some() {
                self.record.unsupported.insert(call.op);
                return vec!["unsupported".into()];
            }
            let mut response = exchange.decoded.response;
            for finding in exchange.decoded.findings {
                self.wire_finding(finding, number, call);
            }
            if let Response::Success(body) = &mut response {
                self.all_pages(&marked, body).await;
            }
            if let Response::Lost(why) = &response {
                lost += 1;
                self.record.lost += 1;
                if lost <= self.shared.retries(call.op) {
                    self.belief.observe(call, &response);
                    self.doubt(call, &response);
                } else if let Some(failure) = exchange.failure {
                    // It fails every time: that is its answer. Whether anything came of it is
                    // unknown, and both worlds stay in the belief.
                    self.shared.fails(call.op);
                    self.internal_failure(&failure, number, call);
                    let judgement = before.judge(call, &failure);
                    break (failure, judgement);
                } else {
                    self.record.stopped = Some(format!("no answer to {} in {lost} tries: {why}", call.op));
                    return vec!["no answer".into()];
                }
                // The same call again: both worlds are in the belief.
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(self.shared.tuning.longest_pause);
                continue;
            }
            if (lost > 0 || exchange.lost > 0) && !matches!(&response, Response::Error { status: 500.., .. }) {
                self.record.upheld.insert(WIRE_017);
            }
            self.internal_failure(&response, number, call);
            let judgement = self.belief.judge(call, &response);
            let blemished = !judgement.mismatches.is_empty()
                && started.elapsed() < self.shared.tuning.settle_again
                && self.was_spotless(call, &response);
            if judgement.allowed && !blemished {
                if exchange.throttled {
                    self.record.upheld.insert(WIRE_016);
                }
                break (response, judgement);
            }
            if !judgement.allowed && exchange.throttled && self.throttled_call_worked(call, &response, number) {
                let judgement = self.belief.judge(call, &response);
                break (response, judgement);
            }
            let rule = judgement.mismatches.iter().find(|m| m.is_must()).map(|m| m.rule);
            let patience = rule.map_or(Duration::ZERO, |r| self.shared.patience(r));
            if !blemished && (!self.may_be_stale(call, &response) || started.elapsed() >= patience) {
                if !judgement.allowed && self.was_misread(call, &response) {
                    let judgement = self.belief.judge(call, &response);
                    break (response, judgement);
                }
                if let Some(rule) = rule.filter(|_| self.may_be_stale(call, &response)) {
                    self.shared.give_up(rule);
                }
                break (response, judgement);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        };
        self.note_made(call, &response);
        self.note_expiry(call, &response);
        self.note_wrapping(call);
        let lines = self.take(call, response, judgement, expect, number).await;
        self.let_permissions_settle(call.op).await;
        lines
    }

    /// Whether the sequence can be run at all: with the callers that it names, and at an endpoint
    /// that evaluates policies if it is about them.
    async fn may_run(&mut self, sequence: &Sequence) -> bool {
        let target = self.shared.client.target();
        if let Some(limited) = &target.limited {
            self.belief.bindings.slots.insert("limited".into(), json!(limited.arn));
        }
        if !sequence.rules.iter().any(|r| rule::get(*r).needs.policies()) {
            // Not about policies, but they may have a say in it.
            let touched = |c: &Call| c.args.contains_key("Policy") || c.caller != Caller::Admin;
            if sequence.calls().any(touched) && !matches!(self.shared.enforcement().await, Enforcement::Yes(_)) {
                let bindings = self.belief.bindings.clone();
                self.belief = Belief::new(&bindings.alias_prefix, false);
                self.belief.bindings = bindings;
            }
            return true;
        }
        let callers: BTreeSet<Caller> = sequence.calls().map(|c| c.caller).collect();
        let missing = match () {
            () if callers.contains(&Caller::Limited) && target.limited.is_none() => Some("--limited-profile"),
            () if callers.contains(&Caller::Other) && target.other.is_none() => Some("--other-account-profile"),
            () => None,
        };
        if let Some(option) = missing {
            self.record.skipped = Some(format!("needs a second principal (see {option})"));
            return false;
        }
        match self.shared.enforcement().await {
            Enforcement::Yes(_) => true,
            Enforcement::No => {
                self.record.not_enforced = true;
                false
            }
            Enforcement::Unknown(why) => {
                self.record.stopped = Some(why);
                false
            }
        }
    }

    /// Gives a change of policy or grants the time that it needs to have effect (F-077).
    async fn let_permissions_settle(&self, op: Operation) {
        use Operation::*;
        let Some(Enforcement::Yes(delay)) = self.shared.enforcement_so_far() else {
            return;
        };
        let grants = matches!(op, RevokeGrant | RetireGrant) && self.shared.client.target().is_aws();
        if grants {
            tokio::time::sleep(Duration::from_secs(300)).await;
        } else if matches!(op, PutKeyPolicy | CreateGrant | RevokeGrant | RetireGrant) {
            tokio::time::sleep(delay).await;
        }
    }

    /// Later material is wrapped as GetParametersForImport was asked for.
    fn note_wrapping(&mut self, call: &Call) {
        if let (Operation::GetParametersForImport, Some(algorithm)) = (call.op, call.text("WrappingAlgorithm")) {
            self.belief.bindings.slots.insert(format!("wrapping {}", call.name), json!(algorithm));
        }
    }

    /// Folds a final answer into the belief and reports what is wrong with it.
    async fn take(
        &mut self,
        call: &Call,
        response: Response,
        judgement: Judgement,
        expect: Option<&Expect>,
        number: usize,
    ) -> Vec<String> {
        self.record.judged += 1;
        if judgement.latitude > 1 {
            self.record.latitude += 1;
        }
        if !call.op.is_read() {
            self.keep_history();
        }
        let state = self.belief.worlds().first().and_then(|w| addressed_state(w, call)).map_or("", |s| s.name());
        let kind = match &response {
            Response::Error { code, status, .. } => format!("{} {state} {status} {code}", call.op),
            Response::Success(body) => format!("{} {state} ok {:x}", call.op, members(body)),
            Response::Lost(_) => format!("{} {state} lost", call.op),
        };
        *self.record.tally.entry((call.op, state)).or_default() += 1;
        self.record.kinds.insert(kind);
        self.record.situations.extend(judgement.situation);
        if judgement.allowed {
            let states = self.belief.worlds().iter().map(|w| addressed_state(w, call));
            let states: BTreeSet<_> = states.flatten().map(|s| (call.op, s.name())).collect();
            // Only when every possible world agrees on the state is the cell known.
            if states.len() == 1 {
                self.record.cells.extend(states);
            }
        }
        let unknown = !call.op.is_read() && matches!(response, Response::Error { status: 500.., .. });
        if !unknown {
            self.follow_unread(call, &response);
            self.belief.observe(call, &response);
        }
        self.record.upheld.extend(&judgement.upheld);
        for m in &judgement.mismatches {
            self.mismatch(m, number, call);
        }
        let lines = self.transcript.answer(call, &response, &self.belief);
        self.verify_outside(call, &response, number);
        if let Some(expect) = expect {
            self.check_expect(expect, call, &response, number);
        }
        if !judgement.allowed && !call.op.is_read() {
            if matches!(response, Response::Success(_)) && judgement.mismatches.iter().any(|m| m.path.is_empty()) {
                self.distrusted.extend(shown_by(call.op));
            }
            let named = ["ReplicaRegion", "PrimaryRegion"].iter().filter_map(|m| call.text(m)).map(Into::into);
            let also: Vec<Region> = named.filter(|_| may_have_worked(&response)).collect();
            self.resynchronise(number, &also).await;
        }
        lines
    }

    /// Lists come in pages; without Limit the model speaks of all of them together.
    async fn all_pages(&mut self, call: &Call, body: &mut Value) {
        let list = match call.op {
            Operation::ListKeys => "Keys",
            Operation::ListAliases => "Aliases",
            Operation::ListResourceTags => "Tags",
            Operation::ListKeyRotations => "Rotations",
            _ => return,
        };
        if call.args.contains_key("Limit") || call.args.contains_key("Marker") {
            return;
        }
        for _ in 0..200 {
            let marker = body["NextMarker"].as_str().filter(|_| body["Truncated"] == true).map(str::to_string);
            let Some(marker) = marker else {
                return;
            };
            let next = call.clone().with("Marker", Arg::Json(json!(marker)));
            let Ok(text) = crate::transport::encode(&next, &self.belief.bindings) else {
                return;
            };
            let Response::Success(mut more) = self.shared.exchange(&next, text).await.decoded.response else {
                return;
            };
            let items = more[list].as_array_mut().map(std::mem::take).unwrap_or_default();
            if let Some(all) = body[list].as_array_mut() {
                all.extend(items);
            }
            body["Truncated"] = more["Truncated"].take();
            match (more["NextMarker"].take(), body.as_object_mut()) {
                (Value::Null, Some(members)) => {
                    members.remove("NextMarker");
                }
                (marker, _) => body["NextMarker"] = marker,
            }
        }
    }
}

/// The reads, other than DescribeKey, that show what an operation changed.
fn shown_by(op: Operation) -> &'static [Operation] {
    use Operation::*;
    match op {
        EnableKeyRotation | DisableKeyRotation => &[GetKeyRotationStatus],
        RotateKeyOnDemand => &[ListKeyRotations],
        TagResource | UntagResource => &[ListResourceTags],
        PutKeyPolicy => &[GetKeyPolicy],
        CreateGrant | RevokeGrant | RetireGrant => &[ListGrants, ListRetirableGrants],
        CreateAlias | UpdateAlias | DeleteAlias => &[ListAliases],
        _ => &[],
    }
}

/// Which members an answer has, at any depth, in a number: two answers of one shape have the same.
fn members(value: &Value) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    fn visit(value: &Value, hasher: &mut DefaultHasher) {
        match value {
            Value::Object(map) => map.iter().for_each(|(k, v)| {
                k.hash(hasher);
                visit(v, hasher);
            }),
            Value::Array(list) => {
                list.is_empty().hash(hasher);
                list.first().iter().for_each(|v| visit(v, hasher));
            }
            _ => {}
        }
    }
    let mut hasher = DefaultHasher::new();
    visit(value, &mut hasher);
    hasher.finish() & 0xffff
}

/// A success that should have been none, or an internal failure, may have made a member.
fn may_have_worked(response: &Response) -> bool {
    !matches!(response, Response::Error { status: ..500, .. })
}
