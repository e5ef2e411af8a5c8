//! What the symbols of a sequence stand for at one endpoint: learned from its answers.

use crate::world::{Name, Region};
use rpds::RedBlackTreeMapSync;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// A value of the endpoint that an answer showed and later answers are compared with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// The account that makes the keys.
    Account,
    /// The AWS partition in ARNs, such as `aws`.
    Partition,
    /// The ARN of the second principal: given, not learned.
    LimitedPrincipal,
    /// The key id of a family.
    KeyId(Name),
    /// The creation date of the member that a step made (F-037).
    Created(Name),
    /// When the deletion is due that a step scheduled (F-082, F-083).
    DeletionDate(Name),
    /// The id of the grant that a step made.
    Grant(Name),
    /// The public key of a family (F-103).
    PublicKey(Name),
    /// The MAC of a message under a family: it never changes (F-104).
    Mac {
        /// Under whose key.
        family: Name,
        /// As MacAlgorithm names it.
        algorithm: String,
        /// What it is about.
        message: Vec<u8>,
    },
    /// The last random bytes.
    Random,
    /// The shared secret of two families, in the order of their names (F-105).
    SharedSecret(Name, Name),
    /// The plaintext behind what a step made, once a decryption has shown it.
    Plaintext(Name),
    /// The id of imported material of a family: the same in every member (F-127).
    Material(Name, Name),
    /// The wrapping algorithm that a step asked for: given, not learned.
    Wrapping(Name),
    /// The key spec for which a step asked how to wrap.
    WrappedSpec(Name),
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Slot::Account => f.write_str("the account"),
            Slot::Partition => f.write_str("the partition"),
            Slot::LimitedPrincipal => f.write_str("the limited principal"),
            Slot::KeyId(family) => write!(f, "the key id of {family}"),
            Slot::Created(step) => write!(f, "the creation date of what {step} made"),
            Slot::DeletionDate(step) => write!(f, "the date of the deletion that {step} scheduled"),
            Slot::Grant(step) => write!(f, "the grant id of {step}"),
            Slot::PublicKey(family) => write!(f, "the public key of {family}"),
            Slot::Mac { family, algorithm, .. } => write!(f, "the {algorithm} of a message under {family}"),
            Slot::Random => f.write_str("the last random bytes"),
            Slot::SharedSecret(a, b) => write!(f, "the shared secret of {a} and {b}"),
            Slot::Plaintext(step) => write!(f, "the plaintext of {step}"),
            Slot::Material(family, material) => write!(f, "the id of material {material} of {family}"),
            Slot::WrappedSpec(step) => write!(f, "the key spec of {step}"),
            Slot::Wrapping(step) => write!(f, "the wrapping algorithm of {step}"),
        }
    }
}

/// What the symbols stand for. A copy costs nothing.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    slots: RedBlackTreeMapSync<Slot, Value>,
    /// The body of each step that succeeded.
    outputs: RedBlackTreeMapSync<Name, Arc<Value>>,
    /// What stands between `alias/` and the symbolic name of an alias.
    pub alias_prefix: Arc<str>,
}

impl Bindings {
    /// Bindings that know nothing but the prefix of alias names.
    pub fn new(alias_prefix: &str) -> Bindings {
        Bindings { alias_prefix: alias_prefix.into(), ..Bindings::default() }
    }

    /// What is known of a slot.
    pub fn get(&self, slot: &Slot) -> Option<&Value> {
        self.slots.get(slot)
    }

    /// Learns, or is told, what a slot holds.
    pub fn set(&mut self, slot: Slot, value: Value) {
        if self.slots.get(&slot) != Some(&value) {
            self.slots.insert_mut(slot, value);
        }
    }

    /// Everything that is known, in a fixed order.
    pub fn slots(&self) -> impl Iterator<Item = (&Slot, &Value)> {
        self.slots.iter()
    }

    /// The body of the answer to a step, if that was a success.
    pub fn output(&self, step: &str) -> Option<&Value> {
        self.outputs.get(step).map(Arc::as_ref)
    }

    /// The same without the bodies of answers: all that it takes to put an answer into symbols.
    pub fn without_outputs(&self) -> Bindings {
        let (slots, alias_prefix) = (self.slots.clone(), self.alias_prefix.clone());
        Bindings { slots, alias_prefix, outputs: RedBlackTreeMapSync::default() }
    }

    /// Keeps the body of a successful answer.
    pub fn keep_output(&mut self, step: Name, body: Value) {
        self.outputs.insert_mut(step, Arc::new(body));
    }

    fn text(&self, slot: &Slot) -> Option<&str> {
        self.slots.get(slot)?.as_str()
    }

    /// The key id of a family, once its CreateKey was answered.
    pub fn key_id(&self, family: &Name) -> Option<&str> {
        self.text(&Slot::KeyId(family.clone()))
    }

    /// The key ARN of a family in a Region, once its CreateKey was answered.
    pub fn key_arn(&self, family: &Name, region: &str) -> Option<String> {
        Some(format!("{}key/{}", self.arn_start(region)?, self.key_id(family)?))
    }

    /// The alias ARN in a Region, once any CreateKey was answered.
    pub fn alias_arn(&self, alias: &str, region: &str) -> Option<String> {
        Some(format!("{}{}", self.arn_start(region)?, self.alias_name(alias)))
    }

    /// `alias/`, prefix and symbolic name.
    pub fn alias_name(&self, alias: &str) -> String {
        format!("alias/{}{alias}", self.alias_prefix)
    }

    /// `{account}` in a text, such as a policy, stands for the account that makes the key,
    /// `{limited}` for the ARN of the second principal. What is not known yet stays as it is.
    pub fn fill(&self, text: &str) -> String {
        let mut text = text.to_string();
        for (symbol, slot) in [("{account}", Slot::Account), ("{limited}", Slot::LimitedPrincipal)] {
            if let Some(known) = self.text(&slot) {
                text = text.replace(symbol, known);
            }
        }
        text
    }

    fn arn_start(&self, region: &str) -> Option<String> {
        let (partition, account) = (self.text(&Slot::Partition)?, self.text(&Slot::Account)?);
        Some(format!("arn:{partition}:kms:{region}:{account}:"))
    }

    /// A template with `{arn K R}` replaced by the key ARN of family K in Region R, and a leading `{id K}` by
    /// its key id; `None` while that is not known.
    pub fn expand(&self, template: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = template;
        if let Some((family, tail)) = rest.strip_prefix("{id ").and_then(|inner| inner.split_once('}')) {
            out += self.key_id(&family.into())?;
            rest = tail;
        }
        while let Some((before, after)) = rest.split_once("{arn ") {
            let (inner, tail) = after.split_once('}')?;
            let (family, region) = inner.split_once(' ')?;
            out += before;
            out += &self.key_arn(&family.into(), region)?;
            rest = tail;
        }
        Some(self.fill(&(out + rest)))
    }

    /// The key ARNs of a family's members in these Regions.
    pub(crate) fn member_arns<'r>(
        &self,
        family: &Name,
        regions: impl IntoIterator<Item = &'r Region>,
    ) -> impl Iterator<Item = (String, String)> {
        regions.into_iter().map(|r| (self.key_arn(family, r).unwrap_or_default(), r.to_string()))
    }
}
