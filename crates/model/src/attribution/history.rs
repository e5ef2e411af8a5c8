//! Which rule a property of a key is about, where that depends on what happened last: a property that
//! should have stayed as it was breaks the rule about what should not have touched it.

use crate::call::{Call, Operation};
use crate::outcome::Outcome;
use crate::rule::RuleId;
use crate::rules::*;
use crate::step::resolve::Target;
use crate::trail::{LastEvent, Past, Trail};
use crate::world::{Family, KeyState, Region};

/// A member that an answer describes, and what happened to its family.
pub struct Subject<'a> {
    pub family: &'a Family,
    pub past: &'a Past,
    /// What happened last, the call that is answered included.
    pub last: LastEvent,
    pub region: Region,
}

/// The member that an answer describes, if it can describe one: for CreateKey and ReplicateKey the one that
/// they made.
pub fn subject<'a>(
    call: &Call,
    target: Option<&Target<'a>>,
    trail: &'a Trail,
    outcome: &'a Outcome,
) -> Option<Subject<'a>> {
    let next = &outcome.next;
    if call.op == Operation::CreateKey {
        let (family, past) = (next.family(&call.name)?, trail.family(&call.name));
        return Some(Subject { family, past, last: LastEvent::Made, region: call.region.clone() });
    }
    let target = target?;
    let past = trail.family(&target.name);
    if call.op == Operation::ReplicateKey {
        let region: Region = call.text("ReplicaRegion")?.into();
        let (family, last) = (next.family(&target.name)?, LastEvent::Replicated(region.clone()));
        return family.members.contains_key(&region).then_some(Subject { family, past, last, region });
    }
    Some(Subject { family: target.family, past, last: past.last.clone(), region: target.region.clone() })
}

