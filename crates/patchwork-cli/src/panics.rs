//! A panic is our fault: one line that says so and how to report it, no trace unless it is asked for.

use std::panic;

use crate::{env, stdio};

/// The exit code of a fault of ours.
pub(crate) const EXIT_CODE: u8 = 70;

/// Replaces the standard message.
pub(crate) fn install() {
    let standard = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let payload = info.payload();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("unknown");
        let place = info.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
        stdio::tell(&format!(
            "internal error: {message}{place}; please report it at {}/issues",
            env!("CARGO_PKG_REPOSITORY")
        ));
        if env::wants_backtrace() {
            standard(info);
        }
    }));
}
