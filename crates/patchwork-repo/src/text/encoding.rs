//! Which encoding a file has, and characters from and to it.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{EncoderResult, Encoding as Charset};

use super::TextError;
use super::lines::Unit;

/// The encoding of a source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8; plain ASCII too.
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// ISO-8859-1 in the strict sense (each byte is the character of that number), as compilers read a
    /// `latin-1` declaration. A guess never ends here but at windows-1252, which holds more characters.
    Latin1,
    /// One of the encodings of the WHATWG standard in which ASCII bytes stand for themselves.
    Legacy(&'static Charset),
}

const UTF8_BOM: &[u8] = b"\xEF\xBB\xBF";
const UTF16_LE_BOM: &[u8] = b"\xFF\xFE";
const UTF16_BE_BOM: &[u8] = b"\xFE\xFF";

/// The encoding and the length of the byte order mark.
pub(super) fn detect(bytes: &[u8]) -> Result<(Encoding, usize), TextError> {
    if bytes.starts_with(UTF16_LE_BOM) {
        return Ok((Encoding::Utf16Le, UTF16_LE_BOM.len()));
    }
    if bytes.starts_with(UTF16_BE_BOM) {
        return Ok((Encoding::Utf16Be, UTF16_BE_BOM.len()));
    }
    if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
        return Err(TextError::Binary { offset });
    }
    if bytes.starts_with(UTF8_BOM) {
        return Ok((Encoding::Utf8, UTF8_BOM.len()));
    }
    if mostly_utf8(bytes) {
        return Ok((Encoding::Utf8, 0));
    }
    if let Some(declared) = declaration(bytes)
        && declared.reads(bytes)
    {
        return Ok((declared, 0));
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = Encoding::Legacy(detector.guess(None, Utf8Detection::Deny));
    // windows-1252 gives every byte a character, so nothing is lost by it.
    let encoding = if guess.reads(bytes) { guess } else { Encoding::Legacy(encoding_rs::WINDOWS_1252) };
    Ok((encoding, 0))
}

/// Valid UTF-8, or UTF-8 with few damaged places: multi-byte characters hardly ever come well formed in
/// another encoding, so many more of them than of bad places mean UTF-8.
fn mostly_utf8(bytes: &[u8]) -> bool {
    if std::str::from_utf8(bytes).is_ok() {
        return true;
    }
    let (mut characters, mut damages) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        if !chunk.invalid().is_empty() {
            damages += 1;
        }
        characters += chunk.valid().chars().filter(|character| !character.is_ascii()).count();
    }
    characters >= 4 * damages
}

/// The encoding that a comment in the first two lines declares, in the forms of PEP 263 and of editors.
fn declaration(bytes: &[u8]) -> Option<Encoding> {
    bytes.split(|byte| *byte == b'\n').take(2).find_map(|line| {
        let line: String = line.iter().take(200).map(|byte| char::from(*byte)).collect();
        let comment = line.trim_start();
        let is_comment = ["#", "//", "/*", "--", ";", "%"].iter().any(|mark| comment.starts_with(mark));
        let after = comment.split_once("coding").filter(|_| is_comment)?.1;
        let name = after.strip_prefix([':', '='])?.trim_start_matches([' ', '\t']);
        let end =
            name.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(name.len());
        Encoding::named(name.get(..end)?)
    })
}

