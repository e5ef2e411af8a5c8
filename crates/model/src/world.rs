//! What the service knows, as far as one sequence of calls can see.

pub use super::artifacts::{Artifact, Artifacts, Plain};
use super::keyspec::{KeySpec, Origin, Usage};
pub use super::materials::{Imported, Materials};
use super::principal::may_be;
use super::rotations::Rotations;
use rpds::RedBlackTreeMapSync;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A symbolic name given by a scenario: of a key family, an alias, or the result of a step.
pub type Name = Arc<str>;
/// An AWS Region, such as `eu-west-1`.
pub type Region = Arc<str>;

/// A key state as DescribeKey names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyState {
    /// A replica that is being made (F-044).
    Creating,
    /// Ready for use.
    Enabled,
    /// Switched off by DisableKey.
    Disabled,
    /// Waits for the end of its deletion window (F-083).
    PendingDeletion,
    /// A primary to be deleted, waiting until its replicas are gone (F-083).
    PendingReplicaDeletion,
    /// Of origin EXTERNAL and without key material (F-120).
    PendingImport,
    /// Old or new primary of a promotion that is under way (F-071).
    Updating,
}

impl KeyState {
    /// The wire name.
    pub fn name(self) -> &'static str {
        match self {
            KeyState::Creating => "Creating",
            KeyState::Enabled => "Enabled",
            KeyState::Disabled => "Disabled",
            KeyState::PendingDeletion => "PendingDeletion",
            KeyState::PendingReplicaDeletion => "PendingReplicaDeletion",
            KeyState::PendingImport => "PendingImport",
            KeyState::Updating => "Updating",
        }
    }

    /// True in the two states that ScheduleKeyDeletion leads to (F-083).
    pub fn is_pending_deletion(self) -> bool {
        matches!(self, KeyState::PendingDeletion | KeyState::PendingReplicaDeletion)
    }
}

/// One key in one Region: the independent properties (F-032).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    /// The step that made it: CreateKey, or ReplicateKey.
    pub made_by: Name,
    /// The lasting state; `Updating` is never stored here but follows from [`Family::promotion`].
    pub state: KeyState,
    /// The text of UpdateKeyDescription.
    pub description: String,
    /// The policy that was put, as text; `None` is the default policy (F-042, F-134).
    pub policy: Option<String>,
    /// Values by tag key.
    pub tags: BTreeMap<String, String>,
    /// Days, while a deletion is pending.
    pub window: Option<u32>,
    /// The step that scheduled the pending deletion. `None` as well where an earlier one was cancelled: what is read then may be
    /// about that one (F-077).
    pub scheduled_by: Option<Name>,
    /// A deletion was cancelled.
    pub was_cancelled: bool,
    /// True once the waiting period of a pending deletion may be over: whoever sends the calls has
    /// the clock (F-083).
    pub due: bool,
    /// The imported key material that this member has, and its expiry here (F-121).
    pub held: BTreeMap<Name, Imported>,
    /// Grants by the name of the step that made them (F-130).
    pub grants: BTreeMap<Name, Grant>,
    /// Grants whose answer was lost: they allow what they allow, but nobody knows their ids.
    pub stray_grants: Vec<Grant>,
}

/// A grant on one member (F-114, F-130).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grant {
    /// As the request named it; `{limited}` and `{account}` are symbols.
    pub grantee: String,
    /// Who may retire it, as the request named it.
    pub retiring: Option<String>,
    /// The operations that it allows.
    pub operations: BTreeSet<String>,
    /// The `Name` of the request, which makes it idempotent.
    pub label: Option<String>,
    /// EncryptionContextEquals.
    pub context_equals: Option<BTreeMap<String, String>>,
    /// EncryptionContextSubset.
    pub context_subset: Option<BTreeMap<String, String>>,
    /// The step that made it, when this one only asked for it again by its name.
    pub same_as: Option<Name>,
}

impl Member {
    /// A member as CreateKey or ReplicateKey makes it, before any option is applied.
    pub fn new(state: KeyState) -> Self {
        Member {
            made_by: "".into(),
            state,
            description: String::new(),
            policy: None,
            tags: BTreeMap::new(),
            window: None,
            scheduled_by: None,
            was_cancelled: false,
            due: false,
            held: BTreeMap::new(),
            grants: BTreeMap::new(),
            stray_grants: Vec::new(),
        }
    }

    /// The grants whose ids are known, each once, by the step that made it.
    pub fn distinct_grants(&self) -> impl Iterator<Item = (&Name, &Grant)> {
        self.grants.iter().filter(|(_, g)| g.same_as.is_none())
    }

    /// The step that made the grant that this step was answered with.
    pub fn grant<'a>(&'a self, step: &'a Name) -> Option<&'a Name> {
        Some(self.grants.get(step)?.same_as.as_ref().unwrap_or(step))
    }

