//! `--record`: writing down what is asked and answered.

use super::usage;
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
    pub fn begin(&self, target: &Target) -> Result<Option<Arc<Recorder>>, (u8, String)> {
        let begun = self.record.as_ref().map(|path| {
            let begun = Recorder::create(path, target);
            begun.map(Arc::new).map_err(|e| usage(format!("{} cannot be written: {e}", path.display())))
        });
        begun.transpose()
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it is not complete.
    pub fn end(&self, recorder: Option<&Recorder>) -> Result<(), (u8, String)> {
        let (Some(recorder), Some(path)) = (recorder, &self.record) else { return Ok(()) };
        recorder.finish().map_err(|e| usage(format!("{} cannot be written: {e}", path.display())))
    }
}
