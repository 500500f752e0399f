//! Text from strangers, made fit for a terminal: models, scanners, servers, git and repositories give no orders to it.

use std::borrow::Cow;

/// `text` without escape sequences, control characters but line ends and tabs, and the marks that turn the direction of
/// writing around; what a CI system that reads the log would take for an order of ours is broken. For text that goes
/// between our own colours.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_order) && !text.contains("##") && !text.contains("::") {
        return Cow::Borrowed(text);
    }
    let mut out = anstream::adapter::strip_str(text).to_string();
    out.retain(|c| !is_order(c));
    Cow::Owned(without_orders_to_ci(&out))
}

/// Azure Pipelines obeys `##vso[` and the runner of GitHub Actions `##[` anywhere in a line; that one also `::` at its start.
fn without_orders_to_ci(text: &str) -> String {
    let text = text.replace("##[", "# #[").replace("##vso[", "# #vso[");
    let calm = |line: &str| match line.trim_start().strip_prefix("::") {
        Some(order) => {
            format!("{}: :{order}", line.get(..line.len() - line.trim_start().len()).unwrap_or_default())
        }
        None => line.to_owned(),
    };
    text.split_inclusive('\n').map(calm).collect()
}

/// [`plain`] in one line: a line end would begin something that looks like a line of ours.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    let text = plain(text);
    if text.contains('\n') {
        let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        return Cow::Owned(lines.join(" "));
    }
    text
}

fn is_order(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        for (text, safe) in [
            ("a\tb\nc é 漢 👍", "a\tb\nc é 漢 👍"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}]8;;http://evil\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("true\rfalse\u{8}\u{7f}", "truefalse"),
            ("\u{9b}2Jx", "2Jx"),
            ("user\u{202e}nimda", "usernimda"),
            ("\u{1b}", ""),
            ("a::b ##\n  ::set-output name=x::y", "a::b ##\n  : :set-output name=x::y"),
            ("x ##vso[task.setvariable]y ##[error]", "x # #vso[task.setvariable]y # #[error]"),
            ("#\u{1b}[0m#[error]", "# #[error]"),
        ] {
            assert_eq!(plain(text), safe, "{text:?}");
            assert!(!plain(text).contains(is_order), "{text:?}");
        }
    }

    #[test]
    fn a_line_stays_one() {
        assert_eq!(one_line("weak\n  hash\n\nfixed a.py:1 x\n"), "weak hash fixed a.py:1 x");
        assert_eq!(one_line("as it is"), "as it is");
    }
}
