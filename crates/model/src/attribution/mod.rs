//! ATTRIBUTION: which rule is named, and why. The steps of the model say what is allowed, in names
//! ([`Aspect`], [`Reason`]); the [`Trail`] says what happened last. This module alone turns them into rules:
//!
//! | question | answered in |
//! |---|---|
//! | a check of a success failed, or held: which rule is that about? | `checks`, and `history` where it depends on what happened last |
//! | a success came: which rules has it shown? | `successes` |
//! | a refusal came: which rules has it shown? | `refusals` |
//! | something of another kind came: which rule is broken? | [`Case::blame`], here |
//! | policies or grants had a say in it | `permissions` |
//! | which row of the key-state table is it? | `rows` |
//! | AWS was recorded to choose otherwise | `recorded` |

mod checks;
mod history;
mod permissions;
mod recorded;
mod refusals;
mod rows;
mod successes;

pub use recorded::rule as recorded_rule;
pub use rows::state_row;

use history::Subject;

use crate::call::{Arg, Call, KeyForm, Operation};
use crate::outcome::{Aspect, Outcome, Reason};
use crate::rule::RuleId;
use crate::rules::*;
use crate::step::resolve::{self, Target};
use crate::trail::{Past, Trail};
use crate::world::{KeyState, World};

/// What is never a mere consequence of something that was reported before: that a promotion rewrites
/// ARNs or makes keys (F-052, F-053).
pub const NEVER_A_CONSEQUENCE: [RuleId; 2] = [UPR_005, UPR_026];

/// One allowed outcome of a call, in the world and after the history in which it is allowed.
pub struct Case<'a> {
    call: &'a Call,
    world: &'a World,
    trail: &'a Trail,
    outcome: &'a Outcome,
    /// The member that the call addresses, if there is one.
    target: Option<Target<'a>>,
    /// The member that the answer describes, if there is one.
    subject: Option<Subject<'a>>,
}

