//! Smaller sequences that still show a violation, each confirmed on the endpoint with fresh keys.

use crate::run::{Action, Sequence};
use crate::spec::call::{Arg, Call};
use std::collections::BTreeSet;

/// The result of shrinking.
#[derive(Clone, Debug)]
pub struct Shrunk {
    pub sequence: Sequence,
    /// Executions that it took.
    pub executions: usize,
    /// How often the result showed the violation when it was run again, of how many times.
    pub reproduced: (usize, usize),
}

/// Shrinks a sequence whose violation was seen at `step` (from 1). `shows` runs a candidate and says
/// whether the same violation is seen.
pub async fn shrink<F>(sequence: &Sequence, step: usize, most: usize, mut shows: F) -> Shrunk
where
    F: AsyncFnMut(&Sequence) -> bool,
{
    let mut best = sequence.clone();
    best.steps.truncate(step.max(1));
    let mut executions = 0;
    // What the violating call has nothing to do with goes first, all at once.
    let sliced = slice(&best);
    if sliced.steps.len() < best.steps.len() {
        executions += 1;
        if shows(&sliced).await {
            best = sliced;
        }
    }
    let mut size = best.steps.len() / 2;
    while size > 0 && executions < most {
        let mut at = best.steps.len().saturating_sub(1);
        while at > 0 && executions < most {
            let from = at.saturating_sub(size);
            let mut candidate = best.clone();
            candidate.steps.drain(from..at);
            if is_whole(&candidate) {
                executions += 1;
                if shows(&candidate).await {
                    best = candidate;
                }
            }
            at = from;
        }
        size /= 2;
    }
    let mut seen = 0;
    let again = 3;
    for _ in 0..again {
        seen += usize::from(shows(&best).await);
    }
    Shrunk { sequence: best, executions: executions + again, reproduced: (seen, again) }
}

fn call_of(step: &crate::run::Step) -> Option<&Call> {
    match &step.action {
        Action::Call { call, .. } => Some(call),
        _ => None,
    }
}

/// Names that a call needs: keys, results of steps, aliases.
fn needs(call: &Call) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for arg in call.args.values() {
        match arg {
            Arg::Key(key) => {
                names.insert(key.name.to_string());
            }
            Arg::AliasName(name) => {
                names.insert(format!("alias {name}"));
            }
            Arg::Result { step, .. } | Arg::Material { step, .. } => {
                names.insert(step.to_string());
            }
            Arg::Tokens(steps) => names.extend(steps.iter().map(|s| s.to_string())),
            Arg::Json(_) | Arg::Bytes(_) | Arg::In(_) => {}
        }
    }
    names
}

/// The calls that share data with the last one, directly or through others.
fn slice(sequence: &Sequence) -> Sequence {
    let mut wanted = sequence.steps.last().and_then(call_of).map(needs).unwrap_or_default();
    loop {
        let before = wanted.len();
        for call in sequence.steps.iter().filter_map(call_of) {
            let touches = needs(call);
            if wanted.contains(&*call.name) || touches.iter().any(|n| wanted.contains(n)) {
                wanted.insert(call.name.to_string());
                wanted.extend(touches);
            }
        }
        if wanted.len() == before {
            break;
        }
    }
    let mut out = sequence.clone();
    let last = out.steps.len() - 1;
    let mut at = 0;
    out.steps.retain(|step| {
        at += 1;
        at - 1 == last || call_of(step).is_some_and(|c| wanted.contains(&*c.name) || !needs(c).is_disjoint(&wanted))
    });
    out
}

/// Whether every name that is used is made before.
fn is_whole(sequence: &Sequence) -> bool {
    let mut made = BTreeSet::new();
    for call in sequence.steps.iter().filter_map(call_of) {
        let unmade = |n: &String| !n.starts_with("alias ") && !made.contains(n.as_str());
        if needs(call).iter().any(unmade) {
            return false;
        }
        made.insert(call.name.to_string());
    }
    true
}
