//! What an answer may look like: outcomes, refusals and the checks on a success.

pub use super::aspect::{Aspect, Reason};
use super::bindings::Slot;
use super::listed::Listed;
use super::world::{Grant, Name, Plain, Region, World};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// An answer as observed, already decoded from the wire.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// The body; `Null` stands for an empty one.
    Success(Value),
    /// A modelled error: its code without namespace, its text and the HTTP status.
    Error {
        /// The exception, without its namespace.
        code: String,
        /// Its text; empty when there is none.
        message: String,
        /// The HTTP status.
        status: u16,
    },
    /// No answer, or one that does not tell whether the call had effect (F-010).
    Lost(String),
}

impl Response {
    /// Whether it describes a key in a state that only lasts while something is under way (F-044, F-071).
    pub fn shows_under_way(&self) -> bool {
        let Response::Success(body) = self else { return false };
        matches!(body["KeyMetadata"]["KeyState"].as_str(), Some("Updating" | "Creating"))
    }

    /// The exception, if it is one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Response::Error { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// One allowed answer, and what the service knows afterwards.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the answer may look like.
    pub answer: Answer,
    /// What the service knows after this answer.
    pub next: World,
    /// True for what may be seen only while something is under way: that its checks hold proves
    /// no rule about how things must be in the end.
    pub transient: bool,
    /// The family of which the answer proves that something is still under way, and what.
    pub shows: Option<(Name, UnderWay)>,
}

/// The shape of an allowed answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// HTTP 200 with a body that passes all of these checks.
    Success(Vec<Check>),
    /// An exception.
    Refusal(Refusal),
}

/// A refusal: any of these codes.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// The exceptions that are accepted, without namespace.
    pub codes: Vec<&'static str>,
    /// Texts that AWS is known to use (a SHOULD), by code: templates. `{arn K R}` in a template
    /// stands for the key ARN of family K in Region R, `*` at its end for any rest.
    pub texts: Vec<(&'static str, Vec<String>)>,
    /// Codes of which one SHOULD be given, though others are accepted.
    pub preferred: Option<Vec<&'static str>>,
    /// Codes that the operation declares; another one is a finding of its own (F-060).
    pub declared: Option<Vec<&'static str>>,
}

/// One requirement on a success body.
#[derive(Clone, Debug)]
pub struct Check {
    /// Member names joined by dots; empty for the whole body.
    pub path: String,
    /// What the member must be.
    /// What the member must be.
    pub matcher: Matcher,
    /// What it is about.
    pub aspect: Aspect,
}

/// What a member of a success body must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Matcher {
    /// Equal to this value.
    Is(Value),
    /// Equal to one of these values.
    OneOf(Vec<Value>),
    /// Anything but this.
    Not(Value),
    /// Any of these.
    Any(Vec<Matcher>),
    /// Not there, or null.
    Absent,
    /// Absent, or an empty list.
    AbsentOrEmpty,
    /// Absent, or as given.
    Optional(Box<Matcher>),
    /// Any string.
    String,
    /// Any number.
    Number,
    /// Equal to what this slot held when it was first seen.
    Same(Slot),
    /// Nothing that any of these slots holds.
    NoneOf(Vec<Slot>),
    /// The key ARN of a family in a Region.
    KeyArn(Name, Region),
    /// A fresh key ARN in this Region, whose id is the family's and whose account is ours.
    NewKeyArn(Name, Region),
    /// The key id of a family.
    KeyId(Name),
    /// A string of this form.
    Form(Form),
    /// `[{Arn, Region}]` of exactly these members, in any order.
    Members(Name, BTreeSet<Region>),
    /// As [`Matcher::Members`], but the list may also be any part of it, or hold the others: what
    /// may be seen while a transient is under way.
    SomeMembers(Name, BTreeSet<Region>),
    /// A list of exactly these strings, in any order.
    Set(BTreeSet<String>),
    /// Tags, whatever their order.
    Tags(BTreeMap<String, String>),
    /// A policy document equal as JSON.
    Policy(String),
    /// A policy that delegates to the account root, and is none of these, which were put on other members.
    DefaultPolicy(Vec<String>),
    /// A list of `{KeyId, KeyArn}` that has, or has not, this member.
    Listed(Name, Region, bool),
    /// A list of aliases that has exactly these of this sequence: name and target family.
    Aliases(BTreeMap<Name, Name>),
    /// KeyMetadata in which Enabled is true exactly in KeyState Enabled; in Updating both will do (F-035).
    EnabledFitsState,
    /// A list of rotations of this length at most, and at least.
    Rotations(u32, u32),
    /// A list of all key material, oldest first.
    Materials(Vec<Listed>),
    /// A list with at most this many entries.
    AtMost(u64),
    /// A blob whose content is this plaintext.
    Plaintext(Plain),
    /// A blob of this many bytes.
    Length(usize),
    /// A non-empty blob.
    Blob,
    /// As [`Matcher::Same`], for a value that is never printed.
    SameSecret(Slot),
    /// Another value than the last one in this slot.
    Fresh(Slot),
    /// `Grants` about this member: exactly these, by the step that made them, and those whose ids
    /// nobody knows.
    Grants(Name, Region, BTreeMap<Name, Grant>, Vec<Grant>),
    /// No member at all (an empty object is accepted).
    NoMembers,
    /// Nothing, not even `{}`.
    EmptyBody,
    /// A success is accepted, but AWS answers otherwise: this.
    Refused(&'static str),
}

