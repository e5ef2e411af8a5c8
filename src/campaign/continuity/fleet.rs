//! The keys under load: one family for encryption, one for signatures, one for message authentication, with a member in
//! every Region.

use super::options::ContinuityOptions;
use super::work::{Kind, Made, Mix, examine, request, uses};
use crate::generate::Random;
use crate::session::Shared;
use crate::transport::{Answer, Exchange, Pauses};
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::matching::lookup;
use mrkspec_model::outcome::{Response, is_throttling};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

/// Ciphertexts, signatures and tags that are kept to be used later, each at random: old ones among them.
const KEPT: usize = 512;

/// One family under load.
pub(super) struct Family {
    pub kind: Kind,
    pub key_id: String,
    /// Number of the Region that holds its primary, as far as is known.
    pub primary: AtomicUsize,
    /// What members have made, of each kind of operation.
    made: Mutex<Vec<(Operation, Made)>>,
}

impl Family {
    fn new(kind: Kind, key_id: String) -> Family {
        Family { kind, key_id, primary: AtomicUsize::new(0), made: Mutex::default() }
    }

    /// Keeps something for later.
    pub(super) fn keep(&self, op: Operation, made: Made, random: &mut Random) {
        let mut all = self.made.lock().unwrap_or_else(|e| e.into_inner());
        if all.len() < KEPT {
            all.push((op, made));
        } else {
            let place = random.below(KEPT);
            all[place] = (op, made);
        }
    }

    /// Something that was made, at random.
    pub(super) fn any(&self, random: &mut Random) -> Option<Made> {
        let all = self.made.lock().unwrap_or_else(|e| e.into_inner());
        all.get(random.below(all.len())).map(|(_, made)| made.clone())
    }
}

/// All of them, and where they are.
pub(super) struct Fleet {
    pub families: Vec<Family>,
    pub regions: Vec<String>,
    /// What is sent: what worked in every Region before anything moved.
    pub mix: Mix,
    /// What is left out, and why.
    pub left_out: Vec<String>,
}

