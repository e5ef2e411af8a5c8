//! What a campaign of concurrent clients found.

use super::shrink::Confirmed;
use super::{Shown, lanes};
use crate::generate::scenario_file;
use crate::sequence::Action;
use crate::session::{Left, Race, Timed};
use crate::transport::Target;
use crate::verdict::exit;
use mrkspec_model::rule::{Level, RuleId};
use mrkspec_model::rules::get;
use serde::Serialize;

/// What a campaign found.
#[derive(Clone, Debug, Serialize)]
pub struct RaceReport {
    /// `mrkspec-race/1`.
    pub schema: &'static str,
    /// Name of the target.
    pub target: String,
    /// Seed of the campaign.
    pub seed: u64,
    /// Histories that were carried out.
    pub histories: usize,
    /// Those whose answers an order explains, and after which everything was right.
    pub explained: usize,
    /// Those in which something was wrong.
    pub violated: usize,
    /// Those of which nothing was concluded.
    pub inconclusive: usize,
    /// Calls that were sent, without repetitions.
    pub calls: u64,
    /// Those of them that were under way together.
    pub concurrent_calls: u64,
    /// Requests that were sent until shrinking began.
    pub requests: u64,
    /// Keys that were made until then, replicas included.
    pub keys_created: u64,
    /// Time that it took, in milliseconds.
    pub elapsed_ms: u64,
    /// Each kind of violation once, in the order in which they were first seen.
    pub findings: Vec<RaceFinding>,
    /// Why the campaign ended before its time, if it did: the endpoint stopped answering.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Keys whose deletion could not be scheduled: they are in the ledger, for `mrkspec cleanup`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_behind: Vec<Left>,
}

/// One kind of violation, with a small history that shows it.
#[derive(Clone, Debug, Serialize)]
pub struct RaceFinding {
    /// The rule.
    pub rule: RuleId,
    /// MUST.
    pub level: Level,
    /// The requirement in one sentence.
    pub title: &'static str,
    /// Document, section and fact numbers.
    pub source: String,
    /// The call whose answer is wrong, in symbols.
    pub call: String,
    /// What was allowed.
    pub expected: String,
    /// What came.
    pub observed: String,
    /// `during`: no order of the concurrent calls explains this answer; `after`: what all of them led to is wrong, in
    /// every order that explains their answers; `before`: it was wrong without any concurrency.
    pub seen: &'static str,
    /// Histories of the campaign that showed it.
    pub count: usize,
    /// Calls sent until it was first seen.
    pub calls: u64,
    /// Clients of the small history.
    pub clients: usize,
    /// Calls of all these clients.
    pub client_calls: usize,
    /// Executions that shrinking took.
    pub executions: usize,
    /// How often the small history showed it when carried out again, of how many times.
    pub reproduced: (usize, usize),
    /// It shows as well when the clients send their calls one after the other: no matter of concurrency.
    pub sequential: bool,
    /// What the clients sent when it was last seen, one entry a request.
    pub requests: Vec<Sent>,
    /// The same as a picture, one line a request.
    pub lanes: Vec<String>,
    /// The small history, as a scenario file.
    pub repro: String,
}

/// A request of a client.
#[derive(Clone, Debug, Serialize)]
pub struct Sent {
    /// Number of the client, from 1.
    pub client: usize,
    /// The call, in symbols.
    pub call: String,
    /// What came, in a few words.
    pub answer: String,
    /// When it was sent, in microseconds since the first.
    pub begin_us: u64,
    /// When its answer had come; without it the answer was lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_us: Option<u64>,
    /// No order explains this answer together with those of the others.
    pub wrong: bool,
}

impl RaceReport {
    pub(super) fn begin(target: &Target, seed: u64) -> RaceReport {
        RaceReport {
            schema: "mrkspec-race/1",
            target: target.name.clone(),
            seed,
            histories: 0,
            explained: 0,
            violated: 0,
            inconclusive: 0,
            calls: 0,
            concurrent_calls: 0,
            requests: 0,
            keys_created: 0,
            elapsed_ms: 0,
            findings: Vec::new(),
            ended: None,
            left_behind: Vec::new(),
        }
    }

    /// The exit code of the program.
    pub fn exit_code(&self) -> u8 {
        match () {
            () if !self.findings.is_empty() => exit::BROKEN,
            () if self.ended.is_some() || self.explained == 0 => exit::INCONCLUSIVE,
            () => exit::CONFORMS,
        }
    }
}

impl RaceFinding {
    pub(super) fn of(shown: &Shown, confirmed: &Confirmed) -> RaceFinding {
        let Shown { violation, sequence, record, count, calls } = shown;
        let rule = get(violation.rule);
        let race = record.races.last();
        let seen = match race {
            Some(race) if violation.step > race.step => "after",
            Some(race) if violation.step == race.step => "during",
            _ => "before",
        };
        let clients: Vec<usize> = sequence.steps.iter().filter_map(|s| clients(&s.action)).flatten().collect();
        let (again, of) = confirmed.reproduced;
        let mut comments = vec![
            format!("{} {}: {}", rule.id, rule.strength(), rule.title),
            format!("source: {}", rule.cite()),
            format!("call: {}", violation.call),
            format!("expected: {}", violation.expected),
            format!("observed: {}", violation.observed),
        ];
        if of > 0 {
            comments.push(format!("shown {again} times of {of} when carried out again"));
        }
        let lanes = race.map(lanes::drawn).unwrap_or_default();
        comments.extend(lanes.iter().cloned());
        RaceFinding {
            rule: violation.rule,
            level: rule.level,
            title: rule.title,
            source: rule.cite(),
            call: violation.call.clone(),
            expected: violation.expected.clone(),
            observed: violation.observed.clone(),
            seen,
            count: *count,
            calls: *calls,
            clients: clients.len(),
            client_calls: clients.iter().sum(),
            executions: confirmed.executions,
            reproduced: confirmed.reproduced,
            sequential: confirmed.sequential,
            requests: race.map(requests).unwrap_or_default(),
            lanes,
            repro: scenario_file(sequence, rule.title, violation.rule, &comments),
        }
    }
}

/// How many calls each client of a race has.
fn clients(action: &Action) -> Option<Vec<usize>> {
    match action {
        Action::Race(clients) => Some(clients.iter().map(Vec::len).collect()),
        _ => None,
    }
}

fn requests(race: &Race) -> Vec<Sent> {
    let first = race.parts.iter().map(|p| p.begin).min().unwrap_or_default();
    let sent = |part: &Timed| Sent {
        client: part.client + 1,
        call: part.call.clone(),
        answer: part.answer.clone(),
        begin_us: (part.begin - first).as_micros() as u64,
        end_us: part.end.map(|end| (end - first).as_micros() as u64),
        wrong: part.wrong,
    };
    race.parts.iter().map(sent).collect()
}
