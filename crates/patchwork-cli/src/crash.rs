//! Dying on purpose, for the tests that kill a run at each record of its journal. Not in release builds.

use patchwork_core::journal::AfterRecord;

/// With `PATCHWORK_CRASH_AFTER_RECORD=N`, kills this process behind its N-th record, as `kill -9` would.
#[cfg(all(debug_assertions, unix))]
pub(crate) fn after_record() -> Option<AfterRecord> {
    use std::sync::Arc;

    use rustix::process::{Signal, getpid, kill_process};

    let last = crate::env::crash_after_record()?;
    Some(Arc::new(move |record| {
        if record >= last {
            let _ = kill_process(getpid(), Signal::KILL);
        }
    }))
}

/// Never.
#[cfg(not(all(debug_assertions, unix)))]
pub(crate) fn after_record() -> Option<AfterRecord> {
    None
}
