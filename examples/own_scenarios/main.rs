//! A team's own scenarios: the steps of its fail-over drill, written down as scenario files in
//! `scenarios/` beside this file and judged by the same model as the project's own.
//!
//!     cargo test --example own_scenarios
//!     cargo run --example own_scenarios -- http://127.0.0.1:4566
//!
//! A scenario file names what is sent; what is allowed as an answer the model knows. `expect` asks for
//! more than AWS's documentation does. The format: `scenarios/README.md` of the repository.

use mrkspec::{CheckError, Mrkspec};

/// Where the files are.
const DRILL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/own_scenarios/scenarios");

/// The drill, and nothing of the project's own scenarios.
fn drill(endpoint: Mrkspec) -> Mrkspec {
    endpoint.builtin(false).scenario_files(DRILL)
}

#[tokio::main]
async fn main() -> Result<(), CheckError> {
    let endpoint = std::env::args().nth(1).map_or_else(Mrkspec::embedded, Mrkspec::local);
    let outcome = drill(endpoint).run().await?;
    // What was sent and what came, as a person reads it.
    println!("{}", outcome.report().transcripts.join("\n"));
    print!("{outcome}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mrkspec::reference::{Settings, faults};

    #[tokio::test]
    async fn the_drill_works() -> Result<(), CheckError> {
        let outcome = drill(Mrkspec::embedded()).run().await?;
        outcome.assert_conforms();
        assert_eq!(outcome.report().transcripts.len(), 2, "both files ran, and nothing else");
        Ok(())
    }

    /// The drill notices: here an endpoint whose replicas cannot open what the primary sealed.
    #[tokio::test]
    async fn a_broken_endpoint_fails_the_drill() -> Result<(), CheckError> {
        let fault = faults::find("replicas-have-their-own-material");
        let broken = Mrkspec::embedded_with(Settings { fault, ..Settings::default() });
        let outcome = drill(broken).run().await?;
        assert!(!outcome.conforms(), "{outcome}");
        let replay = &outcome.report().violations[0].repro;
        assert!(replay.starts_with("mrkspec replay") && replay.contains(".yaml"), "{replay}");
        Ok(())
    }
}
