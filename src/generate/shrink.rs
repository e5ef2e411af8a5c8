//! Smaller sequences that still show a violation, each confirmed on the endpoint with fresh keys.
//!
//! First what the violating call does not depend on goes, all at once; then single steps; then
//! Regions and arguments become simpler. Every step that is kept was seen to matter.

use super::flow::{call_of, is_whole, slice};
use super::menu::REGIONS;
use crate::sequence::normalise;
use crate::sequence::{Action, Sequence};
use mrkspec_model::call::{Arg, Call, KeyForm, Operation};
use serde_json::{Value, json};

/// The result of shrinking.
#[derive(Clone, Debug)]
pub struct Shrunk {
    pub sequence: Sequence,
    /// Executions that it took.
    pub executions: usize,
    /// How often the result showed the violation when it was run again, of how many times.
    pub reproduced: (usize, usize),
}

/// How often the result is run again in the end, to see whether it is flaky.
const AGAIN: usize = 3;

/// Runs candidates.
pub trait Trial: Send {
    /// Runs a sequence with fresh keys, and says whether the violation in question is seen.
    fn shows(&mut self, candidate: &Sequence) -> impl Future<Output = bool> + Send;
}

/// Shrinks a sequence whose violation was seen at `step` (from 1). At most about `most` executions
/// are spent.
pub async fn shrink<T: Trial>(sequence: &Sequence, step: usize, most: usize, trial: &mut T) -> Shrunk {
    let mut best = sequence.clone();
    best.steps.truncate(step.max(1));
    let mut search = Search { best, executions: 0, most: most.saturating_sub(AGAIN), trial };
    search.cut().await;
    search.delete().await;
    search.simplify().await;
    search.delete().await;
    let mut seen = 0;
    for _ in 0..AGAIN {
        seen += usize::from(search.trial.shows(&search.best).await);
    }
    Shrunk { sequence: search.best, executions: search.executions + AGAIN, reproduced: (seen, AGAIN) }
}

struct Search<'t, T> {
    best: Sequence,
    executions: usize,
    most: usize,
    trial: &'t mut T,
}

impl<T: Trial> Search<'_, T> {
    /// Takes a candidate over if it is smaller, whole, and still shows the violation.
    async fn attempt(&mut self, candidate: Sequence) -> bool {
        let same = format!("{:?}", candidate.steps) == format!("{:?}", self.best.steps);
        if self.executions >= self.most || same || !is_whole(&candidate) {
            return false;
        }
        self.executions += 1;
        let shown = self.trial.shows(&candidate).await;
        if shown {
            self.best = candidate;
        }
        shown
    }

    /// What the last call has nothing to do with, all at once: first by what it reads and writes,
    /// and if that was too much, by the families concerned.
    async fn cut(&mut self) {
        let narrow = slice(&self.best, false);
        if !self.attempt(narrow).await {
            let wide = slice(&self.best, true);
            self.attempt(wide).await;
        }
    }

    /// Runs of steps, then single ones, from the end.
    async fn delete(&mut self) {
        let mut size = (self.best.steps.len() / 2).max(1);
        loop {
            let mut at = self.best.steps.len().saturating_sub(1);
            while at > 0 {
                let from = at.saturating_sub(size);
                let mut candidate = self.best.clone();
                candidate.steps.drain(from..at);
                self.attempt(candidate).await;
                at = from;
            }
            if size == 1 {
                return;
            }
            size /= 2;
        }
    }

    /// Fewer Regions, fewer and plainer arguments.
    async fn simplify(&mut self) {
        for (i, region) in REGIONS.iter().enumerate().skip(1).rev() {
            let used = self.best.steps.iter().filter_map(call_of).any(|c| mentions(c, region));
            let free =
                REGIONS[..i].iter().find(|r| !self.best.steps.iter().filter_map(call_of).any(|c| mentions(c, r)));
            if let (true, Some(free)) = (used, free) {
                let candidate = moved(&self.best, region, free);
                self.attempt(candidate).await;
            }
        }
        for i in (0..self.best.steps.len()).rev() {
            for plainer in plainer(&self.best, i) {
                self.attempt(plainer).await;
            }
        }
    }
}

