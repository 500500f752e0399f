//! What the program says about itself, for people who look for a fault: `--log debug` and `--log trace`.

use tracing_subscriber::EnvFilter;

use crate::args::{Level, Options};
use crate::secrets::Masking;

/// Begins to log, when it is asked for.
pub(crate) fn start(options: &Options) {
    let directives = match options.level() {
        // The libraries below are talkative; at `trace` that is what is wanted.
        Level::Debug => {
            "warn,patchwork=debug,patchwork_core=debug,patchwork_repo=debug,patchwork_remote=debug"
        }
        // HTTP at `trace` prints headers, and those hold keys.
        Level::Trace => "trace,h2=warn,hyper=warn,hyper_util=warn,reqwest=warn,rustls=warn",
        Level::Error | Level::Warning | Level::Info => return,
    };
    let filter = EnvFilter::builder().parse_lossy(directives);
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Masking(anstream::stderr()))
        .with_target(true)
        .compact()
        .finish();
    // The only failure is that somebody logs already.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
