//! `--record`: writing down what is asked and answered.

use super::failure::Failure;
use crate::session::Recorder;
use crate::transport::Target;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a recording goes.
#[derive(clap::Args, Clone, Debug)]
pub struct RecordArgs {
    /// Write every call and its answer, to be judged again without the endpoint (see `mrkspec judge`)
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

impl RecordArgs {
    /// Begins the recording, if one is asked for.
    ///
    /// # Errors
    /// When the file cannot be written: a usage error.
    pub fn begin(&self, target: &Target) -> Result<Option<Arc<Recorder>>, Failure> {
        let begun = self.record.as_ref().map(|path| {
            let begun = Recorder::create(path, target);
            begun.map(Arc::new).map_err(|source| Failure::Write { path: path.clone(), source })
        });
        begun.transpose()
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it is not complete.
    pub fn end(&self, recorder: Option<&Recorder>) -> Result<(), Failure> {
        let (Some(recorder), Some(path)) = (recorder, &self.record) else { return Ok(()) };
        recorder.finish().map_err(|source| Failure::Write { path: path.clone(), source })
    }
}
