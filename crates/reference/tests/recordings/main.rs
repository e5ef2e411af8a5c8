//! Replays recordings of the real service where they are at hand (`shared/recorded-aws` in a folder above
//! the repository): the endpoint with the recorded choices gives the same codes, texts and members.
//! Time runs faster here: rotations take less than a second, and what expires does so soon.

mod compare;
mod known;
mod values;

use mrkspec_reference::{Choices, Settings, fuzzing::Endpoint};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use values::Values;

const ROTATING: Duration = Duration::from_millis(700);
/// Creating and Updating.
const BRIEFLY: Duration = Duration::from_millis(400);

fn folder() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().map(|p| p.join("shared/recorded-aws")).find(|p| p.is_dir())
}

/// What became of a file's rows.
#[derive(Default)]
struct Tally {
    same: usize,
    left_out: usize,
    different: Vec<(String, String)>,
}

/// Why a row cannot be replayed here.
fn left_out(file: &str, row: &Value) -> Option<&'static str> {
    let text = |member: &str| row[member].as_str().unwrap_or("");
    let caller = text("caller");
    let owner = caller.is_empty() || caller.starts_with("owner");
    // IAM does not matter to these, so that anybody may stand for their caller.
    if !owner && file != "multi_region_permissions" {
        return Some("a caller that is not here");
    }
    if row.get("passed_on").is_some() || text("operation").contains(':') || text("operation").starts_with('(') {
        return Some("not a call of KMS");
    }
    if matches!(text("code"), "ParamValidation" | "UnrecognizedClientException") {
        return Some("never reached KMS");
    }
    let managed = text("case").starts_with("managed_") || text("case").contains("AWS managed key");
    managed.then_some("an AWS managed key")
}

/// Recorded answers that stand for what the caller did afterwards, or come after that.
fn settle(case: &str) {
    if matches!(case, "expired_pending_metadata" | "pending_expired_metadata") {
        std::thread::sleep(Duration::from_millis(2100));
    }
}

fn replay(file: &str, text: &str) -> Tally {
    let settings = Settings {
        choices: Choices::Recorded,
        rotating: ROTATING,
        creating: BRIEFLY,
        updating: BRIEFLY,
        seed: 7,
        ..Settings::default()
    };
    let endpoint = Endpoint::new(settings);
    let (mut values, mut tally) = (Values::default(), Tally::default());
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).expect("a row of JSON");
        if row.get("schema").is_some() {
            continue;
        }
        if left_out(file, &row).is_some() {
            tally.left_out += 1;
            continue;
        }
        let case = row["case"].as_str().unwrap_or("").to_string();
        settle(&case);
        let given: Map<String, Value> = row["input"].as_object().cloned().unwrap_or_default();
        let (region, operation) =
            (row["region"].as_str().unwrap_or("us-east-1"), row["operation"].as_str().unwrap_or(""));
        let ask = |operation: &str, input: &Value| endpoint.ask(0, region, operation, input.to_string().as_bytes());
        let input = match values.input(&case, operation, given, &|operation, input| ask(operation, &input).ok()) {
            Ok(input) => input,
            Err(why) => {
                tally.different.push((case, why));
                continue;
            }
        };
        let limit = Instant::now() + if case.ends_with("_poll") { Duration::from_secs(5) } else { Duration::ZERO };
        let outcome = loop {
            let answer = ask(operation, &input);
            let outcome = if row["recorded"] == json!(false) {
                values.learn_key(&row["output"], &answer);
                Ok(())
            } else {
                compare::row(&row, &answer, &mut values)
            };
            if outcome.is_ok() || Instant::now() >= limit {
                if let Ok(answer) = &answer {
                    values.learn(&case, operation, &input, &row["output"], answer);
                }
                break outcome;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        match outcome {
            Ok(()) => tally.same += 1,
            Err(why) => tally.different.push((case, why)),
        }
    }
    println!("{file}: {} as recorded, {} left out, {} different", tally.same, tally.left_out, tally.different.len());
    tally
}

#[test]
fn the_endpoint_answers_as_recorded() {
    let Some(folder) = folder() else {
        println!("no recordings here: nothing was replayed");
        return;
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).expect("readable").flatten().map(|e| e.path()).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "jsonl"));
    files.sort();
    let replays: Vec<(String, std::thread::JoinHandle<Tally>)> = files
        .iter()
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let (file, text) = (name.clone(), std::fs::read_to_string(path).expect("readable"));
            (name, std::thread::spawn(move || replay(&file, &text)))
        })
        .collect();
    let mut wrong = Vec::new();
    for (file, replay) in replays {
        let tally = replay.join().expect("a replay ends");
        for (case, why) in &tally.different {
            if !known::is_known(&file, case) {
                wrong.push(format!("{file}: {case}: {why}"));
            }
        }
        wrong.extend(known::stale(&file, &tally.different).map(|case| format!("{file}: {case} is as recorded now")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