fn mentions(call: &Call, region: &str) -> bool {
    *call.region == *region || call.args.values().any(|a| format!("{a:?}").contains(region))
}

/// The sequence with one Region in place of another, everywhere.
fn moved(sequence: &Sequence, from: &str, to: &str) -> Sequence {
    let mut out = sequence.clone();
    for step in &mut out.steps {
        match &mut step.action {
            Action::Call { call, .. } => {
                if *call.region == *from {
                    call.region = to.into();
                }
                for arg in call.args.values_mut() {
                    match arg {
                        Arg::Json(value) => replace(value, from, to),
                        Arg::Key(key) => match &mut key.form {
                            KeyForm::Arn(r) | KeyForm::AliasArn(r) if **r == *from => *r = to.into(),
                            _ => {}
                        },
                        _ => {}
                    }
                }
            }
            Action::Until(_, region) if **region == *from => *region = to.into(),
            _ => {}
        }
        retell(step);
    }
    out
}

fn replace(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) => *text = text.replace(from, to),
        Value::Array(list) => list.iter_mut().for_each(|v| replace(v, from, to)),
        Value::Object(map) => map.values_mut().for_each(|v| replace(v, from, to)),
        _ => {}
    }
}

/// Members that a call can do without.
const OPTIONAL: [&str; 12] = [
    "Description",
    "Tags",
    "EncryptionContext",
    "Policy",
    "RotationPeriodInDays",
    "Constraints",
    "RetiringPrincipal",
    "PolicyName",
    "Origin",
    "KeySpec",
    "KeyUsage",
    "Limit",
];

/// The sequence with step `i` made plainer: without optional arguments, by key id, waited for.
fn plainer(sequence: &Sequence, i: usize) -> Vec<Sequence> {
    let Some(call) = call_of(&sequence.steps[i]) else {
        return Vec::new();
    };
    let required = |m: &str| match call.op {
        Operation::CreateKey => false,
        Operation::PutKeyPolicy => m == "Policy",
        Operation::TagResource => m == "Tags",
        Operation::UpdateKeyDescription => m == "Description",
        Operation::GenerateDataKey | Operation::GenerateDataKeyWithoutPlaintext => m == "KeySpec",
        _ => false,
    };
    let mut list = Vec::new();
    let mut bare = call.clone();
    bare.args.retain(|m, _| !OPTIONAL.contains(&m.as_str()) || required(m));
    for arg in bare.args.values_mut() {
        if let Arg::Key(key) = arg
            && matches!(&key.form, KeyForm::Arn(r) if *r == call.region)
        {
            key.form = KeyForm::Id;
        }
        if matches!(arg, Arg::Bytes(_)) {
            *arg = Arg::Bytes(b"x".to_vec());
        }
    }
    if call.op == Operation::ScheduleKeyDeletion {
        bare.args.insert("PendingWindowInDays".into(), Arg::Json(json!(7)));
    }
    if bare != *call {
        list.push(with(sequence, i, bare, None));
    }
    if let Action::Call { settle: false, .. } = &sequence.steps[i].action
        && matches!(call.op, Operation::ReplicateKey | Operation::UpdatePrimaryRegion)
    {
        list.push(with(sequence, i, call.clone(), Some(true)));
    }
    list
}

fn with(sequence: &Sequence, i: usize, new: Call, waits: Option<bool>) -> Sequence {
    let mut out = sequence.clone();
    if let Action::Call { call, settle, .. } = &mut out.steps[i].action {
        **call = new;
        *settle = waits.unwrap_or(*settle);
    }
    retell(&mut out.steps[i]);
    out
}

/// A step's text says what it does.
fn retell(step: &mut crate::sequence::Step) {
    if let Action::Call { call, .. } = &step.action {
        step.text = normalise::call(call);
    }
}
