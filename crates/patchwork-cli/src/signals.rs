//! Ctrl-C and SIGTERM: the first ends the run in a state that can be resumed, the second ends the process at once.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::report::terminal::Terminal;

/// The exit code of an interrupted process.
const INTERRUPTED: i32 = 130;

/// Watches for signals until the runtime ends; sets `cancel` at the first.
pub(crate) fn watch(cancel: CancellationToken, terminal: Arc<Terminal>) {
    tokio::spawn(async move {
        let Some(mut signals) = Signals::listen() else { return };
        signals.next().await;
        terminal.say("stopping: what is under way is recorded first (once more stops at once)");
        cancel.cancel();
        signals.next().await;
        at_once();
    });
}

#[expect(clippy::exit, reason = "the second signal asks for just this; the journal is safe against it")]
fn at_once() -> ! {
    patchwork::local::end_programs();
    std::process::exit(INTERRUPTED)
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = signal(SignalKind::interrupt()).ok()?;
        Some(Self { interrupt, terminate: signal(SignalKind::terminate()).ok()? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Option<Self> {
        Some(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