    /// Takes away a grant, whichever of the steps that asked for it is named.
    pub fn remove_grant(&mut self, step: &Name) {
        if let Some(first) = self.grant(step).cloned() {
            self.grants.retain(|name, g| *name != first && g.same_as.as_ref() != Some(&first));
        }
    }

    /// Every grant on this member, also those whose ids nobody knows.
    pub fn all_grants(&self) -> impl Iterator<Item = &Grant> {
        self.grants.values().chain(&self.stray_grants)
    }
}

impl Grant {
    /// Whether a request with a name and these parameters asks for this grant again (F-114).
    pub fn is_repeated_by(&self, other: &Grant) -> bool {
        let retiring = match (&self.retiring, &other.retiring) {
            (Some(a), Some(b)) => may_be(a, b),
            (a, b) => a == b,
        };
        self.label.is_some()
            && may_be(&self.grantee, &other.grantee)
            && retiring
            && (&self.label, &self.operations, &self.context_equals, &self.context_subset)
                == (&other.label, &other.operations, &other.context_equals, &other.context_subset)
    }
}

/// A promotion that has been accepted and may not have ended yet (F-071).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Promotion {
    /// The Region of the old primary.
    pub from: Region,
    /// The Region of the new primary.
    pub to: Region,
}

/// All Regions of one key id: the shared properties (F-031) and the members.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Family {
    /// True for a multi-Region key.
    pub multi_region: bool,
    /// The key spec, the same in every Region.
    pub spec: KeySpec,
    /// The key usage, the same in every Region.
    pub usage: Usage,
    /// The origin of the material, the same in every Region.
    pub origin: Origin,
    /// The Region of the primary; of a single-Region key its only Region.
    pub primary: Region,
    /// The keys by Region.
    pub members: BTreeMap<Region, Member>,
    /// Whether automatic rotation is on (F-090).
    pub rotation_enabled: bool,
    /// Days (F-090).
    pub rotation_period: u32,
    /// Rotations on demand of keys whose material is AWS's own (F-092).
    pub rotations: Rotations,
    /// Imported key material, and its rotation (F-120, F-125).
    pub materials: Materials,
    /// A promotion that is under way.
    pub promotion: Option<Promotion>,
    /// Policies that were put on members which are gone: no new member has them (F-042).
    pub former_policies: BTreeSet<String>,
}

impl Family {
    /// The state that decides what an operation may do: `Updating` while a promotion that
    /// concerns this member is under way (F-071), the stored state otherwise.
    pub fn effective_state(&self, region: &str) -> Option<KeyState> {
        let member = self.members.get(region)?;
        if self.is_updating(region) {
            return Some(KeyState::Updating);
        }
        Some(member.state)
    }

    /// True when a promotion that is under way has this member as its old or new primary.
    pub fn is_updating(&self, region: &str) -> bool {
        self.promotion.as_ref().is_some_and(|p| *p.from == *region || *p.to == *region)
    }

    /// True when nothing is pending: no Creating member, no promotion under way, no deletion or
    /// expiry whose time has come.
    pub fn is_settled(&self) -> bool {
        let settled =
            |m: &Member| m.state != KeyState::Creating && !m.due && !m.held.values().any(|i| *i == Imported::Due);
        self.promotion.is_none()
            && !self.materials.rotating
            && self.members.values().all(settled)
            && !self.clock_may_start()
    }

    /// True while a promotion is under way, or a replica is being made (F-044, F-071).
    pub fn is_under_way(&self) -> bool {
        self.promotion.is_some() || self.members.values().any(|m| m.state == KeyState::Creating)
    }

    /// True when the primary waits for replicas that are all gone (F-083).
    fn clock_may_start(&self) -> bool {
        let primary = self.members.get(&self.primary);
        primary.is_some_and(|m| m.state == KeyState::PendingReplicaDeletion) && self.members.len() == 1
    }

    /// True when the primary is enabled and nothing concerns it.
    pub fn primary_is_enabled(&self) -> bool {
        self.effective_state(&self.primary) == Some(KeyState::Enabled)
    }

    /// Regions of all members but the primary.
    pub fn replicas(&self) -> impl Iterator<Item = &Region> {
        self.members.keys().filter(|r| **r != self.primary)
    }

    /// The state a replica has when Creating ends, and a new key has at once (F-044, F-120).
    pub fn first_state(&self) -> KeyState {
        match self.origin {
            Origin::AwsKms => KeyState::Enabled,
            Origin::External => KeyState::PendingImport,
        }
    }
}

