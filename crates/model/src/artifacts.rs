//! What Encrypt, Sign and the like made, in symbols; kept so that a copy costs nothing and a comparison
//! does not grow with the history.

use crate::call::Operation;
use crate::world::{Name, Region};
use rpds::RedBlackTreeMapSync;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Something that an earlier answer holds and a later call may use.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Artifact {
    /// Of Encrypt, a data key or a re-encryption.
    Ciphertext {
        /// The family that decrypts it.
        family: Name,
        /// The encryption context that it is bound to.
        context: BTreeMap<String, String>,
        /// What decryption must give.
        plaintext: Plain,
        /// As EncryptionAlgorithm names it.
        algorithm: String,
        /// The operation that made it.
        by: Operation,
    },
    /// Of Sign.
    Signature {
        /// The family that verifies it.
        family: Name,
        /// What was signed.
        message: Vec<u8>,
        /// True when that was a digest already.
        digest: bool,
        /// True when the message is the representative that ML-DSA signs (EXTERNAL_MU).
        external_mu: bool,
        /// As SigningAlgorithm names it.
        algorithm: String,
    },
    /// Of GenerateMac.
    Mac {
        /// The family that verifies it.
        family: Name,
        /// What it is about.
        message: Vec<u8>,
        /// As MacAlgorithm names it.
        algorithm: String,
    },
    /// The public key of a family (F-103).
    PublicKey {
        /// Whose it is.
        family: Name,
    },
    /// What GetParametersForImport gave for this member.
    Parameters {
        /// The family of the member.
        family: Name,
        /// The Region of the member.
        region: Region,
        /// True when the material is to be wrapped by RSA_AES_KEY_WRAP.
        key_wrap: bool,
        /// True once they were used, or others were made for this member: whether they still do
        /// is not documented.
        spent: bool,
    },
    /// What ImportKeyMaterial took: its KeyMaterialId names it later (F-127).
    Material {
        /// The family that has it.
        family: Name,
        /// The material.
        material: Name,
    },
}

/// A plaintext: bytes that the scenario gave, or what an earlier step returned.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Plain {
    /// These bytes.
    Known(Vec<u8>),
    /// The `Plaintext` member of the answer to the step of this name.
    Of(Name),
    /// The `PrivateKeyPlaintext` member of the answer to the step of this name.
    Private(Name),
    /// A data key that was not shown: the first decryption teaches it; its length, or 0 if unknown.
    Unseen(Name, usize),
}

/// Artifacts by the name of the step that made them.
#[derive(Clone, Debug, Default)]
pub struct Artifacts {
    map: RedBlackTreeMapSync<Name, Arc<Artifact>>,
    /// The sum of the digests of all entries: two worlds whose artifacts differ differ in it, but for an
    /// accident of one in 2^128.
    digest: u128,
}

impl Artifacts {
    /// What the step of this name made.
    pub fn get(&self, step: &str) -> Option<&Artifact> {
        self.map.get(step).map(Arc::as_ref)
    }

    /// Every artifact with the step that made it, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Artifact)> {
        self.map.iter().map(|(name, artifact)| (name, artifact.as_ref()))
    }

    /// Keeps what a step made, in place of what it made before.
    pub fn insert(&mut self, step: Name, artifact: Artifact) {
        if let Some(old) = self.map.get(&step) {
            self.digest = self.digest.wrapping_sub(digest(&step, old));
        }
        self.digest = self.digest.wrapping_add(digest(&step, &artifact));
        self.map.insert_mut(step, Arc::new(artifact));
    }

    /// Forgets what a step made: nobody can name it.
    pub fn forget(&mut self, step: &str) {
        if let Some((name, artifact)) = self.map.get_key_value(step) {
            self.digest = self.digest.wrapping_sub(digest(name, artifact));
            self.map.remove_mut(step);
        }
    }

    /// Marks the parameters for import that a step got as used; other artifacts stay as they are.
    pub fn spend(&mut self, step: &Name) {
        if let Some(Artifact::Parameters { family, region, key_wrap, spent: false }) = self.get(step) {
            let (family, region, key_wrap) = (family.clone(), region.clone(), *key_wrap);
            self.insert(step.clone(), Artifact::Parameters { family, region, key_wrap, spent: true });
        }
    }

    /// The member is deleted: whether its parameters do for one that is made there later is not documented. They are
    /// those of another member then, of no Region.
    pub fn orphan(&mut self, of: &Name, there: &Region) {
        let its =
            |a: &Artifact| matches!(a, Artifact::Parameters { family, region, .. } if family == of && region == there);
        let orphans: Vec<(Name, Artifact)> =
            self.iter().filter(|(_, a)| its(a)).map(|(n, a)| (n.clone(), a.clone())).collect();
        for (step, artifact) in orphans {
            if let Artifact::Parameters { family, key_wrap, spent, .. } = artifact {
                self.insert(step, Artifact::Parameters { family, region: "".into(), key_wrap, spent });
            }
        }
    }

    /// Takes over whatever these do not have yet.
    pub fn merge(&mut self, other: &Artifacts) {
        if self == other {
            return;
        }
        let missing: Vec<_> = other.map.iter().filter(|(name, _)| !self.map.contains_key(*name)).collect();
        for (name, artifact) in missing {
            self.digest = self.digest.wrapping_add(digest(name, artifact));
            self.map.insert_mut(name.clone(), artifact.clone());
        }
    }
}

fn digest(step: &Name, artifact: &Artifact) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, step, artifact).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

impl PartialEq for Artifacts {
    fn eq(&self, other: &Artifacts) -> bool {
        self.digest == other.digest && self.map.size() == other.map.size()
    }
}

impl Eq for Artifacts {}

impl Hash for Artifacts {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(spent: bool) -> Artifact {
        Artifact::Parameters { family: "k".into(), region: "eu-west-1".into(), key_wrap: false, spent }
    }

    #[test]
    fn equal_whatever_the_order_and_the_detours() {
        let (mut a, mut b) = (Artifacts::default(), Artifacts::default());
        a.insert("x".into(), parameters(false));
        a.insert("y".into(), parameters(true));
        b.insert("y".into(), parameters(false));
        b.insert("x".into(), parameters(false));
        assert_ne!(a, b);
        b.insert("y".into(), parameters(true));
        assert_eq!(a, b);
    }

    #[test]
    fn parameters_of_a_deleted_member_are_of_no_region() {
        let mut artifacts = Artifacts::default();
        artifacts.insert("x".into(), parameters(false));
        artifacts.orphan(&"k".into(), &"us-east-1".into());
        assert_eq!(artifacts.get("x"), Some(&parameters(false)));
        artifacts.orphan(&"k".into(), &"eu-west-1".into());
        let Some(Artifact::Parameters { region, spent: false, .. }) = artifacts.get("x") else { panic!("forgotten") };
        assert_eq!(&**region, "");
    }

    #[test]
    fn merging_keeps_what_is_known_here() {
        let (mut a, mut b) = (Artifacts::default(), Artifacts::default());
        a.insert("x".into(), parameters(true));
        b.insert("x".into(), parameters(false));
        b.insert("y".into(), parameters(false));
        a.merge(&b);
        assert_eq!(a.get("x"), Some(&parameters(true)));
        assert_eq!(a.get("y"), Some(&parameters(false)));
        let mut same = Artifacts::default();
        same.insert("y".into(), parameters(false));
        same.insert("x".into(), parameters(true));
        assert_eq!(a, same);
        a.forget("x");
        same.forget("x");
        same.forget("z");
        assert_eq!(a, same);
        assert_eq!(a.get("x"), None);
    }
}
