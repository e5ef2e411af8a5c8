//! Steps that observe: calls that are sent at the same time, by one client or several, and members that are watched.

use super::problem::StepProblem;
use super::step::{Names, Parsed, call, duration, known, takes};
use super::steps::{Action, Watch};
use mrkspec_model::call::{Call, Operation};
use mrkspec_model::rule::RuleId;
use serde_json::{Map, Value};
use std::time::Duration;

/// Calls sent at once at most: every order of them is tried on the belief.
const MOST_AT_ONCE: usize = 4;

/// `together: [ - OPERATION in REGION: { … } ]`.
///
/// # Errors
/// When it is no list of calls, or has one that makes a key.
pub(super) fn together(body: &Value, number: usize, rule: RuleId, names: &mut Names) -> Parsed<Vec<Call>> {
    let wanted = || takes("together", "a list of two to four calls, without CreateKey");
    let list = body.as_array().filter(|l| (2..=MOST_AT_ONCE).contains(&l.len())).ok_or_else(wanted)?;
    let parse = |(i, entry)| one(entry, &format!("#{number}.{}", i + 1), (number, rule), names, &wanted);
    list.iter().enumerate().map(parse).collect()
}

/// Clients of a race at most, and calls of each.
const MOST_CLIENTS: usize = 4;
const MOST_OF_A_CLIENT: usize = 8;

/// `race: [ [OPERATION in REGION: { … }, …], … ]`: a list of calls for each client.
///
/// # Errors
/// When it is no list of lists of calls, or has one that makes a key.
pub(super) fn race(body: &Value, number: usize, rule: RuleId, names: &mut Names) -> Parsed<Vec<Vec<Call>>> {
    let wanted =
        || takes("race", "a list of one to four clients, each a list of one to eight calls, without CreateKey");
    let clients = body.as_array().filter(|l| (1..=MOST_CLIENTS).contains(&l.len())).ok_or_else(wanted)?;
    let mut race = Vec::new();
    for (i, client) in clients.iter().enumerate() {
        let list = client.as_array().filter(|l| (1..=MOST_OF_A_CLIENT).contains(&l.len())).ok_or_else(wanted)?;
        let parse = |(j, entry)| one(entry, &format!("#{number}.{}.{}", i + 1, j + 1), (number, rule), names, &wanted);
        race.push(list.iter().enumerate().map(parse).collect::<Parsed<_>>()?);
    }
    Ok(race)
}

/// A call of a list; `unnamed` is its name if it has none.
fn one(
    entry: &Value,
    unnamed: &str,
    (number, rule): (usize, RuleId),
    names: &mut Names,
    wanted: &impl Fn() -> StepProblem,
) -> Parsed<Call> {
    let entry = entry.as_object().filter(|e| e.len() == 1).ok_or_else(wanted)?;
    let (head, body) = entry.iter().next().ok_or_else(wanted)?;
    let body = if body.is_null() { Value::Object(Map::new()) } else { body.clone() };
    let Action::Call { call, .. } = call(head, &body, number, rule, names)? else { return Err(wanted()) };
    let mut call = *call;
    if call.op == Operation::CreateKey {
        return Err(wanted());
    }
    if call.name.starts_with('#') {
        call.name = unnamed.into();
    }
    Ok(call)
}

/// `watch: { KeyId: k, in: [REGION, …], every: 200ms, most: 2m, primary: REGION }`.
///
/// # Errors
/// When an entry is missing or none of these.
pub(super) fn watch(body: &Value, names: &Names) -> Parsed<Watch> {
    let wanted = "{ KeyId: k, in: [REGION, …], every: 200ms, most: 2m, primary: REGION }; primary may be left out";
    let wrong = || takes("watch", wanted);
    let entries = body.as_object().ok_or_else(wrong)?;
    let entry = ["KeyId", "in", "every", "most", "primary"];
    if entries.keys().any(|k| !entry.contains(&k.as_str())) {
        return Err(wrong());
    }
    let family = body["KeyId"].as_str().ok_or_else(wrong)?;
    known(&names.families, family, "CreateKey")?;
    let regions: Vec<_> = body["in"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !(1..=MOST_AT_ONCE).contains(&regions.len()) {
        return Err(wrong());
    }
    let time = |entry: &str| -> Parsed<Duration> { duration(body[entry].as_str().ok_or_else(wrong)?) };
    Ok(Watch {
        family: family.into(),
        regions: regions.into_iter().map(Into::into).collect(),
        every: time("every")?.max(Duration::from_millis(1)),
        most: time("most")?,
        primary: body.get("primary").and_then(Value::as_str).map(Into::into),
    })
}