impl Encoding {
    /// By a name that a declaration uses; none when it is unknown or not one in which ASCII stands for
    /// itself.
    fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase().replace('_', "-");
        let label = match name.trim_end_matches("-unix").trim_end_matches("-dos").trim_end_matches("-mac") {
            "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "iso-latin-1" | "l1" => {
                return Some(Self::Latin1);
            }
            "cp932" | "mskanji" | "s-jis" | "sjis" | "shift-jis" => "shift_jis",
            "euc-jp" | "eucjp" | "ujis" => "euc-jp",
            "cp936" => "gbk",
            "cp949" | "uhc" => "euc-kr",
            "cp950" => "big5",
            "mac-roman" => "macintosh",
            other => other,
        };
        let charset = Charset::for_label(label.as_bytes())?;
        (charset.is_ascii_compatible() && charset != encoding_rs::UTF_8).then_some(Self::Legacy(charset))
    }

    /// The name (`UTF-8`, `Shift_JIS`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Latin1 => "ISO-8859-1",
            Self::Legacy(charset) => charset.name(),
        }
    }

    pub(super) fn unit(self) -> Unit {
        match self {
            Self::Utf16Le => Unit::LittleEndian,
            Self::Utf16Be => Unit::BigEndian,
            Self::Utf8 | Self::Latin1 | Self::Legacy(_) => Unit::Byte,
        }
    }

    /// Whether text of this encoding, encoded again, is sure to give the bytes it was read from.
    pub(crate) fn is_bijective(self) -> bool {
        !matches!(self, Self::Legacy(charset) if !charset.is_single_byte())
    }

    fn reads(self, bytes: &[u8]) -> bool {
        match self {
            Self::Legacy(charset) => {
                charset.decode_without_bom_handling_and_without_replacement(bytes).is_some()
            }
            _ => true,
        }
    }

    /// Appends the text of `bytes`; true when some bytes were not readable and U+FFFD stands for them.
    pub(super) fn decode(self, bytes: &[u8], out: &mut String) -> bool {
        match self {
            Self::Utf8 => {
                let mut damaged = false;
                for chunk in bytes.utf8_chunks() {
                    out.push_str(chunk.valid());
                    if !chunk.invalid().is_empty() {
                        out.push(char::REPLACEMENT_CHARACTER);
                        damaged = true;
                    }
                }
                damaged
            }
            Self::Utf16Le => decode_utf16(bytes, u16::from_le_bytes, out),
            Self::Utf16Be => decode_utf16(bytes, u16::from_be_bytes, out),
            Self::Latin1 => {
                out.extend(bytes.iter().map(|byte| char::from(*byte)));
                false
            }
            Self::Legacy(charset) => {
                let (text, damaged) = charset.decode_without_bom_handling(bytes);
                out.push_str(&text);
                damaged
            }
        }
    }

    /// Appends the bytes of `text`; the first character that has none otherwise.
    pub(super) fn encode(self, text: &str, out: &mut Vec<u8>) -> Result<(), char> {
        match self {
            Self::Utf8 => out.extend_from_slice(text.as_bytes()),
            Self::Utf16Le => out.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            Self::Utf16Be => out.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
            Self::Latin1 => {
                for character in text.chars() {
                    out.push(u8::try_from(u32::from(character)).map_err(|_| character)?);
                }
            }
            Self::Legacy(charset) => encode_legacy(charset, text, out)?,
        }
        Ok(())
    }

    /// Appends a line end.
    pub(crate) fn encode_newline(self, newline: super::Newline, out: &mut Vec<u8>) {
        for byte in newline.as_str().bytes() {
            match self {
                Self::Utf16Le => out.extend([byte, 0]),
                Self::Utf16Be => out.extend([0, byte]),
                Self::Utf8 | Self::Latin1 | Self::Legacy(_) => out.push(byte),
            }
        }
    }
}

fn decode_utf16(bytes: &[u8], read: fn([u8; 2]) -> u16, out: &mut String) -> bool {
    let mut damaged = !bytes.len().is_multiple_of(2);
    let units = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(read);
    for character in char::decode_utf16(units) {
        damaged |= character.is_err();
        out.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    if !bytes.len().is_multiple_of(2) {
        out.push(char::REPLACEMENT_CHARACTER);
    }
    damaged
}

fn encode_legacy(charset: &'static Charset, text: &str, out: &mut Vec<u8>) -> Result<(), char> {
    let mut encoder = charset.new_encoder();
    let mut rest = text;
    loop {
        let mut buffer = [0_u8; 1024];
        let (result, read, written) = encoder.encode_from_utf8_without_replacement(rest, &mut buffer, true);
        out.extend_from_slice(buffer.get(..written).unwrap_or_default());
        rest = rest.get(read..).unwrap_or_default();
        match result {
            EncoderResult::InputEmpty => return Ok(()),
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(character) => return Err(character),
        }
    }
}
