//! What the grid is made of: a property that something becomes of, the event that brings it about, the member it is
//! done to. Every combination that makes sense is a cell.

/// What a key has, or a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Property {
    /// The key state.
    State,
    /// The key policy.
    Policy,
    /// Description.
    Description,
    /// Tags.
    Tags,
    /// Aliases.
    Aliases,
    /// Grants.
    Grants,
    /// Which imported material a member has.
    Imported,
    /// Until when imported material is valid.
    Expiry,
    /// Waiting period of a deletion, and its end.
    DeletionClock,
    /// CreationDate.
    CreationDate,
    /// Key material of all versions, as one member sees it.
    Material,
    /// Automatic rotation and its period, as one member sees it.
    Rotation,
    /// The list of rotations, as one member sees it.
    History,
    /// Which member is the primary, as one member sees it.
    Primary,
    /// Which members there are, as one member sees it.
    Members,
}

/// What happens to a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// CreateKey.
    Create,
    /// ReplicateKey to a Region that never had a member.
    Replicate,
    /// ReplicateKey to a Region that had a member once.
    ReplicateAgain,
    /// The first promotion of a family.
    Promote,
    /// A promotion of a member that was primary before.
    PromoteBack,
    /// A later promotion, of a member that was not primary before.
    PromoteOnward,
    /// A rotation on demand is done.
    Rotate,
    /// DisableKey.
    Disable,
    /// EnableKey.
    Enable,
    /// ScheduleKeyDeletion.
    Schedule,
    /// CancelKeyDeletion.
    Cancel,
    /// The waiting period is over and a member is gone.
    Delete,
    /// ImportKeyMaterial.
    Import,
    /// Imported material is no longer valid.
    Expire,
}

/// To which member something is done, seen from the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Member {
    /// The one that was acted on; the former primary of a promotion.
    Acting,
    /// The new replica, or the new primary.
    New,
    /// The first of the others.
    Third,
    /// The second of the others.
    Fourth,
}

/// What becomes of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It is not there any more.
    Lost,
    /// It is that of another member.
    Copied,
    /// It is as it was before the event, or in an earlier life of the member.
    Stale,
    /// It is as if nothing had been said when the key was made.
    Reset,
}

/// One fault of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// An event does something to a property of a member.
    Changed {
        /// Of what.
        property: Property,
        /// When.
        event: Event,
        /// Whose.
        member: Member,
        /// How.
        effect: Effect,
    },
    /// An event is refused because another one came before it.
    Refused {
        /// What is refused.
        event: Event,
        /// What came before.
        after: Event,
    },
}

use Effect::*;
use Event::*;
use Property::*;

const PROPERTIES: [(Property, &str, &[Effect]); 15] = [
    (State, "key state", &[Copied, Stale, Reset]),
    (Policy, "key policy", &[Copied, Reset]),
    (Description, "description", &[Lost, Copied]),
    (Tags, "tags", &[Lost, Copied]),
    (Aliases, "aliases", &[Lost, Copied]),
    (Grants, "grants", &[Lost, Copied]),
    (Imported, "imported material", &[Lost, Copied, Stale]),
    (Expiry, "expiry of imported material", &[Lost, Copied]),
    (DeletionClock, "deletion date", &[Copied, Stale, Reset]),
    (CreationDate, "creation date", &[Copied, Reset]),
    (Material, "key material", &[Lost, Stale, Reset]),
    (Rotation, "automatic rotation", &[Lost, Reset]),
    (History, "list of rotations", &[Lost, Stale]),
    (Primary, "primary", &[Stale, Reset]),
    (Members, "list of members", &[Lost, Stale]),
];

const EVENTS: [(Event, &str); 14] = [
    (Create, "creation"),
    (Replicate, "replication"),
    (ReplicateAgain, "replication after a deletion"),
    (Promote, "first promotion"),
    (PromoteBack, "promotion back"),
    (PromoteOnward, "second promotion"),
    (Rotate, "rotation"),
    (Disable, "DisableKey"),
    (Enable, "EnableKey"),
    (Schedule, "ScheduleKeyDeletion"),
    (Cancel, "CancelKeyDeletion"),
    (Delete, "end of a waiting period"),
    (Import, "import of key material"),
    (Expire, "expiry of key material"),
];

impl Event {
    fn is_promotion(self) -> bool {
        matches!(self, Promote | PromoteBack | PromoteOnward)
    }

    fn is_replication(self) -> bool {
        matches!(self, Replicate | ReplicateAgain)
    }

    /// The operation that is refused where the event is.
    pub fn operation(self) -> Option<&'static str> {
        Some(match self {
            Create | Delete | Expire => return None,
            Replicate | ReplicateAgain => "ReplicateKey",
            Promote | PromoteBack | PromoteOnward => "UpdatePrimaryRegion",
            Rotate => "RotateKeyOnDemand",
            Disable => "DisableKey",
            Enable => "EnableKey",
            Schedule => "ScheduleKeyDeletion",
            Cancel => "CancelKeyDeletion",
            Import => "ImportKeyMaterial",
        })
    }

    fn words(self) -> &'static str {
        EVENTS.iter().find(|(e, _)| *e == self).map_or("", |(_, words)| words)
    }
}

