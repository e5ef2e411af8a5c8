//! Settling what a ledger leaves open: each family, with the members that its own answers name, is looked at until
//! every member is pending deletion or gone. What cannot be settled stays in the ledger.

mod family;
mod search;

use super::ledger::{Entry, Ledger};
use super::open::{Open, Standing};
use crate::transport::{Answer, Client, Link, Target, chain};
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::outcome::{Response, is_throttling};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Families that are settled side by side.
const SIDE_BY_SIDE: usize = 16;

/// How long an endpoint may still be carrying out, or not yet showing, what was sent before; on AWS (F-077).
const IN_FLIGHT: Duration = Duration::from_secs(1);
const IN_FLIGHT_AWS: Duration = Duration::from_secs(30);

/// How long a CreateKey may be under way after its caller is gone: an RSA key takes seconds to make.
const MAKING: Duration = Duration::from_secs(15);
const MAKING_AWS: Duration = Duration::from_secs(60);

/// A key whose deletion could not be scheduled, or that may exist.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Left {
    /// Its id, or the tag by which it would be found.
    pub key: String,
    /// Where it is.
    pub region: String,
    /// Its key state, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Why it is left.
    pub why: String,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}, {}: {}", self.key, self.region, self.state.as_deref().unwrap_or("state unknown"), self.why)
    }
}

/// What came of settling a ledger.
#[derive(Clone, Debug, Default)]
pub struct Swept {
    /// Members whose deletion was scheduled.
    pub scheduled: usize,
    /// Members that do not exist any more or were pending deletion already.
    pub gone: usize,
    /// What could not be settled.
    pub left: Vec<Left>,
}

/// Settles what a ledger leaves open. Its file is removed when nothing is left.
pub async fn sweep(link: &Arc<Link>, ledger: &Arc<Ledger>) -> Swept {
    ledger.close();
    let open = ledger.open();
    let mut swept = Swept::default();
    if let Some(why) = ledger.hopeless() {
        swept.left = unreached(ledger, why);
    } else if !open.is_settled() {
        let target = link.target();
        let began = Instant::now();
        let (in_flight, making) = if target.is_aws() { (IN_FLIGHT_AWS, MAKING_AWS) } else { (IN_FLIGHT, MAKING) };
        let sweep = Sweep {
            link: link.clone(),
            ledger: ledger.clone(),
            sure_at: began + in_flight,
            made_at: began + making.saturating_sub(ledger.quiet),
            deadline: began,
        };
        sweep.run(open, &mut swept).await;
    }
    if let Err(e) = ledger.remove_if_settled() {
        swept.left.push(unremoved(ledger, &e));
    }
    swept.left.sort();
    swept
}

/// Settles what the ledger of a run leaves open, when the run is over or ended from outside. Gives what is left.
pub async fn settle(target: &Target, ledger: &Arc<Ledger>) -> Vec<Left> {
    ledger.close();
    if ledger.is_settled() {
        return match ledger.remove_if_settled() {
            Ok(_) => Vec::new(),
            Err(e) => vec![unremoved(ledger, &e)],
        };
    }
    if let Some(why) = ledger.hopeless() {
        return unreached(ledger, why);
    }
    let client = match Client::new(target.clone()) {
        Ok(client) => client,
        Err(e) => return unreached(ledger, &e.to_string()),
    };
    match Link::connect(client).await {
        Ok(link) => sweep(&Arc::new(link), ledger).await.left,
        Err(e) => unreached(ledger, &chain(&e)),
    }
}

fn unremoved(ledger: &Ledger, why: &std::io::Error) -> Left {
    let (key, why) = (ledger.path.display().to_string(), format!("the ledger cannot be removed: {why}"));
    Left { key, region: "-".into(), state: None, why }
}

/// All that is open, where the endpoint cannot be asked.
fn unreached(ledger: &Ledger, why: &str) -> Vec<Left> {
    let open = ledger.open().without_askers();
    let mut left = Vec::new();
    for (key, members) in open.families() {
        for (region, _) in members.iter().filter(|(_, s)| **s != Standing::Settled) {
            left.push(Left { key: key.clone(), region: region.clone(), state: None, why: why.into() });
        }
    }
    left.extend(open.unfound().iter().map(|(region, token)| search::unfound(region, token, why.into())));
    left
}

