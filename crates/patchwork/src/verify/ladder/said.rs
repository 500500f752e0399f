//! What a program printed, as text that can be shown: without the trial's own paths, colours and secrets.

use std::path::Path;

use patchwork_core::port::process::Output;
use patchwork_core::step::Context;

/// Characters of the end of the output that go into reasons and prompts.
const TAIL: usize = 2_000;

/// Characters of the end of each stream in which secrets are looked for: so many more that none is cut before it is known.
const MASKED: usize = 64 << 10;

/// What a program printed.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Standard output.
    pub(super) out: String,
    /// Standard error.
    pub(super) err: String,
    /// Whether the beginning of either is missing.
    pub(super) cut: bool,
    /// The end of both.
    pub(super) tail: String,
}

impl Said {
    pub(super) fn nothing() -> Self {
        Self::default()
    }

    pub(super) fn of(ctx: &Context, root: &Path, output: &Output) -> Self {
        let root = root.to_string_lossy();
        let text = |bytes: &[u8]| {
            let text = plain(&String::from_utf8_lossy(bytes));
            // Where the trial lies says nothing, and is another place each time.
            text.replace(&format!("{root}/"), "").replace(&*root, ".")
        };
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        let masked = |text: &str| {
            let shown = ctx.redact(&last(text.trim(), MASKED));
            ctx.mask(&shown).map_or(shown, |masked| masked.text)
        };
        let tail = tail_of(&masked(&out), &masked(&err));
        Self { out, err, cut: output.truncated, tail }
    }
}

/// The end of both streams; a short one leaves its room to the other.
fn tail_of(out: &str, err: &str) -> String {
    let (out, err) = (out.trim(), err.trim());
    let (out_size, err_size) = (out.chars().count(), err.chars().count());
    let half = TAIL / 2;
    let out_room = TAIL.saturating_sub(err_size).max(half);
    let err_room = TAIL.saturating_sub(out_size).max(half);
    let parts = [last(out, out_room), last(err, err_room)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The last characters of a text, from the beginning of a line where one begins early enough.
fn last(text: &str, room: usize) -> String {
    let Some((at, _)) = text.char_indices().rev().nth(room.saturating_sub(1)).filter(|(at, _)| *at > 0)
    else {
        return text.to_owned();
    };
    let end = text.get(at..).unwrap_or_default();
    let whole = end.split_once('\n').map_or(end, |(part, rest)| if rest.is_empty() { part } else { rest });
    format!("…\n{whole}")
}

/// A text without escape sequences and characters that can't be seen; `\r` alone begins a line anew, as in a terminal.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\r' => {
                if chars.peek().is_some_and(|next| *next != '\n') {
                    out.push('\n');
                }
            }
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        // A control sequence ends with a character from `@` on.
        Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
        // A command to the system ends with a bell or another escape.
        Some(']') => while chars.next().is_some_and(|c| !matches!(c, '\u{7}' | '\u{1b}' | '\n')) {},
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_seen_is_left_out() {
        assert_eq!(
            plain("\u{1b}[1;31mred\u{1b}[0m\r\n50 %\r100 %\u{0}\u{1b}]0;title\u{7}x"),
            "red\n50 %\n100 %x"
        );
        assert_eq!(plain("\u{1b}["), "");
    }

    #[test]
    fn the_end_counts_and_a_short_stream_leaves_its_room() {
        let long: String = (0..1_000).map(|n| format!("line {n}\n")).collect();
        let tail = tail_of(&long, "E: broken");
        assert!(tail.ends_with("line 999\nE: broken") && tail.starts_with("…\nline "), "{tail}");
        assert!((TAIL - 20..=TAIL + 3).contains(&tail.chars().count()));
        let both = tail_of(&long, &long);
        assert_eq!(both.matches("line 999").count(), 2);
        assert_eq!(tail_of("", " \n"), "");
    }
}
