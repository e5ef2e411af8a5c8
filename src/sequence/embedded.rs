//! The scenarios and their snapshots, in the binary.

use super::file::parse;
use super::steps::Sequence;
use include_dir::{Dir, include_dir};
use std::sync::OnceLock;

static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");
static SNAPSHOTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/snapshots");

fn files<'d>(dir: &'d Dir<'d>, out: &mut Vec<(String, &'d str)>) {
    for file in dir.files() {
        let path = file.path().to_string_lossy();
        if let (Some(id), Some(text)) = (path.strip_suffix(".yaml"), file.contents_utf8()) {
            out.push((id.to_string(), text));
        }
    }
    for sub in dir.dirs() {
        files(sub, out);
    }
}

/// Every scenario of the project, in the order of their ids.
///
/// # Panics
/// When one of them cannot be parsed; a test of this crate keeps that from happening.
pub fn embedded() -> &'static [Sequence] {
    static ALL: OnceLock<Vec<Sequence>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut found = Vec::new();
        files(&SCENARIOS, &mut found);
        found.sort();
        found.iter().map(|(id, text)| parse(id, text).unwrap_or_else(|e| panic!("{e:?}"))).collect()
    })
}

/// The reviewed transcript of a scenario on the reference endpoint, if there is one.
pub fn snapshot(id: &str) -> Option<&'static str> {
    let name = format!("{}.snap", id.replace('/', "__"));
    let text = SNAPSHOTS.get_file(name)?.contents_utf8()?;
    // insta: a header between two lines of dashes, then the content.
    Some(text.splitn(3, "---\n").nth(2).unwrap_or(text))
}
