//! An emulator, gated by a test: `cargo test` fails when it stops to behave as AWS KMS does.
//!
//!     cargo test --example gate_an_emulator       # the gate
//!     cargo run --example gate_an_emulator        # the same as a report, against a running endpoint
//!
//! The emulator of this example is a stand-in: the reference endpoint of this project, so that nothing
//! has to be installed. Put yours where `start` is.

use mrkspec::reference::{Credential, Server, Settings};
use mrkspec::{CheckError, Mrkspec};

/// The emulator under test. It stops when it is dropped.
async fn start(settings: Settings) -> Server {
    Server::start(settings).await.expect("a loopback port")
}

/// What is asked of it.
fn check_of(emulator: &Server) -> Mrkspec {
    let [admin, ..] = Credential::defaults();
    Mrkspec::local(emulator.url())
        .name("my emulator")
        // Most emulators take any credentials: then this line is not needed.
        .credentials(admin.access_key, admin.secret)
        // A part of what there is, so that the example is quick. Leave this out to run everything.
        .scenarios("promote/no-*")
        .scenarios("replicate/*")
}

#[tokio::main]
async fn main() -> Result<(), CheckError> {
    let emulator = start(Settings::default()).await;
    print!("{}", check_of(&emulator).run().await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mrkspec::reference::faults;
    use mrkspec::verdict::Verdict;

    /// The gate. That is all there is to it.
    #[tokio::test]
    async fn it_behaves_as_kms_does() -> Result<(), CheckError> {
        let emulator = start(Settings::default()).await;
        check_of(&emulator).run().await?.assert_conforms();
        Ok(())
    }

    /// An emulator with known gaps: the gate holds what it has reached, and tells of progress. The file
    /// is made by `mrkspec check … --baseline known.yaml --update-baseline`.
    #[tokio::test]
    async fn a_known_mistake_is_no_news() -> Result<(), CheckError> {
        let fault = faults::find("promotes-where-no-replica-is");
        let emulator = start(Settings { fault, ..Settings::default() }).await;
        let check = check_of(&emulator).rules("UPR-012");
        let known = "
            target: my emulator
            expected:
            - rule: UPR-012
              verdict: fail
              reason: 'F-053: the primary Region is changed to one without a replica. Ticket 4711.'
        ";
        let outcome = check.clone().baseline_text(known).run().await?;
        outcome.assert_conforms();
        assert_eq!(outcome.verdict("UPR-012"), Some(Verdict::Fail));

        // A gate that cannot fail is none: without the baseline this is a failure, and so is a baseline that
        // expects what is mended by now.
        assert!(!check.run().await?.conforms());
        let mended = start(Settings::default()).await;
        assert!(!check_of(&mended).rules("UPR-012").baseline_text(known).run().await?.conforms());
        Ok(())
    }

    /// What a failing gate prints: the rule, its source, the call, what was expected and what came.
    #[tokio::test]
    #[should_panic(expected = "FAIL UPR-012 MUST")]
    async fn a_new_mistake_fails_the_gate() {
        let fault = faults::find("promotes-where-no-replica-is");
        let emulator = start(Settings { fault, ..Settings::default() }).await;
        check_of(&emulator).run().await.expect("the endpoint answers").assert_conforms();
    }
}