/// What came of a call.
pub(super) enum Told<'a> {
    Done(&'a Value),
    /// A refusal: the exception, and all in words.
    Refused(&'a str, String),
    /// Nothing that says anything of the operation: throttled again and again, an internal failure, no answer, no credentials.
    Unjudged(String),
    /// The endpoint does not know the operation.
    Unsupported(String),
}

/// Exceptions about who asks: they say nothing of what was asked for (F-004).
const OF_THE_CALLER: [&str; 9] = [
    "ExpiredTokenException",
    "ExpiredToken",
    "RequestExpired",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "MissingAuthenticationTokenException",
    "InvalidClientTokenId",
];

impl<'a> Told<'a> {
    pub(super) fn of(exchange: &'a Exchange) -> Told<'a> {
        match &exchange.answer {
            Answer::Came(decoded) | Answer::Failed(decoded) => match &decoded.response {
                Response::Success(body) => Told::Done(body),
                Response::Error { code, message, status } => {
                    let text = if message.is_empty() { String::new() } else { format!(": {message}") };
                    let words = format!("{code} ({status}){text}");
                    if *status >= 500 || is_throttling(code) || OF_THE_CALLER.contains(&code.as_str()) {
                        Told::Unjudged(words)
                    } else {
                        Told::Refused(code, words)
                    }
                }
                Response::Lost(why) => Told::Unjudged(why.clone()),
            },
            Answer::Unreadable(why) | Answer::Nothing(why) => Told::Unjudged(why.clone()),
            Answer::Unsupported(words) => Told::Unsupported(words.clone()),
        }
    }

    /// The body of a success, or why there is none.
    pub(super) fn body(self) -> Result<&'a Value, String> {
        match self {
            Told::Done(body) => Ok(body),
            Told::Refused(_, words) | Told::Unjudged(words) => Err(words),
            Told::Unsupported(words) => Err(format!("not supported: {words}")),
        }
    }
}

/// What a member shows that is not settled.
pub(super) struct Unsettled {
    pub words: String,
    /// Nothing could be read there: that says nothing of the promotion.
    pub unread: bool,
}

/// A call with a body that is written out.
pub(super) async fn ask(shared: &Shared, op: Operation, region: &str, body: &Value) -> Exchange {
    let call = match body.get("ReplicaRegion").or(body.get("PrimaryRegion")) {
        // The quota of the other Region counts it, too.
        Some(other) if op == Operation::ReplicateKey => {
            Call::new(op, region).with("ReplicaRegion", Arg::Json(other.clone()))
        }
        Some(other) => Call::new(op, region).with("PrimaryRegion", Arg::Json(other.clone())),
        None => Call::new(op, region),
    };
    shared.ask(&call, body, "continuity").await
}

impl Fleet {
    /// Makes the keys, waits until every member is Enabled, and tries every operation in every Region: what does not work
    /// before anything moves is for `check` to judge.
    pub(super) async fn make(shared: &Shared, options: &ContinuityOptions) -> Fleet {
        let regions = options.regions.clone();
        let wanted: BTreeSet<Kind> =
            options.mix.0.iter().filter(|(_, share)| *share > 0).map(|(op, _)| Kind::of(*op)).collect();
        let mut fleet = Fleet { families: Vec::new(), regions, mix: options.mix.clone(), left_out: Vec::new() };
        for kind in Kind::ALL.into_iter().filter(|kind| wanted.contains(kind)) {
            match fleet.make_family(shared, kind).await {
                Ok(family) => fleet.families.push(family),
                Err(why) => fleet.left_out.push(format!("{kind} keys: {why}")),
            }
        }
        fleet.try_everything(shared, options.seed).await;
        fleet
    }

    async fn make_family(&self, shared: &Shared, kind: Kind) -> Result<Family, String> {
        let (spec, usage) = kind.spec();
        let first = &self.regions[0];
        let body =
            json!({ "MultiRegion": true, "KeySpec": spec, "KeyUsage": usage, "Description": "mrkspec continuity" });
        let made = ask(shared, Operation::CreateKey, first, &body).await;
        let made = Told::of(&made).body().map_err(|why| format!("CreateKey in {first}: {why}"))?;
        let key_id = lookup(made, "KeyMetadata.KeyId").and_then(Value::as_str).ok_or("CreateKey names no KeyId")?;
        let family = Family::new(kind, key_id.to_string());
        for region in &self.regions[1..] {
            let body = json!({ "KeyId": key_id, "ReplicaRegion": region, "Description": "mrkspec continuity" });
            let replicated = ask(shared, Operation::ReplicateKey, first, &body).await;
            match Told::of(&replicated) {
                // A request whose answer was lost has made it: it is looked at below.
                Told::Refused("AlreadyExistsException", _) if replicated.unsure => {}
                told => {
                    told.body().map_err(|why| format!("ReplicateKey to {region}: {why}"))?;
                }
            }
        }
        let began = Instant::now();
        let mut pauses = Pauses::until_settled();
        loop {
            let Some(still) = self.unsettled(shared, &family, 0).await else { return Ok(family) };
            if began.elapsed() > shared.link().target().settle_timeout || shared.ended().is_some() {
                return Err(format!("not Enabled everywhere within the settle time-out: {}", still.words));
            }
            pauses.pause().await;
        }
    }

    /// Why a family is not settled with its primary in this Region; `None` when it is.
    pub(super) async fn unsettled(&self, shared: &Shared, family: &Family, primary: usize) -> Option<Unsettled> {
        let looks = self.regions.iter().map(async |region| {
            let asked = ask(shared, Operation::DescribeKey, region, &json!({ "KeyId": family.key_id })).await;
            let told = Told::of(&asked);
            let unread = !matches!(told, Told::Done(_) | Told::Refused(..));
            let body = match told.body() {
                Ok(body) => body,
                Err(why) => return Some(Unsettled { words: format!("DescribeKey in {region}: {why}"), unread }),
            };
            let text = |path: &str| lookup(body, path).and_then(Value::as_str).unwrap_or("nothing");
            let (state, names) =
                (text("KeyMetadata.KeyState"), text("KeyMetadata.MultiRegionConfiguration.PrimaryKey.Region"));
            let kind = text("KeyMetadata.MultiRegionConfiguration.MultiRegionKeyType");
            let wanted = if *region == self.regions[primary] { "PRIMARY" } else { "REPLICA" };
            let settled = state == "Enabled" && names == self.regions[primary] && kind == wanted;
            let words = || format!("{region} shows a {kind} in {state}, with its primary in {names}");
            (!settled).then(|| Unsettled { words: words(), unread: false })
        });
        futures_util::future::join_all(looks).await.into_iter().flatten().next()
    }

    /// The number of the Region whose member calls itself the primary, if exactly one does.
    pub(super) async fn primary_of(&self, shared: &Shared, family: &Family) -> Option<usize> {
        let mut found = Vec::new();
        for (number, region) in self.regions.iter().enumerate() {
            let asked = ask(shared, Operation::DescribeKey, region, &json!({ "KeyId": family.key_id })).await;
            let body = Told::of(&asked).body().ok()?;
            let kind = lookup(body, "KeyMetadata.MultiRegionConfiguration.MultiRegionKeyType");
            found.extend((kind.and_then(Value::as_str) == Some("PRIMARY")).then_some(number));
        }
        match found[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Carries out each operation in each Region once; those that fail are left out.
    async fn try_everything(&mut self, shared: &Shared, seed: u64) {
        let mut random = Random::new(seed, u64::MAX);
        // What makes something comes before what uses it.
        let mut operations: Vec<Operation> =
            self.mix.0.iter().filter(|(_, share)| *share > 0).map(|(op, _)| *op).collect();
        operations.sort_by_key(|op| uses(*op));
        let makers = [Operation::Encrypt, Operation::Sign, Operation::GenerateMac];
        let lacking = |maker: &Operation| {
            !operations.contains(maker) && operations.iter().any(|op| uses(*op) && Kind::of(*op) == Kind::of(*maker))
        };
        let first: Vec<Operation> = makers.into_iter().filter(lacking).collect();
        operations.splice(0..0, first);
        let mut works = BTreeSet::new();
        for op in operations {
            let Some(family) = self.families.iter().find(|f| f.kind == Kind::of(op)) else { continue };
            match self.try_everywhere(shared, family, op, &mut random).await {
                Ok(()) => {
                    works.insert(op);
                }
                Err(why) => self.left_out.push(format!("{}: {why} before any promotion", op.name())),
            }
        }
        self.mix.0.retain(|(op, _)| works.contains(op));
        let Fleet { families, mix, .. } = self;
        families.retain(|family| mix.0.iter().any(|(op, _)| Kind::of(*op) == family.kind));
    }

    async fn try_everywhere(
        &self,
        shared: &Shared,
        family: &Family,
        op: Operation,
        random: &mut Random,
    ) -> Result<(), String> {
        for (number, region) in self.regions.iter().enumerate() {
            let used = uses(op).then(|| family.any(random)).flatten();
            if uses(op) && used.is_none() {
                return Err("there is nothing it could use".into());
            }
            let message = used.as_ref().map_or_else(|| random.bytes(24), |made| made.message.clone());
            let text = used.map(|made| made.text).unwrap_or_default();
            let body = request(op, &family.key_id, &message, &text);
            let asked = ask(shared, op, region, &body).await;
            let examined = Told::of(&asked).body().and_then(|body| examine(op, &message, body));
            if let Some((message, text)) = examined.map_err(|why| format!("in {region}: {why}"))? {
                let made = Made { message, text, region: number, at: Instant::now() };
                family.keep(op, made, random);
            }
        }
        Ok(())
    }
}
