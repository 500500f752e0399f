//! Cuts one text to a size, in the way that its prompt marks.

use patchwork_core::message::Shrink;
use patchwork_repo::excerpt::Outline;

/// A text that may be cut.
#[derive(Debug)]
pub(super) struct Part<'a> {
    text: &'a str,
    how: Shrink,
    /// Of code whose syntax is known.
    outline: Option<Outline<'a>>,
}

impl<'a> Part<'a> {
    /// A part of a message; `before` is what the message says before it, where a code fence may name its language.
    pub(super) fn new(text: &'a str, how: Shrink, before: &str) -> Self {
        let outline = (how == Shrink::Signatures).then(|| Outline::of(text, fence_word(before))).flatten();
        Self { text, how, outline }
    }

    /// The whole text.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// The text in so many bytes, or in a few more where a note has to say what is missing. It is never longer than it was.
    pub(super) fn cut(&self, bytes: usize) -> String {
        if self.text.len() <= bytes {
            return self.text.to_owned();
        }
        let cut = match (self.how, &self.outline) {
            (Shrink::Signatures, Some(outline)) => {
                let short = outline.shortened(bytes);
                if short.len() <= bytes { short } else { lines(&short, bytes, Shrink::HeadTail) }
            }
            // Code of an unknown language begins with what matters to the rest of it, and ends like a log.
            (how, _) => lines(self.text, bytes, how),
        };
        if cut.len() < self.text.len() { cut } else { self.text.to_owned() }
    }
}

/// The word behind the code fence that `before` ends with.
fn fence_word(before: &str) -> Option<&str> {
    let line = before.strip_suffix('\n')?.lines().next_back()?.trim_start();
    let word =
        line.strip_prefix("```").or_else(|| line.strip_prefix("~~~"))?.trim_start_matches(['`', '~']).trim();
    word.split_whitespace().next()
}

/// Leaves out whole lines, from the middle, the end or the beginning; a note in their place says how many. Cuts inside a line
/// only where no whole one fits.
fn lines(text: &str, bytes: usize, how: Shrink) -> String {
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    // Every line counts for the note, so it can only become shorter.
    let room = bytes.saturating_sub(note(all.len(), "lines", end).len());
    let (head_room, tail_room) = shares(room, how);
    let (head, unused) = fitting(all.iter(), head_room);
    // What the beginning has no use for, the end may have.
    let tail_room = if tail_room == 0 { 0 } else { tail_room + unused };
    let (tail, _) = fitting(all.iter().skip(head).rev(), tail_room);
    let left_out = all.len() - head - tail;
    if head + tail == 0 {
        return inside(text, bytes, how, end);
    }
    if left_out == 0 {
        return text.to_owned();
    }
    let word = if left_out == 1 { "line" } else { "lines" };
    let mut out = all.iter().take(head).copied().collect::<String>();
    out.push_str(&note(left_out, word, end));
    out.extend(all.iter().skip(all.len() - tail).copied());
    out
}

/// Leaves out characters of a text that is all one line, or begins and ends with lines that are too long.
fn inside(text: &str, bytes: usize, how: Shrink, end: &str) -> String {
    let room = bytes.saturating_sub(note(text.len(), "characters", end).len() + end.len());
    let (head_room, tail_room) = shares(room, how);
    let (head, rest) = text.split_at(text.floor_char_boundary(head_room));
    let (middle, tail) = rest.split_at(rest.ceil_char_boundary(rest.len().saturating_sub(tail_room)));
    // The note stands on a line of its own.
    let before = if head.is_empty() { "" } else { end };
    format!("{head}{before}{}{tail}", note(middle.chars().count(), "characters", end))
}

/// What of the room the beginning gets, and what the end.
fn shares(room: usize, how: Shrink) -> (usize, usize) {
    match how {
        Shrink::Head => (room, 0),
        Shrink::Tail => (0, room),
        Shrink::HeadTail | Shrink::Signatures => (room - room / 2, room / 2),
    }
}

