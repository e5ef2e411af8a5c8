//! Inputs worth keeping: in memory, and in a directory that libFuzzer's targets share.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

/// A corpus directory that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    #[error("the corpus {} cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the corpus cannot be added to: {} cannot be written", path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// The corpus of a campaign.
pub struct Corpus {
    directory: Option<PathBuf>,
    /// Read from the directory, and not tried yet.
    untried: Vec<Vec<u8>>,
    /// Those that showed something new here.
    kept: Vec<Vec<u8>>,
    /// Names of what is in the directory.
    names: BTreeSet<String>,
}

impl Corpus {
    /// Reads the inputs of a directory, if there is one; it is made when it does not exist. Of `(i, n)`
    /// shards, this one tries every n-th.
    ///
    /// # Errors
    /// When the directory cannot be made or read.
    pub fn open(directory: Option<&Path>, shard: Option<(usize, usize)>) -> Result<Corpus, CorpusError> {
        let mut corpus = Corpus {
            directory: directory.map(Path::to_path_buf),
            untried: Vec::new(),
            kept: Vec::new(),
            names: BTreeSet::new(),
        };
        let Some(directory) = directory else {
            return Ok(corpus);
        };
        let bad = |source: io::Error| CorpusError::Read { path: directory.to_path_buf(), source };
        std::fs::create_dir_all(directory).map_err(bad)?;
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(directory).map_err(bad)? {
            let path = entry.map_err(bad)?.path();
            if path.is_file() {
                files.push(path);
            }
        }
        files.sort();
        let (i, n) = shard.unwrap_or((1, 1));
        for (k, path) in files.iter().enumerate() {
            let bytes = std::fs::read(path).map_err(|source| CorpusError::Read { path: path.clone(), source })?;
            corpus.names.insert(name(&bytes));
            if k % n == i - 1 {
                corpus.untried.push(bytes);
            }
        }
        // The last one is tried first.
        corpus.untried.reverse();
        Ok(corpus)
    }

    /// The next input of the directory.
    pub fn untried(&mut self) -> Option<Vec<u8>> {
        self.untried.pop()
    }

    /// The inputs that showed something new.
    pub fn kept(&self) -> &[Vec<u8>] {
        &self.kept
    }

    /// Keeps an input, in the directory as well.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn keep(&mut self, bytes: Vec<u8>) -> Result<(), CorpusError> {
        if let Some(directory) = &self.directory
            && self.names.insert(name(&bytes))
        {
            let path = directory.join(name(&bytes));
            std::fs::write(&path, &bytes).map_err(|source| CorpusError::Write { path, source })?;
        }
        self.kept.push(bytes);
        Ok(())
    }
}

/// The name of an input is made from its content.
fn name(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
