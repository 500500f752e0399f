//! The threads that async work runs on.

use patchwork_core::failure::Failure;
use tokio::runtime::{Builder, Runtime};

/// For runs: all cores.
pub(crate) fn full() -> Result<Runtime, Failure> {
    Builder::new_multi_thread().enable_all().build().map_err(|error| failure(&error))
}

/// For a look into the journal: this thread.
pub(crate) fn small() -> Result<Runtime, Failure> {
    Builder::new_current_thread().enable_all().build().map_err(|error| failure(&error))
}

fn failure(error: &std::io::Error) -> Failure {
    Failure::unavailable("the system gives no threads to run on").caused_by(error)
}
