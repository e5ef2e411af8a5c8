use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    mrkspec::cli::main().await
}
