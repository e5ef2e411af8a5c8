//! What happened last. The service does not know it and no answer depends on it; it decides which rule
//! a report names ([`crate::attribution`]) and which situation a read is in
//! ([`crate::situation::Situation`]). So it stands beside the [`World`], and two worlds that differ only
//! in how they came about are one.

use crate::call::{Arg, Auth, Call, Caller, Operation};
use crate::materials;
use crate::outcome::{Outcome, Reason, UnderWay};
use crate::step::needed_families;
use crate::world::{Ending, Family, Name, Region, World};
use rpds::RedBlackTreeMapSync;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

/// What happened last to a family. A report blames the rule about this when a property that
/// should have stayed the same has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LastEvent {
    /// It was made.
    #[default]
    Made,
    /// A promotion succeeded.
    Promoted,
    /// A promotion was refused, or named the present primary Region.
    PromotionRefused,
    /// A replica was made in this Region.
    Replicated(Region),
    /// The member in this Region was enabled or disabled.
    State(Region),
    /// Deletion of the member in this Region was scheduled.
    Deletion(Region),
    /// Deletion of the member in this Region was cancelled.
    Cancelled(Region),
    /// Description, policy, tags, aliases or grants of the member in this Region were changed by
    /// this operation.
    Changed(Region, Operation),
    /// Rotation was switched on or off, or asked for.
    Rotation,
    /// Key material was imported into, deleted from or expired in the member in this Region.
    Imported(Region),
    /// New material was imported into the member in this Region; it waits for a rotation.
    Staged(Region),
    /// Material that waited for a rotation was deleted from the member in this Region.
    Withdrawn(Region),
    /// The member in this Region was deleted when its waiting period was over.
    Gone(Region),
    /// A call was refused because the caller lacked a permission.
    Denied,
    /// A call without valid authentication was refused.
    Unauthenticated,
}

/// What happened to a family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// What came last.
    pub last: LastEvent,
    /// From and to of the last promotion that succeeded.
    pub promotion: Option<(Region, Region)>,
    /// Regions whose member was deleted and not made again (F-086).
    pub gone: BTreeSet<Region>,
    /// True once a deleted replica was made again (F-045).
    pub remade: bool,
    /// The last promotion was seen to be under way.
    pub promotion_seen: bool,
    members: BTreeMap<Region, MemberPast>,
}

/// What happened to a member, as long as it exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberPast {
    /// A deletion of it was cancelled.
    pub cancelled: bool,
    /// Its material expired.
    pub expired: bool,
    /// Its material was deleted or expired.
    pub lost_material: bool,
    /// A grant was revoked or retired.
    pub lost_grants: bool,
    /// It was seen in Creating.
    pub creating_seen: bool,
}

impl Past {
    /// True once a promotion succeeded.
    pub fn promoted(&self) -> bool {
        self.promotion.is_some()
    }

    /// True when the last promotion went from this Region.
    pub fn is_former_primary(&self, region: &str) -> bool {
        self.promotion.as_ref().is_some_and(|(from, _)| **from == *region)
    }

    /// What happened to the member in this Region.
    pub fn member(&self, region: &str) -> MemberPast {
        self.members.get(region).copied().unwrap_or_default()
    }

    /// True when a deletion of some member was cancelled.
    pub fn any_cancelled(&self) -> bool {
        self.members.values().any(|m| m.cancelled)
    }

    fn member_mut(&mut self, region: &Region) -> &mut MemberPast {
        self.members.entry(region.clone()).or_default()
    }

    /// Notes that the material of a member is gone.
    pub fn lose_material(&mut self, region: &Region) {
        self.member_mut(region).lost_material = true;
    }
}

/// What happened, by family. A copy costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    families: RedBlackTreeMapSync<Name, Arc<Past>>,
    /// How many calls and endings left a trace.
    events: usize,
}

impl Trail {
    /// What happened to a family; nothing, of one that is not known.
    pub fn family(&self, name: &str) -> &Past {
        static NOTHING: LazyLock<Past> = LazyLock::new(Past::default);
        self.families.get(name).map_or(&NOTHING, Arc::as_ref)
    }

    /// The families about which something is known.
    pub fn families(&self) -> impl Iterator<Item = (&Name, &Past)> {
        self.families.iter().map(|(name, past)| (name, past.as_ref()))
    }

