//! How a failure looks: the only place that renders one.

use patchwork_core::failure::{Failure, FailureKind};

use super::plain::plain;
use super::style::{ERROR, HINT, paint};

/// The failure as lines: message, causes, hints.
pub(crate) fn render(failure: &Failure) -> String {
    let title = match failure.kind {
        FailureKind::Internal => "internal error",
        FailureKind::Interrupted => "interrupted",
        _ => "error",
    };
    let mut out = format!("{} {}\n", paint(ERROR, format_args!("{title}:")), indent(&failure.message, 2));
    for cause in &failure.causes {
        out.push_str(&format!("  because {}\n", indent(cause, 10)));
    }
    for hint in &failure.hints {
        out.push_str(&format!("  {} {}\n", paint(HINT, "hint:"), indent(hint, 8)));
    }
    if failure.kind == FailureKind::Internal {
        let hint = concat!(
            "this is a fault of Patchwork: please report it at ",
            env!("CARGO_PKG_REPOSITORY"),
            "/issues"
        );
        out.push_str(&format!("  {} {hint}\n", paint(HINT, "hint:")));
    }
    out
}

/// Further lines of `text`, moved in by `by` spaces. Messages that are a picture of their own keep their first line.
fn indent(text: &str, by: usize) -> String {
    plain(text).trim_end().replace('\n', &format!("\n{}", " ".repeat(by)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_said_gives_no_orders_to_the_terminal() {
        let failure = Failure::failed("answered 500: \u{1b}[2J").cause("\u{1b}]0;x\u{7}gone").hint("\rtry");
        let shown = anstream::adapter::strip_str(&render(&failure)).to_string();
        assert_eq!(shown, "error: answered 500:\n  because gone\n  hint: try\n");
        assert_eq!(render(&failure).matches("\u{1b}[2J").count(), 0);
    }

    #[test]
    fn message_causes_and_hints_each_have_their_line() {
        let failure =
            Failure::usage("no patchflow `autofix`").cause("one\ntwo").hint("did you mean `AutoFix`?");
        let plain = anstream::adapter::strip_str(&render(&failure)).to_string();
        assert_eq!(
            plain,
            "error: no patchflow `autofix`\n  because one\n          two\n  hint: did you mean `AutoFix`?\n"
        );
    }
}
