//! Where the lines of a file start and how they end, by its bytes.

use std::ops::Range;

/// A line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Newline {
    /// `\n`.
    Lf,
    /// `\r\n`.
    CrLf,
    /// A lone `\r`, in files without any `\n`.
    Cr,
}

impl Newline {
    /// The characters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }
}

/// How wide `\r` and `\n` are in the bytes, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Byte,
    LittleEndian,
    BigEndian,
}

#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Its bytes without the line end.
    pub(super) content: Range<usize>,
    pub(super) newline: Option<Newline>,
    /// Where it starts in the decoded text.
    pub(super) text_start: usize,
}

pub(super) fn split(bytes: &[u8], start: usize, unit: Unit) -> Vec<Line> {
    let ends = line_ends(bytes, start, unit);
    let mut lines = Vec::with_capacity(ends.len() + 1);
    let mut from = start;
    for (content_end, next, newline) in ends {
        lines.push(Line { content: from..content_end, newline: Some(newline), text_start: 0 });
        from = next;
    }
    if from < bytes.len() {
        lines.push(Line { content: from..bytes.len(), newline: None, text_start: 0 });
    }
    lines
}

/// For every line end: where the content stops, where the next line starts, and its kind.
fn line_ends(bytes: &[u8], start: usize, unit: Unit) -> Vec<(usize, usize, Newline)> {
    let width = if unit == Unit::Byte { 1 } else { 2 };
    let mut ends = Vec::new();
    let mut lone_returns = Vec::new();
    let mut previous_return = None;
    let body = bytes.get(start..).unwrap_or_default();
    for (index, chunk) in body.chunks_exact(width).enumerate() {
        let at = start + index * width;
        match value(chunk, unit) {
            0x0A => {
                match previous_return {
                    Some(content_end) => {
                        lone_returns.pop();
                        ends.push((content_end, at + width, Newline::CrLf));
                    }
                    None => ends.push((at, at + width, Newline::Lf)),
                }
                previous_return = None;
            }
            0x0D => {
                lone_returns.push((at, at + width, Newline::Cr));
                previous_return = Some(at);
            }
            _ => previous_return = None,
        }
    }
    if ends.is_empty() { lone_returns } else { ends }
}

fn value(chunk: &[u8], unit: Unit) -> u16 {
    match (chunk, unit) {
        (&[a, b], Unit::LittleEndian) => u16::from_le_bytes([a, b]),
        (&[a, b], Unit::BigEndian) => u16::from_be_bytes([a, b]),
        (&[a, ..], _) => u16::from(a),
        ([], _) => 0,
    }
}

/// The most frequent line end, the earlier kind on a tie.
pub(super) fn dominant(lines: &[Line]) -> Newline {
    let count = |kind| lines.iter().filter(|line| line.newline == Some(kind)).count();
    let (lf, crlf, cr) = (count(Newline::Lf), count(Newline::CrLf), count(Newline::Cr));
    if cr > 0 {
        return Newline::Cr;
    }
    if lf == crlf {
        return lines.first().and_then(|line| line.newline).unwrap_or(Newline::Lf);
    }
    if crlf > lf { Newline::CrLf } else { Newline::Lf }
}
