//! Source files as bytes that can be read as text and written back without touching what was not changed.

mod encoding;
mod lines;

use std::ops::Range;

use patchwork_core::failure::Failure;
use thiserror::Error;

pub use encoding::Encoding;
use lines::Line;
pub use lines::Newline;

/// Why bytes can't be read as text, or text can't be written as bytes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TextError {
    /// The file holds NUL bytes and is not UTF-16: it is no source text.
    #[error("is a binary file (byte {offset} is NUL)")]
    Binary {
        /// Offset of the first NUL byte.
        offset: usize,
    },
    /// A new line needs a character that the encoding of the file does not have.
    #[error("line {line} of the new text has {character:?} (U+{:04X}), which {encoding} can't hold", u32::from(*character))]
    Unencodable {
        /// The character.
        character: char,
        /// 1-based line of the new text.
        line: usize,
        /// Name of the encoding.
        encoding: &'static str,
    },
    /// A new line carries the replacement character that stands for bytes that could not be read.
    #[error(
        "line {line} of the new text has U+FFFD, which stands for bytes of the file that are not {encoding}"
    )]
    Undecodable {
        /// 1-based line of the new text.
        line: usize,
        /// Name of the encoding.
        encoding: &'static str,
    },
}

impl TextError {
    /// The failure to show for the file `path`.
    pub fn failure(&self, path: &str) -> Failure {
        let failure = Failure::failed(format!("{path}: {self}"));
        match self {
            Self::Binary { .. } => failure.hint("only text files are read and edited"),
            Self::Unencodable { .. } => {
                failure.hint("write the character as an escape, or convert the file to UTF-8 first")
            }
            Self::Undecodable { .. } => {
                failure.hint("leave that line as it is, or repair the encoding of the file first")
            }
        }
    }
}

/// Text of bytes in whatever encoding they have, line ends and all; none when they are no text. What can't be read is
/// U+FFFD.
pub(crate) fn characters(bytes: &[u8]) -> Option<String> {
    let (encoding, bom_len) = encoding::detect(bytes).ok()?;
    let mut text = String::with_capacity(bytes.len());
    encoding.decode(bytes.get(bom_len..)?, &mut text);
    Some(text)
}

/// A source file: its original bytes, and the same as text.
///
/// The text is free of the byte order mark and has `\n` line ends. Lines end at `\n` or `\r\n` only; a lone
/// `\r` ends a line only in a file without any `\n`. Form feeds, U+2028 and the like are characters like any
/// other, so line numbers agree with those of compilers, scanners and git. Line numbers are 0-based here.
#[derive(Debug, Clone)]
pub struct SourceText {
    bytes: Vec<u8>,
    encoding: Encoding,
    bom_len: usize,
    text: String,
    lines: Vec<Line>,
    newline: Newline,
    damaged: bool,
}

impl SourceText {
    /// Reads bytes: by their byte order mark; else as UTF-8 whenever they are valid UTF-8; else by a coding
    /// declaration in the first two lines (`# -*- coding: latin-1 -*-`); else by a guess. Bytes that do not
    /// fit appear as U+FFFD in the text and survive in every line that is not replaced.
    ///
    /// # Errors
    /// [`TextError::Binary`] when there are NUL bytes and no UTF-16 byte order mark.
    pub fn decode(bytes: impl Into<Vec<u8>>) -> Result<Self, TextError> {
        let bytes = bytes.into();
        let (encoding, bom_len) = encoding::detect(&bytes)?;
        let mut lines = lines::split(&bytes, bom_len, encoding.unit());
        let mut text = String::with_capacity(bytes.len());
        let mut damaged = false;
        for line in &mut lines {
            line.text_start = text.len();
            damaged |= encoding.decode(bytes.get(line.content.clone()).unwrap_or_default(), &mut text);
            if line.newline.is_some() {
                text.push('\n');
            }
        }
        let newline = lines::dominant(&lines);
        Ok(Self { bytes, encoding, bom_len, text, lines, newline, damaged })
    }

    /// The whole text, without byte order mark, with `\n` line ends.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes as they were read.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of lines. A last line without line end counts; the emptiness after a final line end does not.
    pub fn line_count(&self) -> usize {
        self.lines.len()
    }

    /// The text of lines `start..end` (0-based, exclusive) with their line ends, cut to the lines that exist.
    pub fn line_range(&self, start: usize, end: usize) -> &str {
        self.text.get(self.text_range(start, end)).unwrap_or_default()
    }

    /// Where lines `start..end` stand in [`SourceText::text`], in bytes, cut to the lines that exist.
    pub fn text_range(&self, start: usize, end: usize) -> Range<usize> {
        let from = self.text_offset(start);
        from..self.text_offset(end).max(from)
    }

    fn text_offset(&self, line: usize) -> usize {
        self.lines.get(line).map_or(self.text.len(), |line| line.text_start)
    }

    /// The text of one line without its line end.
    pub fn line(&self, line: usize) -> Option<&str> {
        self.lines.get(line)?;
        let text = self.line_range(line, line + 1);
        Some(text.strip_suffix('\n').unwrap_or(text))
    }

    /// The encoding.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The name of the encoding (`UTF-8`, `windows-1252`).
    pub fn encoding_name(&self) -> &'static str {
        self.encoding.name()
    }

    /// Whether the file starts with a byte order mark.
    pub fn has_bom(&self) -> bool {
        self.bom_len > 0
    }

    /// The line end most lines have; `\n` for a file without any.
    pub fn newline(&self) -> Newline {
        self.newline
    }

    /// Whether the last line has a line end. False for an empty file.
    pub fn ends_with_newline(&self) -> bool {
        self.lines.last().is_some_and(|line| line.newline.is_some())
    }

    /// Whether some bytes could not be read and stand as U+FFFD in the text.
    pub fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// The byte order mark, or nothing.
    pub(crate) fn bom(&self) -> &[u8] {
        self.bytes.get(..self.bom_len).unwrap_or_default()
    }

    /// The original bytes of one line without and with its line end.
    pub(crate) fn line_content(&self, line: usize) -> &[u8] {
        self.lines.get(line).and_then(|line| self.bytes.get(line.content.clone())).unwrap_or_default()
    }

    /// The line end of one line; none for a last line without, or for a line that does not exist.
    pub(crate) fn line_newline(&self, line: usize) -> Option<Newline> {
        self.lines.get(line)?.newline
    }

    /// The original bytes of lines `start..end` with their line ends.
    pub(crate) fn line_bytes(&self, start: usize, end: usize) -> &[u8] {
        let offset = |line: usize| self.lines.get(line).map_or(self.bytes.len(), |line| line.content.start);
        let from = offset(start);
        self.bytes.get(from..offset(end).max(from)).unwrap_or_default()
    }

    /// Appends one new line in the encoding of the file; `number` is its 1-based line in the new text.
    pub(crate) fn encode_line(&self, line: &str, number: usize, out: &mut Vec<u8>) -> Result<(), TextError> {
        if self.damaged && line.contains(char::REPLACEMENT_CHARACTER) {
            return Err(TextError::Undecodable { line: number, encoding: self.encoding_name() });
        }
        self.encoding.encode(line, out).map_err(|character| TextError::Unencodable {
            character,
            line: number,
            encoding: self.encoding_name(),
        })
    }
}

#[cfg(test)]
mod tests;
