//! Changes of files, and Enter: what `check --watch` waits for.

use super::failure::Failure;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin, stdin};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// How long nothing must have changed before it is done: an editor or a compiler writes several files.
const QUIET: Duration = Duration::from_millis(300);

/// Changes below a path.
pub struct Changes {
    seen: UnboundedReceiver<()>,
    typed: Option<Lines<BufReader<Stdin>>>,
    _watcher: RecommendedWatcher,
}

impl Changes {
    /// Watches a file or a directory with everything in it.
    ///
    /// # Errors
    /// When it cannot be watched: it may not exist.
    pub fn of(path: &Path) -> Result<Changes, Failure> {
        let fail = |source| Failure::Watch { path: path.to_path_buf(), source };
        let (tell, seen) = unbounded_channel();
        let told = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|e| e.kind.is_create() || e.kind.is_modify() || e.kind.is_remove()) {
                // Nobody listens any more once the program ends.
                let _ = tell.send(());
            }
        };
        let mut watcher = notify::recommended_watcher(told).map_err(fail)?;
        watcher.watch(path, RecursiveMode::Recursive).map_err(fail)?;
        Ok(Changes { seen, typed: Some(BufReader::new(stdin()).lines()), _watcher: watcher })
    }

    /// Forgets what changed so far, and what is still being told of it.
    pub async fn forget(&mut self) {
        while tokio::time::timeout(QUIET, self.seen.recv()).await.is_ok_and(|event| event.is_some()) {}
    }

    /// Waits for a change, and until no other follows it, or for a line that somebody types.
    pub async fn next(&mut self) {
        let typed = async {
            match &mut self.typed {
                Some(lines) => matches!(lines.next_line().await, Ok(Some(_))),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.seen.recv() => {}
            line = typed => if !line {
                // There is nobody who could type.
                self.typed = None;
                self.seen.recv().await;
            },
        }
        self.forget().await;
    }
}
