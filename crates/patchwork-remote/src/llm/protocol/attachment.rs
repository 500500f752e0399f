//! What an attachment is to a protocol.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use patchwork_core::message::Attachment;

use super::Trouble;

/// A kind of attachment.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::llm) enum Kind {
    /// PNG, JPEG, GIF or WebP, which every vendor with eyes takes.
    Image,
    /// A PDF.
    Pdf,
    /// A text, with its content.
    Text(String),
}

impl Kind {
    /// What an attachment is; an error for what no vendor takes.
    pub(in crate::llm) fn of(attachment: &Attachment) -> Result<Self, Trouble> {
        let named = || attachment.name.as_deref().map(|name| format!(" `{name}`")).unwrap_or_default();
        let media_type = attachment.media_type.split(';').next().unwrap_or_default().trim();
        let media_type = media_type.to_ascii_lowercase();
        match media_type.as_str() {
            "image/png" | "image/jpeg" | "image/gif" | "image/webp" => Ok(Self::Image),
            "application/pdf" => Ok(Self::Pdf),
            text if is_text(text) => {
                let bytes = BASE64_STANDARD.decode(attachment.data.trim());
                let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
                let problem =
                    || Trouble::invalid(format!("the attachment{} is not UTF-8 in base64", named()));
                text.map(Self::Text).ok_or_else(problem)
            }
            other => Err(Trouble::unsupported(format!("the attachment{} is of type `{other}`", named()))
                .hint("it may be an image (PNG, JPEG, GIF, WebP), a PDF or a text")),
        }
    }
}

/// Texts by their media type, whatever group it is in.
fn is_text(media_type: &str) -> bool {
    let (group, name) = media_type.split_once('/').unwrap_or_default();
    let words =
        ["json", "jsonl", "ndjson", "xml", "yaml", "x-yaml", "toml", "sql", "javascript", "x-sh", "csv"];
    let suffixes = ["+json", "+xml", "+yaml"];
    group == "text"
        || group == "application" && words.contains(&name)
        || suffixes.iter().any(|suffix| name.ends_with(suffix))
}

/// A text attachment inside a message, for protocols that take no texts as files.
pub(in crate::llm) fn quoted(attachment: &Attachment, text: &str) -> String {
    let name = attachment.name.as_deref().unwrap_or("attachment").replace(['"', '<', '>', '\n'], "_");
    format!("<file name=\"{name}\">\n{text}\n</file>")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(media_type: &str, data: &str) -> Result<Kind, String> {
        let (media_type, data) = (media_type.to_owned(), data.to_owned());
        let attachment = Attachment { media_type, data, name: Some("a.bin".to_owned()) };
        Kind::of(&attachment).map_err(|trouble| trouble.problem)
    }

    #[test]
    fn kinds_follow_from_media_types() {
        assert_eq!(kind("image/PNG", "AAAA"), Ok(Kind::Image));
        assert_eq!(kind("application/pdf", "AAAA"), Ok(Kind::Pdf));
        for media_type in ["text/x-rust; charset=utf-8", "application/json", "image/svg+xml"] {
            assert_eq!(kind(media_type, "aGk="), Ok(Kind::Text("hi".to_owned())), "{media_type}");
        }
        assert!(
            kind("application/zip", "AAAA").unwrap_err().contains("`a.bin` is of type `application/zip`")
        );
        for data in ["not base64!", "/w=="] {
            assert!(kind("text/plain", data).unwrap_err().contains("`a.bin` is not UTF-8"));
        }
    }
}