/// What an answer may prove to be still under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnderWay {
    /// The family's promotion (F-071).
    Promotion,
    /// The making of the replica in this Region (F-044).
    Creating(Region),
}

/// The form of an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Starts with `mrk-`.
    Mrk,
    /// `mrk-` and 32 lower-case hexadecimal digits.
    MrkHex,
    /// A UUID.
    Uuid,
    /// 64 hexadecimal digits.
    Hex64,
}

impl Outcome {
    /// A success with checks.
    pub fn success(next: World, checks: Vec<Check>) -> Outcome {
        Outcome { answer: Answer::Success(checks), next, transient: false, shows: None }
    }

    /// A success of an operation without output.
    pub fn done(next: World) -> Outcome {
        let none = Check::new("", Matcher::NoMembers, Aspect::NoOutput);
        Outcome::success(next, vec![none, Check::new("", Matcher::EmptyBody, Aspect::NoBody)])
    }

    /// The same outcome, as one that may be seen only for a while.
    pub fn transient(mut self) -> Outcome {
        self.transient = true;
        self
    }

    /// The same outcome, as one that proves that this is still under way.
    pub fn showing(mut self, family: &Name, what: UnderWay) -> Outcome {
        self.shows = Some((family.clone(), what));
        self
    }

    /// True for a success.
    pub fn is_success(&self) -> bool {
        matches!(self.answer, Answer::Success(_))
    }

    /// Why it is a refusal, if it is one.
    pub fn reason(&self) -> Option<&Reason> {
        match &self.answer {
            Answer::Refusal(refusal) => Some(&refusal.reason),
            Answer::Success(_) => None,
        }
    }
}

impl Check {
    /// A check on the member at `path`.
    pub fn new(path: impl Into<String>, matcher: Matcher, aspect: Aspect) -> Check {
        Check { path: path.into(), matcher, aspect }
    }
}

/// All refusals that apply to a call. Which of several is reported first is not documented
/// (F-064), so each one is allowed.
#[derive(Default)]
pub struct Refusals {
    list: Vec<Refusal>,
}

impl Refusals {
    /// Adds a refusal with these codes.
    pub fn refuse(&mut self, codes: &[&'static str], reason: Reason) -> &mut Refusal {
        let refusal = Refusal { reason, codes: codes.to_vec(), texts: Vec::new(), preferred: None, declared: None };
        self.list.push(refusal);
        self.list.last_mut().expect("just pushed")
    }

    /// True when nothing stands in the way of a success.
    pub fn none(&self) -> bool {
        self.list.is_empty()
    }

    /// True when every refusal is for such a reason.
    pub fn all(&self, test: impl Fn(&Reason) -> bool) -> bool {
        self.list.iter().all(|refusal| test(&refusal.reason))
    }

    /// Sets the codes that the operation declares.
    pub fn declare(&mut self, codes: &[&'static str]) {
        for refusal in &mut self.list {
            refusal.declared = Some(codes.to_vec());
        }
    }

    /// The refusals as outcomes that leave `world` as it is.
    pub fn outcomes(self, world: &World) -> Vec<Outcome> {
        let outcome =
            |refusal| Outcome { answer: Answer::Refusal(refusal), next: world.clone(), transient: false, shows: None };
        self.list.into_iter().map(outcome).collect()
    }
}

impl Refusal {
    /// Adds a text that AWS is known to use with `code`.
    pub fn text(&mut self, code: &'static str, templates: &[String]) -> &mut Refusal {
        self.texts.push((code, templates.to_vec()));
        self
    }
}

/// Whether an exception with this code says that there were too many requests, and nothing of what was asked for (F-009).
pub fn is_throttling(code: &str) -> bool {
    code.starts_with("Throttling") || ["TooManyRequestsException", "RequestLimitExceeded"].contains(&code)
}