    /// What happened to a family, to change it.
    pub fn family_mut(&mut self, name: &Name) -> &mut Past {
        if !self.families.contains_key(name) {
            self.families.insert_mut(name.clone(), Arc::default());
        }
        Arc::make_mut(self.families.get_mut(name).expect("just inserted"))
    }

    /// Whether this trail is to be kept rather than the other when both lead to the same world: the one
    /// in which less happened. They differ in a call whose answer was lost and which, if it was carried
    /// out at all, changed nothing. Everything in the shorter trail did happen, so that no rule is said to
    /// have been tested by a call that may never have arrived.
    pub fn is_surer_than(&self, other: &Trail) -> bool {
        self.events < other.events
    }

    /// The trail after a call in the world `before` had this outcome: the one place that says which
    /// calls leave which trace.
    pub fn after(&self, call: &Call, before: &World, outcome: &Outcome) -> Trail {
        let mut next = self.clone();
        match &outcome.shows {
            Some((name, UnderWay::Promotion)) => next.family_mut(name).promotion_seen = true,
            Some((name, UnderWay::Creating(region))) => next.family_mut(name).member_mut(region).creating_seen = true,
            None => {}
        }
        let events = match outcome.reason() {
            Some(reason) => of_refusal(call, before, reason),
            None => of_success(call, before, &outcome.next),
        };
        next.events += usize::from(!events.is_empty());
        for (name, event) in events {
            let past = next.family_mut(&name);
            let (was, is) = (before.family(&name), outcome.next.family(&name));
            note(past, &event, was, is);
            past.last = event;
        }
        next
    }

    /// The trail after something ended by itself.
    pub fn ended(&self, ending: &Ending) -> Trail {
        let mut next = self.clone();
        match ending {
            Ending::Settled => {}
            Ending::Deleted(name, region) => {
                next.events += 1;
                let past = next.family_mut(name);
                past.last = LastEvent::Gone(region.clone());
                past.members.remove(region);
                past.gone.insert(region.clone());
            }
            Ending::Expired(name, region) => {
                next.events += 1;
                let past = next.family_mut(name);
                past.last = LastEvent::Imported(region.clone());
                let member = past.member_mut(region);
                (member.expired, member.lost_material) = (true, true);
            }
        }
        next
    }
}

/// What an event leaves behind beyond being the last one.
fn note(past: &mut Past, event: &LastEvent, was: Option<&Family>, is: Option<&Family>) {
    match event {
        LastEvent::Promoted => {
            // Without a change of the primary there was none: the call named the primary that there was.
            if let (Some(was), Some(is)) = (was, is)
                && was.primary != is.primary
            {
                past.promotion = Some((was.primary.clone(), is.primary.clone()));
                past.promotion_seen = false;
            }
        }
        LastEvent::Replicated(region) => {
            past.remade |= past.gone.remove(region);
            past.member_mut(region).creating_seen = false;
        }
        LastEvent::Cancelled(region) => past.member_mut(region).cancelled = true,
        LastEvent::Changed(region, Operation::RevokeGrant | Operation::RetireGrant) => {
            past.member_mut(region).lost_grants = true;
        }
        LastEvent::Imported(region) => {
            let held = |f: Option<&Family>| f.map_or(0, |f| f.held_materials(region));
            past.member_mut(region).lost_material |= held(is) < held(was);
        }
        _ => {}
    }
}

fn of_refusal(call: &Call, before: &World, reason: &Reason) -> Vec<(Name, LastEvent)> {
    let named = || match call.args.get("KeyId") {
        Some(Arg::Key(key)) if before.families.contains_key(&key.name) => Some(key.name.clone()),
        _ => None,
    };
    let all = |names: Vec<Name>, event: LastEvent| names.into_iter().map(|n| (n, event.clone())).collect();
    match () {
        () if call.auth != Auth::Valid => all(named().into_iter().collect(), LastEvent::Unauthenticated),
        () if call.raw_body.is_some() => Vec::new(),
        () if call.caller == Caller::Other => all(named().into_iter().collect(), LastEvent::Denied),
        () if *reason == Reason::Denied => all(needed_families(before, call), LastEvent::Denied),
        () if call.op == Operation::UpdatePrimaryRegion => {
            all(addressed(before, call).into_iter().collect(), LastEvent::PromotionRefused)
        }
        () => Vec::new(),
    }
}

