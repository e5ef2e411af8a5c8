//! The main job: run sequences against a target and say what holds.

mod conclude;
mod options;
mod price;
mod run;
mod select;
#[cfg(feature = "cli")]
mod worth;

pub use options::{CheckError, Options, Profile};
#[cfg(feature = "cli")]
pub use price::{Price, within};
#[cfg(feature = "cli")]
pub use worth::{Spent, Worth, in_order, spend};

pub(crate) use options::Internals;

use crate::generate::menu::Abilities;
use crate::generate::tour;
use crate::report::Report;
use crate::sequence::{Sequence, embedded};
use crate::session::Shared;
use crate::transport::{BadTarget, DAY, Target};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Runs the embedded scenarios and the parts of the coverage tour that the options select.
///
/// # Errors
/// When the options select nothing or name unknown rules, and when the target cannot be tested.
pub async fn check(target: &Target, options: &Options) -> Result<Report, CheckError> {
    check_with(target, options, &Internals::default(), embedded().to_vec(), true).await
}

/// As [`check`], with what only the program itself sets, these scenarios, and without the coverage tour
/// unless `toured`.
pub(crate) async fn check_with(
    target: &Target,
    options: &Options,
    internals: &Internals,
    mut all: Vec<Sequence>,
    toured: bool,
) -> Result<Report, CheckError> {
    if !(toured && select::wants_tour(options)?) {
        return check_sequences_with(target, options, internals, &all).await;
    }
    let began = Instant::now();
    // The tour takes a while to compute: not for an endpoint that is not there.
    let shared = connect(target, options).await?;
    let abilities = abilities(target);
    let made = tokio::task::spawn_blocking(move || tour(abilities)).await;
    let tour = made.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
    all.extend(tour.sequences);
    let mut report = run_selected(shared, options, internals, select::select(options, &all)?, began).await;
    report.coverage.situations = Some(conclude::situations(&tour.plan, &report.seen));
    Ok(report)
}

/// What can be asked of a target.
pub fn abilities(target: &Target) -> Abilities {
    Abilities { limited: target.limited.is_some(), other: target.other.is_some(), short_days: target.day < DAY }
}

/// Runs those of the given sequences that the options select.
///
/// # Errors
/// As [`check`].
pub async fn check_sequences(target: &Target, options: &Options, all: &[Sequence]) -> Result<Report, CheckError> {
    check_sequences_with(target, options, &Internals::default(), all).await
}

/// As [`check_sequences`], with what only the program itself sets.
pub(crate) async fn check_sequences_with(
    target: &Target,
    options: &Options,
    internals: &Internals,
    all: &[Sequence],
) -> Result<Report, CheckError> {
    let began = Instant::now();
    let selection = select::select(options, all)?;
    Ok(run_selected(connect(target, options).await?, options, internals, selection, began).await)
}

/// Reaches the target, unless it is real AWS and nobody has allowed that.
pub(super) async fn connect(target: &Target, options: &Options) -> Result<Arc<Shared>, CheckError> {
    // The URL may have been changed since somebody was asked.
    if target.is_aws() && !target.allow_aws {
        return Err(BadTarget::Aws { host: target.url("us-east-1") }.into());
    }
    Ok(Arc::new(Shared::connect(target, options.ledger.clone()).await?.record_to(options.record.clone())))
}

async fn run_selected(
    shared: Arc<Shared>,
    options: &Options,
    internals: &Internals,
    mut selection: select::Selection<'_>,
    began: Instant,
) -> Report {
    let started = Instant::now();
    let records = tokio::select! {
        records = run::run(&shared, &selection, options, internals) => records,
        never = time_out(&shared, options.max_time, began) => match never {},
    };
    if options.fail_fast {
        // What was not reached was not selected.
        selection.sequences.truncate(records.len());
    }
    let replay = |scenario: &str| internals.replay_of(shared.link().target(), scenario);
    let mut report = conclude::conclude(&shared, &selection, &records, options, replay, started.elapsed());
    shared.dismiss_sentinel().await;
    if let Some(why) = shared.ended() {
        report.cut_short(why);
    }
    if options.ledger.is_none() {
        report.left_behind = shared.sweep().await.left;
    }
    report
}

/// Tells everything that is under way when the time is over.
async fn time_out(shared: &Shared, most: Option<Duration>, began: Instant) -> Infallible {
    if let Some(most) = most {
        tokio::time::sleep(most.saturating_sub(began.elapsed())).await;
        shared.link().end_in_time(format!("not finished within {} (--max-time)", humantime::format_duration(most)));
    }
    std::future::pending().await
}

/// The scenarios that are there for each rule.
pub fn scenarios_by_rule(all: &[Sequence]) -> BTreeMap<&str, Vec<&str>> {
    let mut map: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for sequence in all {
        for rule in &sequence.rules {
            map.entry(rule.0).or_default().push(&sequence.id);
        }
    }
    map
}