/// Everything the service knows about the keys of one sequence. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct World {
    /// False at an endpoint that was found to evaluate no policies (F-118): then nothing is
    /// refused for lack of permission.
    pub enforced: bool,
    /// Shared between worlds: a copy costs nothing.
    pub families: RedBlackTreeMapSync<Name, Arc<Family>>,
    /// Aliases by Region and symbolic name; the value is the family.
    pub aliases: RedBlackTreeMapSync<(Region, Name), Name>,
    /// What Encrypt, Sign and the like made.
    pub artifacts: Artifacts,
}

impl World {
    /// The family of this name.
    pub fn family(&self, name: &str) -> Option<&Family> {
        self.families.get(name).map(Arc::as_ref)
    }

    /// The family of this name, to change it in this world only.
    ///
    /// # Panics
    /// When there is none: callers have resolved the name before.
    pub fn family_mut(&mut self, name: &str) -> &mut Family {
        Arc::make_mut(self.families.get_mut(name).expect("a resolved family"))
    }

    /// The member of a family in a Region, to change it in this world only.
    ///
    /// # Panics
    /// When there is none: callers have resolved it before.
    pub fn member_mut(&mut self, name: &str, region: &str) -> &mut Member {
        self.family_mut(name).members.get_mut(region).expect("a resolved member")
    }

    /// This world if the grant that was made under this name stays without one: its answer, with
    /// its id, was lost.
    pub fn with_stray_grant(mut self, name: &str) -> World {
        let has = |f: &Family| f.members.values().any(|m| m.grants.contains_key(name));
        let concerned: Vec<Name> = self.families.iter().filter(|(_, f)| has(f)).map(|(n, _)| n.clone()).collect();
        for family in concerned {
            for member in self.family_mut(&family).members.values_mut() {
                member.stray_grants.extend(member.grants.remove(name).filter(|g| g.same_as.is_none()));
            }
        }
        self
    }

    /// This world after the member was deleted, with its aliases (F-086, F-089).
    fn without(&self, name: &Name, region: &Region) -> World {
        let mut world = self.clone();
        let family = world.family_mut(name);
        let gone = family.members.remove(region);
        family.former_policies.extend(gone.and_then(|member| member.policy));
        world.artifacts.orphan(name, region);
        let lost = self.aliases.iter().filter(|((r, _), target)| r == region && *target == name);
        for (alias, _) in lost {
            world.aliases.remove_mut(alias);
        }
        world
    }

    /// This world after material of a member expired. What only waits for a rotation changes nothing (F-121).
    fn with_expired(&self, name: &Name, region: &Region, material: &Name) -> (Ending, World) {
        let mut world = self.clone();
        let family = world.family_mut(name);
        let member = family.members.get_mut(region).expect("a member");
        member.held.insert(material.clone(), Imported::Expired);
        if !family.materials.used.contains(material) {
            return (Ending::Settled, world);
        }
        if matches!(member.state, KeyState::Enabled | KeyState::Disabled) {
            member.state = KeyState::PendingImport;
        }
        (Ending::Expired(name.clone(), region.clone()), world)
    }

    /// Every world that one pending transient's end leads to.
    pub fn settle_steps(&self) -> Vec<World> {
        self.endings().into_iter().map(|(_, world)| world).collect()
    }

    /// The world when everything that is pending has ended.
    pub fn settled(mut self) -> World {
        while let Some(later) = self.settle_steps().pop() {
            self = later;
        }
        self
    }

    /// Every end that a pending transient can come to, and the world that it leads to.
    pub fn endings(&self) -> Vec<(Ending, World)> {
        let mut next = Vec::new();
        for (name, family) in &self.families {
            if family.promotion.is_some() {
                let mut world = self.clone();
                world.family_mut(name).promotion = None;
                next.push((Ending::Settled, world));
            }
            for (region, member) in &family.members {
                if member.state == KeyState::Creating {
                    let mut world = self.clone();
                    let first = family.first_state();
                    let settled = world.member_mut(name, region);
                    settled.state = first;
                    next.push((Ending::Settled, world));
                }
                if member.due {
                    next.push((Ending::Deleted(name.clone(), region.clone()), self.without(name, region)));
                }
                for (material, _) in member.held.iter().filter(|(_, i)| **i == Imported::Due) {
                    next.push(self.with_expired(name, region, material));
                }
            }
            if family.materials.rotating {
                for ended in family.rotation_ends() {
                    let mut world = self.clone();
                    *world.family_mut(name) = ended;
                    next.push((Ending::Settled, world));
                }
            }
            if family.clock_may_start() {
                let mut world = self.clone();
                world.member_mut(name, &family.primary).state = KeyState::PendingDeletion;
                next.push((Ending::Settled, world));
            }
        }
        next
    }
}

/// What comes to an end by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A promotion, the making of a replica, or a primary's wait for its replicas: what was begun is done.
    Settled,
    /// The member of this family in this Region was deleted when its waiting period was over (F-086).
    Deleted(Name, Region),
    /// The material of this family's member in this Region expired (F-121).
    Expired(Name, Region),
}
