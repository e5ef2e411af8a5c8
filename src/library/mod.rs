//! The library's interface: a builder over [`crate::campaign`], and what came of a run.

mod files;
mod outcome;

pub use outcome::Outcome;

use crate::campaign::{CheckError, Internals, Options, Profile, check_with};
use crate::sequence;
use crate::transport::{Consistency, Credentials, DAY, Principal, Target};
use crate::verdict::{Baseline, ConformanceLevel};
use files::Own;
#[cfg(feature = "reference")]
use mrkspec_reference::{Server, Settings};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// One check of one endpoint: where it is, what to run, what is known to be broken.
///
/// Nothing is sent before [`run`](Mrkspec::run). Without a selection everything runs that
/// `mrkspec check` runs: the project's scenarios and the coverage tour, some thousands of requests.
/// Keys are made on the endpoint; their deletion is scheduled in the end.
///
/// ```no_run
/// # async fn f() -> Result<(), mrkspec::CheckError> {
/// use mrkspec::Mrkspec;
///
/// let outcome = Mrkspec::local("http://127.0.0.1:4566").baseline("tests/mrkspec.yaml").run().await?;
/// outcome.assert_conforms();
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "nothing is sent before `run`"]
pub struct Mrkspec {
    place: Place,
    name: Option<String>,
    credentials: Option<Credentials>,
    limited: Option<Principal>,
    other: Option<Credentials>,
    settle_timeout: Option<Duration>,
    request_timeout: Option<Duration>,
    day: Option<Duration>,
    consistency: Option<Consistency>,
    options: Options,
    builtin: bool,
    tour: bool,
    own: Own,
    baseline: Option<Known>,
}

/// Where the endpoint is.
#[derive(Clone)]
enum Place {
    Url(String),
    Target(Box<Target>),
    /// Started for the run.
    #[cfg(feature = "reference")]
    Embedded(Option<Box<Settings>>),
}

/// Where the baseline is.
#[derive(Clone)]
enum Known {
    File(PathBuf),
    Text(String),
}

/// The embedded endpoint runs as long as this lives.
#[cfg(feature = "reference")]
type Running = Option<Server>;
#[cfg(not(feature = "reference"))]
type Running = ();

impl Mrkspec {
    fn new(place: Place) -> Mrkspec {
        Mrkspec {
            place,
            name: None,
            credentials: None,
            limited: None,
            other: None,
            settle_timeout: None,
            request_timeout: None,
            day: None,
            consistency: None,
            options: Options { seed: 1, transcripts: true, ..Options::default() },
            builtin: true,
            tour: true,
            own: Own::default(),
            baseline: None,
        }
    }

    /// A check of the endpoint at this URL; `{region}` in it is replaced by the Region called. Its credentials
    /// are found as AWS's tools find them, or made up when none are configured; see
    /// [`credentials`](Mrkspec::credentials). Endpoints of real AWS are refused: keys made there cost money. Whoever
    /// means it says so in [`Target::at`].
    pub fn local(url: impl Into<String>) -> Mrkspec {
        Mrkspec::new(Place::Url(url.into()))
    }

    /// A check of this target.
    pub fn target(target: Target) -> Mrkspec {
        Mrkspec::new(Place::Target(Box::new(target)))
    }

    /// A check of the embedded reference endpoint, which is started for the run: what `mrkspec check` does
    /// when no endpoint is named. It shows short transients, throttles and fails now and then.
    #[cfg(feature = "reference")]
    pub fn embedded() -> Mrkspec {
        Mrkspec::new(Place::Embedded(None))
    }

    /// The same with other settings: with a fault, say.
    #[cfg(feature = "reference")]
    pub fn embedded_with(settings: Settings) -> Mrkspec {
        Mrkspec::new(Place::Embedded(Some(Box::new(settings))))
    }

    /// What the endpoint is called in reports; its URL when not given.
    pub fn name(mut self, name: impl Into<String>) -> Mrkspec {
        self.name = Some(name.into());
        self
    }

    /// Signs with this access key, whatever the environment says.
    pub fn credentials(mut self, access_key: impl AsRef<str>, secret: impl AsRef<str>) -> Mrkspec {
        self.credentials = Some(Credentials::new(access_key.as_ref(), secret.as_ref()));
        self
    }

    /// A second principal of the account, without IAM permissions on KMS. Rules that need one are `not_run`
    /// otherwise.
    pub fn limited(mut self, principal: Principal) -> Mrkspec {
        self.limited = Some(principal);
        self
    }