/// How many of the lines fit, and the room they leave.
fn fitting<'a>(lines: impl Iterator<Item = &'a &'a str>, room: usize) -> (usize, usize) {
    let (mut count, mut left) = (0, room);
    for line in lines {
        match left.checked_sub(line.len()) {
            Some(less) => (count, left) = (count + 1, less),
            None => break,
        }
    }
    (count, left)
}

fn note(count: usize, what: &str, end: &str) -> String {
    format!("[… {count} {what} left out …]{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, how: Shrink, bytes: usize) -> String {
        Part::new(text, how, "").cut(bytes)
    }

    fn log(lines: usize) -> String {
        (0..lines).map(|n| format!("line {n}\n")).collect()
    }

    #[test]
    fn whole_lines_go_from_the_middle_the_end_or_the_beginning() {
        let log = log(10);
        assert_eq!(cut(&log, Shrink::HeadTail, 70), log);
        assert_eq!(
            cut(&log, Shrink::HeadTail, 60),
            "line 0\nline 1\n[… 6 lines left out …]\nline 8\nline 9\n"
        );
        assert_eq!(cut(&log, Shrink::Head, 45), "line 0\nline 1\n[… 8 lines left out …]\n");
        assert_eq!(cut(&log, Shrink::Tail, 45), "[… 8 lines left out …]\nline 8\nline 9\n");
    }

    #[test]
    fn the_size_is_kept_to_the_byte_and_nothing_becomes_longer() {
        let texts = [
            log(40),
            "ä\r\n".repeat(60),
            "€".repeat(90),
            format!("{}\nx\n{}", "a".repeat(50), "b".repeat(50)),
        ];
        for text in texts {
            for how in [Shrink::HeadTail, Shrink::Head, Shrink::Tail, Shrink::Signatures] {
                let part = Part::new(&text, how, "");
                for bytes in 0..=text.len() {
                    let short = part.cut(bytes);
                    // With no room for a note, the note alone.
                    assert!(short.len() <= bytes.max(36), "{bytes}: {short:?}");
                    assert!(short.len() <= text.len() && short.contains("left out") != (short == text));
                }
            }
        }
    }

    #[test]
    fn line_ends_stay_what_they_were() {
        let text = "one\r\ntwo\r\nthree\r\nfour\r\nfive\r\nsix\r\nseven\r\neight\r\n";
        assert_eq!(cut(text, Shrink::HeadTail, 47), "one\r\ntwo\r\n[… 5 lines left out …]\r\neight\r\n");
    }

    #[test]
    fn a_line_that_alone_is_too_long_is_cut_between_characters() {
        let text = "€".repeat(100);
        let short = cut(&text, Shrink::HeadTail, 100);
        assert_eq!(short, format!("{}\n[… 79 characters left out …]\n{}", "€".repeat(11), "€".repeat(10)));
        assert_eq!(cut(&text, Shrink::Tail, 0), "[… 100 characters left out …]\n");
    }

    #[test]
    fn code_keeps_its_signatures_by_the_word_of_its_fence() {
        let body = "    print('x' * 3)\n".repeat(5);
        let text = format!("def a():\n{body}\ndef b():\n    return 1\n");
        let short = "def a():\n    ...  # … 5 lines left out\n\ndef b():\n    return 1\n";
        for before in ["", "Look:\n```python\n", "````py title\n", "```nonsense\n", "no fence\n"] {
            assert_eq!(Part::new(&text, Shrink::Signatures, before).cut(text.len() - 1), short, "{before}");
        }
        // When even bare signatures are too much, lines go.
        let many: String = (0..50).map(|n| format!("x{n} = {n}\n")).collect();
        let short = Part::new(&format!("{text}{many}"), Shrink::Signatures, "").cut(120);
        assert!(short.len() <= 120 && short.contains("lines left out …]"), "{short}");
    }

    #[test]
    fn code_of_no_known_language_loses_lines_from_the_middle() {
        let text = log(10);
        assert_eq!(cut(&text, Shrink::Signatures, 60), cut(&text, Shrink::HeadTail, 60));
    }
}