impl Subject<'_> {
    fn is_own(&self, region: &Region) -> bool {
        *region == self.region
    }

    fn state(&self) -> KeyState {
        self.family.members[&self.region].state
    }

    /// Key id and ARN: a promotion, carried out or not, rewrites neither (F-052).
    pub fn identity(&self) -> RuleId {
        match self.last {
            LastEvent::Promoted | LastEvent::PromotionRefused | LastEvent::Denied => UPR_005,
            _ => KEY_005,
        }
    }

    /// PRIMARY or REPLICA: of the new primary, the former one, a third member (F-050).
    pub fn key_type(&self) -> RuleId {
        match (&self.last, &self.past.promotion) {
            (LastEvent::PromotionRefused, _) => UPR_028,
            (LastEvent::Denied, _) => AUT_020,
            (LastEvent::Unauthenticated, _) => AUT_005,
            (LastEvent::Promoted, Some((_, to))) if self.is_own(to) => UPR_001,
            (LastEvent::Promoted, Some((from, _))) if self.is_own(from) => UPR_002,
            (LastEvent::Promoted, _) => UPR_003,
            _ => KEY_011,
        }
    }

    /// Which member is named as the primary.
    pub fn primary(&self) -> RuleId {
        match self.last {
            LastEvent::Promoted => UPR_004,
            LastEvent::PromotionRefused => UPR_028,
            LastEvent::Denied => AUT_020,
            _ => KEY_011,
        }
    }

    /// Which members are named as replicas.
    pub fn replicas(&self) -> RuleId {
        match &self.last {
            LastEvent::Promoted => UPR_004,
            LastEvent::PromotionRefused => UPR_028,
            LastEvent::Denied => AUT_020,
            LastEvent::Gone(_) => DEL_012,
            LastEvent::Made if self.family.members.len() == 1 => KEY_013,
            LastEvent::Replicated(_) => REP_014,
            LastEvent::Deletion(_) => DEL_011,
            _ => KEY_011,
        }
    }

    /// The description, which belongs to one member (F-032).
    pub fn description(&self) -> RuleId {
        match &self.last {
            LastEvent::Promoted => UPR_006,
            LastEvent::PromotionRefused => UPR_028,
            LastEvent::Denied => AUT_020,
            LastEvent::Made => KEY_017,
            LastEvent::Replicated(r) if self.is_own(r) => match self.family.members[r].description.is_empty() {
                true => REP_007,
                false => REP_013,
            },
            LastEvent::Replicated(_) => REP_017,
            LastEvent::Changed(r, _) if !self.is_own(r) => ATT_019,
            _ => ATT_018,
        }
    }

    /// Spec, usage and origin: shared, and never changed by a promotion (F-031, F-052).
    pub fn kind(&self) -> RuleId {
        match self.last {
            LastEvent::Promoted => UPR_027,
            _ if self.region != self.family.primary => REP_012,
            _ => KEY_017,
        }
    }

    /// The algorithms go with these, but for the key that was made.
    pub fn algorithms(&self) -> RuleId {
        match self.kind() {
            KEY_017 => KEY_016,
            shared => shared,
        }
    }

    /// Import status belongs to one member, and a promotion leaves it alone (F-032, F-121).
    pub fn import_status(&self) -> RuleId {
        if self.last == LastEvent::Promoted { IMP_011 } else { IMP_007 }
    }

    /// That the date of a pending deletion stays what it was (F-032, F-083).
    pub fn deletion_clock(&self) -> RuleId {
        match &self.last {
            // Nothing has happened since it was scheduled that could change it.
            LastEvent::Made => DEL_006,
            LastEvent::State(r) if self.is_own(r) => DEL_006,
            _ => self.key_state(),
        }
    }

    /// The key state that a member shows now.
    pub fn key_state(&self) -> RuleId {
        match &self.last {
            LastEvent::Made => match self.state() {
                KeyState::PendingImport => KEY_020,
                _ => KEY_014,
            },
            LastEvent::Imported(r) => self.state_after_import(r),
            // What only waits, or did, changes nothing (F-125, F-126).
            LastEvent::Staged(_) | LastEvent::Withdrawn(_) => IMP_019,
            LastEvent::Rotation if self.family.lacks_material(&self.region) => IMP_022,
            LastEvent::Gone(_) if self.state() == KeyState::PendingDeletion => DEL_014,
            LastEvent::Gone(_) => DEL_012,
            LastEvent::Denied => AUT_020,
            LastEvent::Unauthenticated => AUT_005,
            LastEvent::Promoted if self.took_part() => UPR_011,
            LastEvent::Promoted => UPR_010,
            LastEvent::PromotionRefused => UPR_028,
            LastEvent::Replicated(r) if !self.is_own(r) => REP_017,
            LastEvent::Replicated(_) => match self.state() {
                KeyState::PendingImport => REP_018,
                _ => REP_011,
            },
            LastEvent::State(r) => {
                if self.is_own(r) {
                    STA_004
                } else {
                    STA_001
                }
            }
            LastEvent::Deletion(r) => self.state_after_deletion(r),
            LastEvent::Cancelled(r) => {
                if self.is_own(r) {
                    DEL_008
                } else {
                    DEL_011
                }
            }
            LastEvent::Changed(..) | LastEvent::Rotation => STA_004,
        }
    }

    /// Old and new primary are Updating for a while, and then as they were (F-071, F-072).
    fn took_part(&self) -> bool {
        self.past.promotion.as_ref().is_some_and(|(from, to)| self.is_own(from) || self.is_own(to))
    }

    /// Material makes one member usable, and its end that member unusable (F-121).
    fn state_after_import(&self, where_: &Region) -> RuleId {
        match () {
            () if !self.is_own(where_) => IMP_004,
            () if !self.family.lacks_material(&self.region) => IMP_003,
            () if self.family.import_status(&self.region).is_some() => IMP_022,
            () if self.past.member(&self.region).expired => IMP_008,
            () => IMP_006,
        }
    }

    /// A primary waits for its replicas; the others do not care (F-083, F-084).
    fn state_after_deletion(&self, of: &Region) -> RuleId {
        match () {
            () if self.is_own(of) && self.state() == KeyState::PendingReplicaDeletion => DEL_004,
            () if self.is_own(of) => DEL_006,
            () if *of == self.family.primary => DEL_007,
            () => DEL_011,
        }
    }

    /// A change that Updating forbids, but that happened, shows when Updating turns out not to be over.
    pub fn not_updating(&self) -> Option<RuleId> {
        (self.is_slip() && self.past.promoted()).then_some(UPR_034)
    }

    /// The same of Creating.
    pub fn not_creating(&self) -> Option<RuleId> {
        self.is_slip().then_some(REP_015)
    }

    fn is_slip(&self) -> bool {
        matches!(self.last, LastEvent::State(_) | LastEvent::Deletion(_) | LastEvent::Replicated(_))
    }

    /// A property of one member (F-032): after a promotion, in the answer of a new replica, when another
    /// member was changed, and otherwise.
    pub fn property(&self, promotion: RuleId, replica: RuleId, elsewhere: RuleId, own: RuleId) -> RuleId {
        match &self.last {
            LastEvent::Promoted => promotion,
            LastEvent::PromotionRefused => UPR_028,
            LastEvent::Denied => AUT_020,
            LastEvent::Replicated(r) if self.is_own(r) => replica,
            LastEvent::Replicated(_) => REP_017,
            LastEvent::Changed(r, _) if !self.is_own(r) => elsewhere,
            _ => own,
        }
    }

    /// The key policy.
    pub fn policy(&self) -> RuleId {
        match self.family.members[&self.region].policy {
            None => self.property(UPR_007, REP_008, ATT_016, ATT_015),
            Some(_) => self.property(UPR_007, REP_013, ATT_016, ATT_014),
        }
    }

    /// The tags.
    pub fn tags(&self) -> RuleId {
        let replica = if self.family.members[&self.region].tags.is_empty() { REP_006 } else { REP_013 };
        let untagged = matches!(self.last, LastEvent::Changed(_, Operation::UntagResource));
        self.property(UPR_008, replica, ATT_010, if untagged { ATT_013 } else { ATT_009 })
    }

    /// The grants; `own` is what is at stake when nothing else happened.
    pub fn grants(&self, own: RuleId) -> RuleId {
        match &self.last {
            LastEvent::Changed(r, Operation::RetireGrant) if self.is_own(r) => GRT_006,
            _ => self.property(GRT_003, GRT_009, GRT_002, own),
        }
    }

    /// Whether rotation is on: shared by the family (F-090), off while a deletion is pending (F-094).
    pub fn rotation(&self) -> RuleId {
        let primary = self.region == self.family.primary;
        match &self.last {
            // While it is made, what a replica shows is recorded only (F-047).
            _ if self.state() == KeyState::Creating => AWS_026,
            LastEvent::Promoted => ROT_013,
            LastEvent::PromotionRefused => UPR_028,
            LastEvent::Deletion(_) | LastEvent::Cancelled(_) => ROT_011,
            // On a replica it is first of all a question of whether the status is shared.
            LastEvent::State(_) if primary => ROT_012,
            _ if !primary => ROT_005,
            _ => ROT_001,
        }
    }

    /// A wrong plaintext: the most telling rule for what happened before (F-100).
    pub fn continuity(&self) -> RuleId {
        if !self.family.materials.used.is_empty() {
            return match () {
                () if self.family.materials.rotations() > 0 && self.last == LastEvent::Rotation => CRY_018,
                () if self.past.member(&self.region).lost_material => IMP_012,
                () if self.past.promoted() => IMP_017,
                () => IMP_010,
            };
        }
        match &self.last {
            LastEvent::Promoted => CRY_017,
            LastEvent::Rotation if self.family.rotations.any() => CRY_018,
            _ if !self.past.gone.is_empty() => DEL_017,
            LastEvent::Replicated(_) if self.past.remade => DEL_017,
            _ => CRY_001,
        }
    }
}
