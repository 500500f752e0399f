//! The patchwork binary: arguments, terminal reporter, exit codes.

mod args;
mod commands;
mod crash;
mod drive;
mod env;
mod journal;
mod log;
mod moment;
mod output;
mod panics;
mod patchflows;
mod report;
mod runtime;
mod secrets;
mod settings;
mod signals;
mod stdio;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything else: what holds programs in takes a process with one thread and nothing open.
    #[cfg(unix)]
    if let Some(code) = patchwork::local::sandbox_helper(std::env::args_os().skip(1)) {
        return ExitCode::from(code);
    }
    panics::install();
    let code = std::panic::catch_unwind(run).unwrap_or(panics::EXIT_CODE);
    ExitCode::from(code)
}

/// Parses before anything heavy is built, so that `--version` and typing errors answer at once.
fn run() -> u8 {
    let outcome = match args::parse(std::env::args_os().collect()) {
        Ok(invocation) => commands::run(invocation),
        Err(args::Stop::Failed(failure)) => Err(*failure),
        Err(args::Stop::Shown(shown)) => {
            let text = shown.render().ansi().to_string();
            if shown.use_stderr() {
                stdio::tell(&text);
                return 2;
            }
            stdio::result(&text).map(|()| 0)
        }
    };
    outcome.unwrap_or_else(|failure| {
        stdio::tell(&report::failure::render(&failure));
        failure.exit_code()
    })
}
