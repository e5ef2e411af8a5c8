//! The arrows of the design: the model imports nothing of ours, and model and reference endpoint
//! nothing of each other.

use std::path::Path;

fn sources(directory: &Path, out: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(directory).expect("a source directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push((path.display().to_string(), std::fs::read_to_string(&path).expect("a source")));
        }
    }
}

fn forbid(part: &str, others: &[&str]) {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(part), &mut files);
    assert!(files.len() > 3, "{part} has moved");
    for (path, text) in &files {
        for other in others {
            let import = format!("crate::{other}");
            assert!(!text.contains(&import), "{path} imports {import}");
        }
    }
}

#[test]
fn the_model_imports_nothing_of_ours() {
    forbid(
        "spec",
        &["wire", "target", "run", "generate", "scenario", "verdict", "report", "reference", "cli", "check"],
    );
}

#[test]
fn the_reference_endpoint_imports_nothing_of_the_harness() {
    forbid(
        "reference",
        &["spec", "wire", "target", "run", "generate", "scenario", "verdict", "report", "cli", "check"],
    );
}

#[test]
fn reports_read_verdicts_and_do_not_run_anything() {
    forbid("report", &["reference", "target", "wire", "cli"]);
}
