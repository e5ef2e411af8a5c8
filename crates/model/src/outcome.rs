//! What an answer may look like: outcomes, refusals and the checks on a success.

use super::bindings::Slot;
use super::rule::RuleId;
use super::rules::*;
use super::world::{Grant, KeyState, Name, Plain, Region, World};
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

/// One allowed answer, and what the service knows afterwards.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the answer may look like.
    pub answer: Answer,
    /// What the service knows after this answer.
    pub next: World,
    /// The rule to name when the answer is of another kind.
    pub blame: RuleId,
    /// The rule to name instead when the answer is AccessDeniedException.
    pub denial: Option<RuleId>,
    /// The rules that hold when this is the answer.
    pub rules: Vec<RuleId>,
    /// True for what may be seen only while something is under way: that its checks hold proves
    /// no rule about how things must be in the end.
    pub transient: bool,
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
#[derive(Clone, Debug, Default)]
pub struct Refusal {
    /// The exceptions that are accepted, without namespace.
    pub codes: Vec<&'static str>,
    /// Texts that AWS is known to use, by code: rule (a SHOULD) and templates. `{arn K R}` in a
    /// template stands for the key ARN of family K in Region R, `*` at its end for any rest.
    pub texts: Vec<(&'static str, RuleId, Vec<String>)>,
    /// Codes of which one SHOULD be given, though others are accepted.
    pub preferred: Option<(Vec<&'static str>, RuleId)>,
    /// The rule that another code breaks, when it is not the one to blame for a success.
    pub code_rule: Option<RuleId>,
    /// Codes that the operation declares; another one is a finding of its own (F-060).
    pub declared: Option<(Vec<&'static str>, RuleId)>,
}

/// One requirement on a success body.
#[derive(Clone, Debug)]
pub struct Check {
    /// Member names joined by dots; empty for the whole body.
    pub path: String,
    /// What the member must be.
    pub want: Want,
    /// The rule that is broken when the check fails.
    pub rule: RuleId,
}

/// What a member of a success body must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Want {
    /// Equal to this value.
    Is(Value),
    /// Equal to one of these values.
    OneOf(Vec<Value>),
    /// Anything but this.
    Not(Value),
    /// Any of these.
    Any(Vec<Want>),
    /// Not there, or null.
    Absent,
    /// Absent, or an empty list.
    AbsentOrEmpty,
    /// Absent, or as given.
    Optional(Box<Want>),
    /// Any string.
    String,
    /// Any number.
    Number,
    /// True or false.
    Bool,
    /// Equal to what this slot held when it was first seen.
    Same(Slot),
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
    /// As [`Want::Members`], but the list may also be any part of it, or hold the others: what
    /// may be seen while a transient is under way.
    SomeMembers(Name, BTreeSet<Region>),
    /// A list of exactly these strings, in any order.
    Set(BTreeSet<String>),
    /// Tags, whatever their order.
    Tags(BTreeMap<String, String>),
    /// A policy document equal as JSON.
    Policy(String),
    /// A policy that delegates to the account root.
    DefaultPolicy,
    /// A list of `{KeyId, KeyArn}` that has, or has not, this member.
    Listed(Name, Region, bool),
    /// A list of aliases that has exactly these of this sequence: name and target family.
    Aliases(BTreeMap<Name, Name>),
    /// A list of rotations of this length at most, and at least.
    Rotations(u32, u32),
    /// A list with at most this many entries.
    AtMost(u64),
    /// A blob whose content is this plaintext.
    Plaintext(Plain),
    /// A blob of this many bytes.
    Length(usize),
    /// A non-empty blob.
    Blob,
    /// As [`Want::Same`], for a value that is never printed.
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
    /// A success with checks. The first rule is the one to blame.
    pub fn success(next: World, rules: Vec<RuleId>, checks: Vec<Check>) -> Outcome {
        Outcome { answer: Answer::Success(checks), next, blame: rules[0], rules, denial: None, transient: false }
    }

    /// The same outcome, as one that may be seen only for a while.
    pub fn transient(mut self) -> Outcome {
        self.transient = true;
        self
    }

    /// The same outcome, blaming another rule: one that this answer alone does not prove.
    pub fn blaming(mut self, rule: RuleId) -> Outcome {
        self.blame = rule;
        self
    }

    /// A success of an operation without output; `rule` says that there is none.
    pub fn done(next: World, rules: Vec<RuleId>, rule: RuleId) -> Outcome {
        let checks = vec![Check::new("", Want::NoMembers, rule), Check::new("", Want::EmptyBody, WIRE_007)];
        Outcome { answer: Answer::Success(checks), next, blame: rules[0], rules, denial: None, transient: false }
    }
}

impl Check {
    /// A check on the member at `path`.
    pub fn new(path: impl Into<String>, want: Want, rule: RuleId) -> Check {
        Check { path: path.into(), want, rule }
    }
}

/// All refusals that apply to a call. Which of several is reported first is not documented
/// (F-064), so each one is allowed.
#[derive(Default)]
pub struct Refusals {
    list: Vec<(Refusal, Vec<RuleId>)>,
}

impl Refusals {
    /// Adds a refusal with these codes; the first rule is blamed when it does not come.
    pub fn refuse(&mut self, codes: &[&'static str], rules: &[RuleId]) -> &mut Refusal {
        let refusal = Refusal { codes: codes.to_vec(), ..Refusal::default() };
        self.list.push((refusal, rules.to_vec()));
        &mut self.list.last_mut().expect("just pushed").0
    }

    /// True when nothing stands in the way of a success.
    pub fn none(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds a rule to every refusal so far.
    pub fn also(&mut self, rule: RuleId) {
        for (_, rules) in &mut self.list {
            rules.push(rule);
        }
    }

    /// Puts a rule in front of every refusal so far: it is the one to blame.
    pub fn blame(&mut self, rule: RuleId) {
        for (_, rules) in &mut self.list {
            rules.insert(0, rule);
        }
    }

    /// Blames `rule` for every refusal so far because the key is in this state. A key that is
    /// only Updating is no such case (F-062).
    pub fn blame_all(&mut self, rule: RuleId, state: KeyState) {
        if !matches!(state, KeyState::Enabled | KeyState::Updating) {
            self.blame(rule);
        }
    }

    /// Sets the codes that the operation declares.
    pub fn declare(&mut self, codes: &[&'static str], rule: RuleId) {
        for (refusal, rules) in &mut self.list {
            refusal.declared = Some((codes.to_vec(), rule));
            rules.push(rule);
        }
    }

    /// The refusals as outcomes that leave `world` as it is.
    pub fn outcomes(self, world: &World) -> Vec<Outcome> {
        let list = self.list.into_iter();
        list.map(|(refusal, rules)| Outcome {
            answer: Answer::Refusal(refusal),
            next: world.clone(),
            blame: rules[0],
            rules,
            denial: None,
            transient: false,
        })
        .collect()
    }
}

impl Refusal {
    /// Adds a text that AWS is known to use with `code`.
    pub fn text(&mut self, code: &'static str, rule: RuleId, templates: &[String]) -> &mut Refusal {
        self.texts.push((code, rule, templates.to_vec()));
        self
    }
}
