//! Scenarios that the caller brings.

use crate::campaign::CheckError;
use crate::sequence::{self, Sequence};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where the caller's scenarios are.
#[derive(Clone, Default)]
pub(super) struct Own {
    /// Files and directories.
    pub paths: Vec<PathBuf>,
    /// Id and text.
    pub texts: Vec<(String, String)>,
}

/// One of them.
pub(super) struct OwnScenario {
    /// The file; for a text, what a file of it would be called.
    pub path: PathBuf,
    pub sequence: Sequence,
}

impl Own {
    /// Reads all of them, in the order of their ids within each directory.
    pub(super) fn load(&self) -> Result<Vec<OwnScenario>, CheckError> {
        let mut loaded = Vec::new();
        for path in &self.paths {
            let mut files = Vec::new();
            if path.is_dir() {
                find(path, path, &mut files)?;
                if files.is_empty() {
                    return Err(CheckError::NoScenarioFile(path.clone()));
                }
            } else {
                files.push((id(Path::new(path.file_name().unwrap_or_default())), path.clone()));
            }
            files.sort();
            for (id, path) in files {
                let text = std::fs::read_to_string(&path).map_err(|e| unreadable(&path, e))?;
                loaded.push(OwnScenario { sequence: parse(&id, &text)?, path });
            }
        }
        for (id, text) in &self.texts {
            loaded.push(OwnScenario { path: format!("{id}.yaml").into(), sequence: parse(id, text)? });
        }
        Ok(loaded)
    }
}

fn parse(id: &str, text: &str) -> Result<Sequence, CheckError> {
    Ok(sequence::parse(id, text)?)
}

fn unreadable(path: &Path, source: std::io::Error) -> CheckError {
    CheckError::Read { path: path.to_path_buf(), source }
}

/// The name of a file in reports.
fn id(relative: &Path) -> String {
    relative.with_extension("").to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

/// Every scenario file below `directory`, with its id. Symbolic links to directories are not followed:
/// they may lead in a circle.
fn find(root: &Path, directory: &Path, files: &mut Vec<(String, PathBuf)>) -> Result<(), CheckError> {
    for entry in std::fs::read_dir(directory).map_err(|e| unreadable(directory, e))? {
        let entry = entry.map_err(|e| unreadable(directory, e))?;
        let path = entry.path();
        if entry.file_type().map_err(|e| unreadable(&path, e))?.is_dir() {
            find(root, &path, files)?;
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            files.push((id(path.strip_prefix(root).unwrap_or(&path)), path));
        }
    }
    Ok(())
}

/// Reports name scenarios by their ids: no two may have the same.
pub(super) fn unique(all: &[Sequence]) -> Result<(), CheckError> {
    let mut seen = BTreeSet::new();
    match all.iter().find(|s| !seen.insert(&s.id)) {
        None => Ok(()),
        Some(twice) => Err(CheckError::Twice(twice.id.clone())),
    }
}
