//! Keys that have nothing to do with each other: the order of what is seen of them does not matter.

use super::*;
use proptest::prelude::*;

/// What may be done to one key, and whether its answer is twisted.
fn history() -> impl Strategy<Value = Vec<(usize, bool)>> {
    proptest::collection::vec((0..7_usize, proptest::bool::weighted(0.2)), 1..8)
}

fn deed(family: &str, number: usize) -> Call {
    use Operation::*;
    match number {
        0 => on(DisableKey, family),
        1 => on(EnableKey, family),
        2 => on(UpdateKeyDescription, family).with("Description", Arg::Json(json!("text"))),
        3 => on(EnableKeyRotation, family),
        4 => replicate(family),
        5 => promote(family),
        _ => describe(family, HERE),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever order the same observations of independent keys come in, the rulings are the same.
    #[test]
    fn independent_keys_do_not_disturb_each_other(
        a in history(), b in history(), order in proptest::collection::vec(any::<bool>(), 16), consistent in any::<bool>(),
    ) {
        let mut bench = Bench::new(consistent, Settings::default());
        bench.accept(&create("a"));
        bench.accept(&create("b"));
        let made = [create("a"), create("b")].map(|c| {
            let id = json!(bench.oracle.bindings().key_id(&c.name));
            (c, id)
        });
        prop_assert!(made[0].1 != made[1].1);
        // The answers are the same in every order: the keys are independent.
        let tape = |family: &str, deeds: &[(usize, bool)]| -> Vec<(Call, Response)> {
            deeds.iter().enumerate().map(|(i, (deed_number, twist))| {
                let mut call = deed(family, *deed_number);
                call.name = format!("{family}{i}").into();
                let answer = bench.answer(&call);
                let answer = match (&answer, *twist) {
                    (Response::Success(body), true) if body.get("KeyMetadata").is_some() =>
                        twisted(&answer, "Description", json!("made up")),
                    (_, true) => Response::Error { code: "DisabledException".into(), message: "no".into(), status: 400 },
                    _ => answer,
                };
                (call, answer)
            }).collect()
        };
        let (a, b) = (tape("a", &a), tape("b", &b));
        let separate: Vec<(Call, Response)> = a.iter().chain(&b).cloned().collect();
        let mut mixed = Vec::new();
        let (mut left, mut right) = (a.iter(), b.iter());
        for first in order {
            mixed.extend(if first { left.next() } else { right.next() }.cloned());
        }
        mixed.extend(left.chain(right).cloned());
        let rulings = |observations: &[(Call, Response)]| -> std::collections::BTreeMap<Name, String> {
            let mut told = oracle(consistent);
            for (call, id) in &made {
                let arn = |r: &str| format!("arn:aws:kms:{r}:111122223333:key/{}", id.as_str().unwrap_or(""));
                let answer = bench.endpoint.ask(0, HERE, "DescribeKey", json!({ "KeyId": id }).to_string().as_bytes());
                // As CreateKey answered it, before anything was done.
                let mut metadata = answer.expect("it exists")["KeyMetadata"].clone();
                for (member, value) in [
                    ("KeyState", json!("Enabled")), ("Enabled", json!(true)), ("Description", json!("")),
                    ("MultiRegionConfiguration", json!({
                        "MultiRegionKeyType": "PRIMARY", "PrimaryKey": { "Arn": arn(HERE), "Region": HERE }, "ReplicaKeys": [],
                    })),
                ] {
                    metadata[member] = value;
                }
                let response = Response::Success(json!({ "KeyMetadata": metadata }));
                let ruling = told.hear(call, &response, Asked::default());
                assert!(matches!(ruling, Ruling::Accepted(_)), "{}", words(&ruling));
                told.commit(call, &response, ruling);
            }
            observations.iter().map(|(call, answer)| {
                let mut ruling = told.hear(call, answer, Asked::default());
                let text = words(&ruling);
                if matches!(ruling, Ruling::AskAgain(_)) {
                    // Nothing else comes: it is final when patience is over.
                    told.after_receive(FULL);
                    ruling = told.hear(call, answer, Asked::default());
                    told.after_receive(Duration::ZERO);
                }
                told.commit(call, answer, ruling);
                (call.name.clone(), text)
            }).collect()
        };
        prop_assert_eq!(rulings(&separate), rulings(&mixed));
    }
}