/// The family that a promotion names, whether or not it is in the Region called.
fn addressed(world: &World, call: &Call) -> Option<Name> {
    match call.args.get("KeyId")? {
        Arg::Key(key) if world.families.contains_key(&key.name) => Some(key.name.clone()),
        Arg::Key(key) => world.aliases.get(&(call.region.clone(), key.name.clone())).cloned(),
        _ => None,
    }
}

fn of_success(call: &Call, before: &World, after: &World) -> Vec<(Name, LastEvent)> {
    use Operation::*;
    let here = || call.region.clone();
    let event = match call.op {
        CreateKey => return vec![(call.name.clone(), LastEvent::Made)],
        UpdatePrimaryRegion if names_its_primary(call, before) => LastEvent::PromotionRefused,
        UpdatePrimaryRegion => LastEvent::Promoted,
        ReplicateKey => LastEvent::Replicated(call.text("ReplicaRegion").unwrap_or("").into()),
        EnableKey | DisableKey => LastEvent::State(here()),
        ScheduleKeyDeletion => LastEvent::Deletion(here()),
        CancelKeyDeletion => LastEvent::Cancelled(here()),
        PutKeyPolicy | TagResource | UntagResource | UpdateKeyDescription | CreateGrant | CreateAlias | UpdateAlias => {
            LastEvent::Changed(here(), call.op)
        }
        EnableKeyRotation | DisableKeyRotation | RotateKeyOnDemand => LastEvent::Rotation,
        DeleteImportedKeyMaterial if is_withdrawn(call, before) => LastEvent::Withdrawn(here()),
        DeleteImportedKeyMaterial => LastEvent::Imported(here()),
        ImportKeyMaterial => return of_import(call, after),
        // Neither names its key.
        DeleteAlias => {
            let Some(Arg::AliasName(alias)) = call.args.get("AliasName") else { return Vec::new() };
            let family = before.aliases.get(&(here(), alias.clone())).filter(|f| before.families.contains_key(*f));
            return family.into_iter().map(|f| (f.clone(), LastEvent::Changed(here(), call.op))).collect();
        }
        RevokeGrant | RetireGrant => {
            return with_fewer_grants(before, after).map(|(f, r)| (f, LastEvent::Changed(r, call.op))).collect();
        }
        _ => return Vec::new(),
    };
    named(call).into_iter().map(|name| (name, event.clone())).collect()
}

/// The family of the key that a change names: none of these takes an alias (F-024).
fn named(call: &Call) -> Option<Name> {
    match call.args.get(call.op.key_member())? {
        Arg::Key(key) => Some(key.name.clone()),
        _ => None,
    }
}

/// Whether a promotion is asked for to where the primary is (F-057).
fn names_its_primary(call: &Call, before: &World) -> bool {
    let primary = named(call).and_then(|name| Some(&before.family(&name)?.primary));
    primary == Some(&call.region) && call.text("PrimaryRegion") == Some(&*call.region)
}

/// Whether the material that is deleted is one that only waits for a rotation.
fn is_withdrawn(call: &Call, before: &World) -> bool {
    let Some(family) = named(call) else { return false };
    let pending = before.family(&family).and_then(|f| f.materials.pending.as_ref());
    matches!(materials::named(before, call, &family), materials::Named::Of(m) if pending == Some(m))
}

/// Material that the family works with now, or that waits for a rotation.
fn of_import(call: &Call, after: &World) -> Vec<(Name, LastEvent)> {
    let (Some(name), Some(given)) = (named(call), materials::given(call)) else { return Vec::new() };
    let known = after.family(&name).map(|f| &f.materials);
    let event = match known {
        Some(materials) if materials.used.contains(given) => LastEvent::Imported(call.region.clone()),
        Some(materials) if materials.has(given) => LastEvent::Staged(call.region.clone()),
        _ => return Vec::new(),
    };
    vec![(name, event)]
}

/// Members that have fewer grants in the one world than in the other.
fn with_fewer_grants<'w>(before: &'w World, after: &'w World) -> impl Iterator<Item = (Name, Region)> + 'w {
    before.families.iter().flat_map(move |(name, family)| {
        let fewer = |region: &Region, count: usize| {
            let left = after.family(name).and_then(|f| f.members.get(region)).map_or(0, |m| m.grants.len());
            left < count
        };
        let members = family.members.iter().filter(move |(region, m)| fewer(region, m.grants.len()));
        members.map(move |(region, _)| (name.clone(), region.clone()))
    })
}