impl<'a> Case<'a> {
    /// A case to look rules up for.
    pub fn new(call: &'a Call, world: &'a World, trail: &'a Trail, outcome: &'a Outcome) -> Case<'a> {
        let target = resolve::present(world, call, call.op.key_member());
        let subject = history::subject(call, target.as_ref(), trail, outcome);
        Case { call, world, trail, outcome, target, subject }
    }

    /// The rule that a check of this outcome is about. Nothing for one that only repeats another, where
    /// the repetition would tell nothing.
    pub fn check(&self, aspect: &Aspect) -> Option<RuleId> {
        checks::rule(self, aspect)
    }

    /// The rule that is broken when the member that a check is about is not there at all, if it is another: a
    /// list that is left out, perhaps for being empty, says nothing about what happened last.
    pub fn left_out(&self, aspect: &Aspect) -> Option<RuleId> {
        checks::left_out(aspect)
    }

    /// The rules that hold when this outcome is the answer, beside those of its checks; the most telling
    /// one about a refusal first.
    pub fn upholds(&self) -> Vec<RuleId> {
        match self.outcome.reason() {
            // That an endpoint lacks it is allowed, and shows nothing.
            Some(Reason::RecentKeySpec) => Vec::new(),
            Some(reason) => refusals::rules(self, reason),
            None => {
                let mut rules = successes::rules(self);
                rules.extend(permissions::shown_by_success(self));
                rules
            }
        }
    }

    /// The rule that is broken when this outcome was due and an answer of another kind came, or a
    /// refusal for another reason. `code` is the exception that came, if one did.
    pub fn blame(&self, code: Option<&str>) -> RuleId {
        if let Some(reason) = self.outcome.reason() {
            let switches = matches!(self.call.op, Operation::EnableKeyRotation | Operation::DisableKeyRotation);
            if switches && code.is_none() && self.target.as_ref().is_some_and(successes::is_never_rotated) {
                // No state makes a key of this kind rotate by itself: that it does is the mistake (F-090).
                return ROT_003;
            }
            return refusals::rules(self, reason)[0];
        }
        // Where policies or grants allow what was denied, one of them was not respected.
        if code.is_some_and(|c| c.starts_with("AccessDenied"))
            && let Some(allowed) = permissions::shown_by_success(self).first()
        {
            return *allowed;
        }
        if self.is_about_policy_name(code) {
            return ATT_017;
        }
        self.of_missing_success()
    }

    /// Left out, PolicyName is `default`: to say that only that is supported is no matter of state (F-115).
    fn is_about_policy_name(&self, code: Option<&str>) -> bool {
        let about_policy = matches!(self.call.op, Operation::PutKeyPolicy | Operation::GetKeyPolicy);
        about_policy && !self.call.args.contains_key("PolicyName") && code == Some("UnsupportedOperationException")
    }

    /// The rule that another exception breaks than those that this refusal may have.
    pub fn code(&self, came: &str) -> RuleId {
        if self.is_about_policy_name(Some(came)) {
            return ATT_017;
        }
        if !self.world.enforced && self.outcome.reason() == Some(&Reason::PolicyLockout) {
            // Where no policy is evaluated a success is due first of all (F-118).
            return ATT_014;
        }
        let row = match self.outcome.reason() {
            Some(Reason::State(_)) => state_row(self.call.op),
            _ => None,
        };
        row.unwrap_or_else(|| self.blame(None))
    }

    /// The rule that an exception breaks which the operation does not declare (F-060).
    pub fn declared(&self) -> RuleId {
        UPR_038
    }

    /// The rule about which of several exceptions should be given.
    pub fn preferred(&self) -> RuleId {
        match self.outcome.reason() {
            Some(Reason::Tags) => MSG_007,
            _ => KEY_008,
        }
    }

    /// The rule about the text of an exception.
    pub fn text(&self, code: &str) -> RuleId {
        refusals::text(code)
    }

    /// The rule that a refusal breaks where this success is due.
    fn of_missing_success(&self) -> RuleId {
        let rules = successes::rules(self);
        let first = match self.call.op {
            // That the call succeeds does not show that anything happened: UPR-001 is proven by what
            // DescribeKey shows afterwards.
            Operation::UpdatePrimaryRegion if !rules[0].0.starts_with("UPR") => UPR_001,
            _ => rules[0],
        };
        // What Updating, Creating or the form of KeyId must not stand in the way of says most.
        let telling = |r: &&RuleId| matches!(**r, UPR_035 | REP_016) || (**r == KEY_009 && !self.by_key_id());
        let blamed = rules.iter().find(telling).copied().unwrap_or(first);
        // In a state other than Enabled it breaks the key-state table, but where a rule of its own says
        // that just this works.
        let settled = |s: &KeyState| !matches!(s, KeyState::Enabled | KeyState::Updating | KeyState::Creating);
        match (state_row(self.call.op), self.state().filter(settled)) {
            (Some(row), Some(_)) if rules.contains(&row) && ![STA_002, DEL_013, IMP_016].contains(&blamed) => row,
            _ => blamed,
        }
    }

    /// Whether the form of KeyId is no reason for a failure: it is the plain key id, or a decryption,
    /// which has reasons of its own to fail.
    fn by_key_id(&self) -> bool {
        self.call.op == Operation::Decrypt
            || !matches!(self.call.args.get("KeyId"), Some(Arg::Key(key)) if key.form != KeyForm::Id)
    }

    /// The key state that decides: of the member that the call addresses, or behind the alias that it names.
    fn state(&self) -> Option<KeyState> {
        let of_alias = || {
            let Some(Arg::AliasName(alias)) = self.call.args.get("AliasName") else { return None };
            let family = self.world.family(self.world.aliases.get(&(self.call.region.clone(), alias.clone()))?)?;
            family.effective_state(&self.call.region)
        };
        crate::step::addressed_state(self.world, self.call).or_else(of_alias)
    }

    /// What happened to the family that the call addresses.
    fn past(&self) -> &Past {
        self.trail.family(self.target.as_ref().map_or("", |t| &t.name))
    }
}

/// The rules that are at stake whenever this operation addresses this member: the most telling
/// one first.
fn context(op: Operation, target: &Target, past: &Past) -> Vec<RuleId> {
    let family = target.family;
    let mut rules = Vec::new();
    let state = target.state();
    if op.is_cryptographic() && past.promoted() && past.last == crate::trail::LastEvent::Promoted {
        rules.push(UPR_033);
    }
    if op.is_cryptographic() && matches!(state, KeyState::Enabled | KeyState::Updating) {
        let others = family.members.iter().filter(|(r, _)| **r != target.region);
        if others.into_iter().any(|(_, m)| m.state != KeyState::Enabled && m.state != KeyState::Creating) {
            rules.push(STA_003);
        }
    }
    rules.extend(state_row(op));
    if is_seen(target, past) && !op.is_cryptographic() {
        match state {
            KeyState::Updating => rules.push(UPR_035),
            KeyState::Creating => rules.push(REP_016),
            _ => {}
        }
    }
    if op.takes_alias() {
        rules.push(KEY_009);
    }
    rules
}

/// Whether what is under way was seen to be.
fn is_seen(target: &Target, past: &Past) -> bool {
    let creating = target.family.members[&target.region].state == KeyState::Creating;
    (past.promotion_seen && target.family.promotion.is_some())
        || (creating && past.member(&target.region).creating_seen)
}