impl Property {
    /// Whether the event changes the property of the member: only then it can be left as it was.
    fn is_changed_by(self, event: Event, member: Member) -> bool {
        let acting = member == Member::Acting;
        match self {
            State => acting && matches!(event, Disable | Enable | Schedule | Cancel | Import | Expire),
            Imported => acting && matches!(event, Import | Expire) || event == Rotate,
            DeletionClock => acting && matches!(event, Schedule | Cancel),
            Material | History => event == Rotate,
            Primary => event.is_promotion(),
            Members => event.is_replication() || event == Delete,
            _ => false,
        }
    }

    /// Whether each member has its own.
    fn is_own(self) -> bool {
        !matches!(self, Material | Rotation | History | Primary | Members)
    }

    /// Whether a member can have it of an earlier life; what nobody tells twice, or belongs to the Region, is not.
    fn outlives(self) -> bool {
        self.is_own() && !matches!(self, Aliases | CreationDate | Expiry | DeletionClock)
    }

    fn words(self) -> &'static str {
        PROPERTIES.iter().find(|(p, ..)| *p == self).map_or("", |(_, words, _)| words)
    }
}

/// All cells that make sense.
pub fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for (event, _) in EVENTS {
        for member in [Member::Acting, Member::New, Member::Third, Member::Fourth] {
            for (property, _, effects) in PROPERTIES {
                let all = [Lost, Copied, Stale, Reset];
                let sensible = all.into_iter().filter(|e| makes_sense(property, event, member, *e, effects));
                cells.extend(sensible.map(|effect| Cell::Changed { property, event, member, effect }));
            }
        }
    }
    let mut operations: Vec<(Event, &str)> = Vec::new();
    for (event, operation) in EVENTS.iter().filter_map(|(e, _)| Some((*e, e.operation()?))) {
        if !operations.iter().any(|(_, o)| *o == operation) {
            operations.push((event, operation));
        }
    }
    // What the same event cannot do twice is no fault when it is refused.
    let twice = |event: Event, after: Event| event != after || !matches!(event, Disable | Enable | Schedule | Cancel);
    for (event, _) in operations {
        let before = EVENTS.iter().map(|(e, _)| *e).filter(|after| *after != Create && twice(event, *after));
        cells.extend(before.map(|after| Cell::Refused { event, after }));
    }
    cells
}

fn makes_sense(property: Property, event: Event, member: Member, effect: Effect, effects: &[Effect]) -> bool {
    let there = match member {
        Member::Acting => event != Delete,
        Member::New => event.is_promotion() || event.is_replication(),
        Member::Third | Member::Fourth => event != Create,
    };
    let new_life = event == ReplicateAgain && member == Member::New && property.outlives();
    let known = match effect {
        Stale => (effects.contains(&Stale) && property.is_changed_by(event, member)) || new_life,
        // A key that is being made has nobody to copy from, and a first life nothing to lose but what was asked for.
        Copied => effects.contains(&Copied) && event != Create,
        _ => effects.contains(&effect),
    };
    there && known
}

impl Cell {
    /// A name for `serve --fault`: `grid/policy/promote/third/reset`.
    pub fn name(&self) -> String {
        match self {
            Cell::Changed { property, event, member, effect } => {
                format!("grid/{property:?}/{event:?}/{member:?}/{effect:?}").to_lowercase()
            }
            Cell::Refused { event, after } => format!("grid/refused/{event:?}/after/{after:?}").to_lowercase(),
        }
    }

    /// Whether only dates show it, which are not to be told apart where days are short.
    pub fn is_about_dates(&self) -> bool {
        matches!(self, Cell::Changed { property: DeletionClock | CreationDate, .. })
    }

    /// What the mistake is, in one sentence.
    pub fn about(&self) -> String {
        let (property, event, member, effect) = match self {
            Cell::Changed { property, event, member, effect } => (property, event, member, effect),
            Cell::Refused { event, after } => {
                let operation = event.operation().unwrap_or("");
                return format!("After {} {operation} is refused", article(after.words()));
            }
        };
        let whose = match member {
            Member::Acting if event.is_promotion() => "the former primary",
            Member::Acting if event.is_replication() => "the primary",
            Member::Acting => "the member",
            Member::New if event.is_promotion() => "the new primary",
            Member::New => "the new replica",
            Member::Third => "another member",
            Member::Fourth => "a second other member",
        };
        let becomes = match effect {
            Lost => "loses its",
            Copied => "takes over another member's",
            Stale if *event == ReplicateAgain => "keeps from its earlier life the",
            Stale => "does not hear of the new",
            Reset => "sets back its",
        };
        let mut text = format!("With {} {whose} {becomes} {}", article(event.words()), property.words());
        if property.is_own() && *effect == Stale && *event != ReplicateAgain {
            text = format!("With {} the {} of {whose} stays as it was", article(event.words()), property.words());
        }
        text
    }
}

fn article(words: &str) -> String {
    match words.chars().next() {
        Some(c) if c.is_uppercase() => words.to_string(),
        Some('a' | 'e' | 'i' | 'o' | 'u') => format!("an {words}"),
        _ => format!("a {words}"),
    }
}