    /// A principal of another account. Rules that need one are `not_run` otherwise.
    pub fn other_account(mut self, credentials: Credentials) -> Mrkspec {
        self.other = Some(credentials);
        self
    }

    /// Runs scenarios whose id fits this glob, such as `promote/*` or `tour/*`, and those of further calls.
    pub fn scenarios(mut self, glob: impl Into<String>) -> Mrkspec {
        self.options.scenarios.push(glob.into());
        self
    }

    /// Judges this rule, such as `UPR-012`, and those of further calls, and runs the scenarios that are
    /// there for them. The others are `not_run`.
    pub fn rules(mut self, id: impl Into<String>) -> Mrkspec {
        self.options.rules.push(id.into());
        self
    }

    /// Judges only rules of this level of conformance and those below it; the others are `not_run`.
    pub fn level(mut self, level: ConformanceLevel) -> Mrkspec {
        self.options.level = Some(level);
        self
    }

    /// What the endpoint is meant to be: an emulator that verifies no signatures is not asked whether it does.
    pub fn profile(mut self, profile: Profile) -> Mrkspec {
        self.options.profile = profile;
        self
    }

    /// Runs only what finds most within so many requests.
    pub fn budget(mut self, requests: usize) -> Mrkspec {
        self.options.budget = Some(requests);
        self
    }

    /// Stops after the first scenario in which a MUST is broken.
    pub fn fail_fast(mut self) -> Mrkspec {
        self.options.fail_fast = true;
        self
    }

    /// Adds scenario files to the project's: one file, or every `.yaml` and `.yml` below a directory. A
    /// scenario's id is its path below the directory without the ending. The format is that of the
    /// project's own (`scenarios/README.md` in the repository).
    pub fn scenario_files(mut self, path: impl Into<PathBuf>) -> Mrkspec {
        self.own.paths.push(path.into());
        self
    }

    /// Adds one scenario, under this id: for `include_str!`.
    pub fn scenario_text(mut self, id: impl Into<String>, text: impl Into<String>) -> Mrkspec {
        self.own.texts.push((id.into(), text.into()));
        self
    }

    /// `false` leaves out the project's own scenarios and the coverage tour: only what
    /// [`scenario_files`](Mrkspec::scenario_files) and [`scenario_text`](Mrkspec::scenario_text) added runs.
    pub fn builtin(mut self, on: bool) -> Mrkspec {
        self.builtin = on;
        self
    }

    /// `false` leaves out the coverage tour: about three quarters of the requests of a full run, and the
    /// rarer combinations of state, role and operation. A selection of rules leaves it out as well.
    pub fn tour(mut self, on: bool) -> Mrkspec {
        self.tour = on;
        self
    }

    /// What the endpoint is known to break, from a file as `mrkspec check --update-baseline` writes it. The run
    /// conforms when it matches: a new failure and an unexpected pass both fail it.
    pub fn baseline(mut self, path: impl Into<PathBuf>) -> Mrkspec {
        self.baseline = Some(Known::File(path.into()));
        self
    }

    /// The same, from the file's text.
    pub fn baseline_text(mut self, yaml: impl Into<String>) -> Mrkspec {
        self.baseline = Some(Known::Text(yaml.into()));
        self
    }

    /// Scenarios that run side by side; 16 when not given.
    pub fn jobs(mut self, n: usize) -> Mrkspec {
        self.options.jobs = n;
        self
    }

    /// Seed of everything random, 1 when not given: the embedded endpoint's moods. It is noted in the report.
    pub fn seed(mut self, n: u64) -> Mrkspec {
        self.options.seed = n;
        self
    }

    /// How long Creating, Updating or a stale read may last until it counts as a deviation; 10 seconds when
    /// not given, 20 minutes on AWS (F-044, F-072, F-077).
    pub fn settle_timeout(mut self, time: Duration) -> Mrkspec {
        self.settle_timeout = Some(time);
        self
    }

    /// How long a day of a deletion's waiting period takes at this endpoint; 24 hours when not given. Where days
    /// are short the end of the period is tested, too (F-083).
    pub fn day(mut self, time: Duration) -> Mrkspec {
        self.day = Some(time);
        self
    }

    /// The longest time for one request, its answer included; when not given, 10 seconds for an endpoint on this machine
    /// and 60 elsewhere.
    pub fn request_timeout(mut self, time: Duration) -> Mrkspec {
        self.request_timeout = Some(time);
        self
    }

    /// The longest time for the run. What is not tested by then is inconclusive.
    pub fn max_time(mut self, time: Duration) -> Mrkspec {
        self.options.max_time = Some(time);
        self
    }

