//! The mark by which a comment of ours is known again.
//!
//! A comment begins with the marker of the Python original, which people's scripts look for, and our own mark behind it:
//! `<!-- patchwork {"name":"PRReview/summary","digest":"…"} -->`. Anybody can write one, so a mark counts only in a
//! comment of the token's own account.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Comment, Hidden, Trust};
use crate::engine::hex;

/// How every comment begins, as in the original.
pub const MARKER: &str = "<!-- PatchWork comment marker -->";

const OPEN: &str = "<!-- patchwork ";
const CLOSE: &str = " -->";
const OPEN_LINK: &str = "[patchwork]: # '";
const CLOSE_LINK: &str = "'";

/// Characters of a digest: enough that nobody meets one by chance.
const DIGEST: usize = 16;

/// What a mark says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mark {
    /// Which comment it is (`PRReview/summary`): there is one of a name, unless `key` says otherwise.
    pub name: String,
    /// What sets apart comments of one name: a finding's fingerprint, a run.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// More that the writer wants to find again (the commit that was reviewed).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state: String,
}

/// A mark as it is found in a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// The mark.
    pub mark: Mark,
    /// The comment without mark and marker.
    pub body: String,
    /// Whether the body is still what was written with the mark.
    pub as_written: bool,
}

#[derive(Serialize, Deserialize)]
struct Written {
    #[serde(flatten)]
    mark: Mark,
    digest: String,
}

impl Mark {
    /// A mark with nothing but a name.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), key: String::new(), state: String::new() }
    }

    /// The same with a key.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// The same with a state.
    #[must_use]
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = state.into();
        self
    }

    /// Whether two marks are of the same comment.
    pub fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.key == other.key
    }

    /// The whole text of a comment: marker, mark and body.
    pub fn write(&self, body: &str, hidden: Hidden) -> String {
        let written = Written { mark: self.clone(), digest: digest(body) };
        // `-->` and the quote can't be in it: JSON lets each of their characters be escaped.
        let json = serde_json::to_string(&written).unwrap_or_default();
        let json = json.replace('>', "\\u003e").replace('<', "\\u003c").replace("--", "\\u002d\\u002d");
        match hidden {
            Hidden::Html => format!("{MARKER}\n{OPEN}{json}{CLOSE}\n{body}"),
            Hidden::LinkDefinition => {
                format!("{OPEN_LINK}{}{CLOSE_LINK}\n\n{body}", json.replace('\'', "\\u0027"))
            }
        }
    }

    /// The mark of a text, if it has one of its own at the start.
    pub fn read(text: &str) -> Option<Marked> {
        let text = text.trim_start();
        let rest = text.strip_prefix(MARKER).unwrap_or(text).trim_start();
        let (json, body) = match rest.strip_prefix(OPEN) {
            Some(rest) => rest.split_once(CLOSE)?,
            None => rest.strip_prefix(OPEN_LINK)?.split_once(CLOSE_LINK)?,
        };
        let Written { mark, digest: written } = serde_json::from_str(json).ok()?;
        let body = body.trim_start_matches(['\r', '\n']).to_owned();
        Some(Marked { as_written: digest(&body) == written, mark, body })
    }

    /// The mark of a comment; none when it is not ours, whatever it says.
    pub fn of(comment: &Comment) -> Option<Marked> {
        (comment.author.trust == Trust::Own).then(|| Self::read(&comment.body)).flatten()
    }
}

/// The digest of a body, as forges give it back: they change line ends and cut white space at the end.
fn digest(body: &str) -> String {
    let lines: Vec<&str> = body.trim().lines().map(str::trim_end).collect();
    hex(&Sha256::digest(lines.join("\n"))).chars().take(DIGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::forge::Account;

    #[test]
    fn a_mark_is_found_again_in_both_forms_and_knows_an_edited_body() {
        let mark = Mark::named("PRReview/summary").key("a'b --> <c>").state("0123");
        for hidden in [Hidden::Html, Hidden::LinkDefinition] {
            let text = mark.write("## Review\n\nAll fine.  \n", hidden);
            assert_eq!(text.matches("-->").count(), if hidden == Hidden::Html { 2 } else { 0 }, "{text}");
            let found = Mark::read(&text.replace('\n', "\r\n")).unwrap();
            assert_eq!((&found.mark, found.as_written), (&mark, true), "{text}");
            assert!(!Mark::read(&format!("{text}\nedited")).unwrap().as_written);
        }
    }

    #[test]
    fn only_our_own_comments_have_marks() {
        let body = Mark::named("x").write("y", Hidden::Html);
        let comment = |trust| Comment {
            id: "1".into(),
            url: String::new(),
            author: Account { name: "a".into(), trust },
            body: body.clone(),
            created_ms: 0,
            place: None,
            thread: None,
            resolved: false,
            reactions: Vec::new(),
        };
        assert!(Mark::of(&comment(Trust::Own)).is_some());
        assert_eq!(Mark::of(&comment(Trust::Insider)), None);
        assert_eq!(Mark::of(&comment(Trust::Outsider)), None);
        for text in
            ["", "text", "> <!-- patchwork {\"name\":\"x\"} -->", "<!-- patchwork {} -->", "<!-- patchwork"]
        {
            assert_eq!(Mark::read(text), None, "{text}");
        }
    }
}