#[derive(Clone)]
struct Sweep {
    link: Arc<Link>,
    ledger: Arc<Ledger>,
    /// From then on a read shows all that was sent before.
    sure_at: Instant,
    /// From then on no CreateKey is under way any more.
    made_at: Instant,
    /// What has not settled by then is left.
    deadline: Instant,
}

/// Why an answer is no success.
#[derive(Clone, Debug)]
enum Refusal {
    /// The endpoint's exception.
    Exception { code: String, message: String, status: u16 },
    /// No answer came, or the operation is missing: asking again does not help.
    Nothing(String),
}

impl Refusal {
    fn is(&self, name: &str) -> bool {
        matches!(self, Refusal::Exception { code, .. } if code == name)
    }

    /// The request cannot be about any key.
    fn is_about_form(&self) -> bool {
        self.is("ValidationException") || self.is("InvalidArnException")
    }

    /// Nothing else can come of asking again.
    fn is_final(&self) -> bool {
        matches!(self, Refusal::Nothing(_))
    }

    /// It says nothing of the key.
    fn is_passing(&self) -> bool {
        let Refusal::Exception { code, status, .. } = self else { return false };
        *status >= 500 || is_throttling(code)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Exception { code, message, .. } => write!(f, "{code}: {message}"),
            Refusal::Nothing(why) => f.write_str(why),
        }
    }
}

impl Sweep {
    async fn run(&self, open: Open, swept: &mut Swept) {
        if open.unreadable > 0 {
            let why = format!("{} lines cannot be read by this version", open.unreadable);
            let key = self.ledger.path.display().to_string();
            swept.left.push(Left { key, region: "-".into(), state: None, why });
        }
        let in_flight = open.in_flight();
        let open = open.without_askers();
        let untold = self.search(&open, &in_flight).await;
        let open = self.ledger.open().without_askers();
        // The search takes its time, which is none of theirs.
        let deadline = self.sure_at.max(Instant::now()) + self.link.target().settle_timeout;
        let sweep = Sweep { deadline, ..self.clone() };
        let gate = Arc::new(Semaphore::new(SIDE_BY_SIDE));
        let mut tasks = JoinSet::new();
        for (key, members) in open.families().clone() {
            let (sweep, gate, regions) = (sweep.clone(), gate.clone(), open.regions().clone());
            tasks.spawn(async move {
                // The semaphore is never closed.
                let _turn = gate.acquire_owned().await;
                sweep.settle(key, members, &regions).await
            });
        }
        while let Some(settled) = tasks.join_next().await {
            match settled {
                Ok(one) => {
                    swept.scheduled += one.scheduled;
                    swept.gone += one.gone;
                    swept.left.extend(one.left);
                }
                Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
                Err(_) => {}
            }
        }
        self.conclude_search(&open, untold, swept).await;
    }

    fn note(&self, entry: &Entry) {
        // A line that is missing means that something is looked at once more.
        let _ = self.ledger.write(entry);
    }

    /// One question; throttled and lost answers are asked for again by the transport.
    async fn ask(&self, op: Operation, region: &str, request: &[(&str, Value)]) -> Result<Value, Refusal> {
        let mut call = Call::new(op, region);
        for (member, value) in request {
            call = call.with(member, Arg::Json(value.clone()));
        }
        let body: serde_json::Map<String, Value> = request.iter().map(|(m, v)| (m.to_string(), v.clone())).collect();
        let exchange = self.link.exchange(&call, &Value::Object(body).to_string(), &mut ()).await;
        match exchange.answer {
            Answer::Came(decoded) | Answer::Failed(decoded) => match decoded.response {
                Response::Success(body) => Ok(body),
                Response::Error { code, message, status } => Err(Refusal::Exception { code, message, status }),
                Response::Lost(why) => Err(Refusal::Nothing(why)),
            },
            Answer::Unsupported(words) => Err(Refusal::Nothing(format!("{op} is not supported: {words}"))),
            Answer::Nothing(why) | Answer::Unreadable(why) => Err(Refusal::Nothing(why)),
        }
    }
}