    /// Says that reads of this endpoint are never stale (F-077): every answer is final, and nothing is asked twice.
    pub fn consistent(self) -> Mrkspec {
        self.consistency(Consistency::Strong)
    }

    /// Says whether reads of this endpoint may be stale (F-077); when not given, that is measured.
    pub fn consistency(mut self, consistency: Consistency) -> Mrkspec {
        self.consistency = Some(consistency);
        self
    }

    /// Is told after each scenario how many are done, and of how many.
    pub fn on_progress(mut self, told: impl Fn(usize, usize) + Send + Sync + 'static) -> Mrkspec {
        self.options.progress = Some(Arc::new(told));
        self
    }

    /// Runs the check. It needs a Tokio runtime of either kind.
    ///
    /// # Errors
    /// A [`CheckError`] whose exit code is 2 when the URL, a rule, a glob, a scenario file or the baseline is not usable, or nothing
    /// is selected: nothing was sent then; one whose exit code is 3 when no KMS endpoint answers. An
    /// endpoint that does not conform is no error: see [`Outcome`].
    pub async fn run(&self) -> Result<Outcome, CheckError> {
        let baseline = self.known()?;
        let own = self.own.load()?;
        let mut all = if self.builtin { sequence::embedded().to_vec() } else { Vec::new() };
        all.extend(own.iter().map(|o| o.sequence.clone()));
        files::unique(&all)?;
        let (target, _running) = self.start().await?;
        let flags = self.flags(&target);
        let internals = Internals::replayed_by(format!("mrkspec check {flags}"));
        let mut report = check_with(&target, &self.options, &internals, all, self.tour && self.builtin).await?;
        for violation in &mut report.violations {
            if let Some(own) = own.iter().find(|o| o.sequence.id == violation.scenario) {
                violation.repro = format!("mrkspec replay {} {flags}", own.path.display());
            }
        }
        if let Some(baseline) = &baseline {
            report.judge_by(baseline);
        }
        Ok(Outcome::new(report))
    }

    fn known(&self) -> Result<Option<Baseline>, CheckError> {
        let (text, name) = match &self.baseline {
            None => return Ok(None),
            Some(Known::Text(text)) => (text.clone(), "as given".to_string()),
            Some(Known::File(path)) => {
                let text = std::fs::read_to_string(path);
                let text = text.map_err(|source| CheckError::Read { path: path.clone(), source })?;
                (text, path.display().to_string())
            }
        };
        Baseline::parse(&text).map(Some).map_err(|source| CheckError::Baseline { name, source })
    }

    /// The target, with what was said about it.
    async fn start(&self) -> Result<(Target, Running), CheckError> {
        let (mut target, running) = match &self.place {
            Place::Target(target) => ((**target).clone(), Running::default()),
            Place::Url(url) => {
                let target = match &self.credentials {
                    Some(given) => Target::with_credentials(url, url, false, given.clone())?,
                    None => Target::at(url, url, false, None).await?,
                };
                (target, Running::default())
            }
            #[cfg(feature = "reference")]
            Place::Embedded(settings) => {
                let settings = settings.as_deref().cloned();
                let settings = settings.unwrap_or_else(|| crate::campaign::lively(self.options.seed));
                let started = crate::campaign::embedded(settings).await;
                let (server, target) = started.map_err(CheckError::Loopback)?;
                (target, Some(server))
            }
        };
        let given = self.clone();
        target.name = given.name.unwrap_or(target.name);
        target.credentials = given.credentials.unwrap_or(target.credentials);
        target.limited = given.limited.or(target.limited);
        target.other = given.other.or(target.other);
        target.settle_timeout = given.settle_timeout.unwrap_or(target.settle_timeout);
        target.request_timeout = given.request_timeout.or(target.request_timeout);
        target.day = given.day.unwrap_or(target.day);
        target.consistency = given.consistency.unwrap_or(target.consistency);
        Ok((target, running))
    }

    /// How the target is named on a command line.
    fn flags(&self, target: &Target) -> String {
        #[cfg(feature = "reference")]
        if let Place::Embedded(_) = self.place {
            return "--target embedded".into();
        }
        let mut flags = format!("--endpoint {}", target.endpoint);
        if target.day < DAY {
            flags += &format!(" --day {}", humantime::format_duration(target.day));
        }
        if target.consistency != Consistency::Auto {
            flags += &format!(" --consistency {}", target.consistency.word());
        }
        if target.is_aws() {
            flags += " --allow-aws";
        }
        flags
    }
}
