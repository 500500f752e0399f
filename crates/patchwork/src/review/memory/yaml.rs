//! The form of the file.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Dismissal, Entry, Memory};
use crate::review::fingerprint::Fingerprint;

const HEAD: &str = "\
# Findings of reviews that people dismissed: they are not raised again.
# Take an entry out to hear of its finding again.
";

/// The fields, in the order in which they are written.
const FIELDS: [&str; 6] = ["path", "rule", "reason", "by", "when", "fingerprint"];

/// The entries as they are written, each with the number of its first line, 1-based. Lines of an unfinished merge are no part of
/// them, so that both sides count.
pub(super) fn pieces(text: &str, most_bytes: usize) -> Vec<(usize, String)> {
    let mut pieces: Vec<(usize, String)> = Vec::new();
    let mut bytes = 0;
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        bytes += line.len() + 1;
        if bytes > most_bytes {
            break;
        }
        let merge = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|mark| line.starts_with(mark));
        let empty = line.trim().is_empty()
            || line.starts_with('#')
            || matches!(line.trim_end(), "---" | "..." | "[]");
        if merge || empty {
            continue;
        }
        match pieces.last_mut() {
            Some((_, piece)) if line.starts_with(char::is_whitespace) => {
                piece.push_str(line);
                piece.push('\n');
            }
            _ => pieces.push((at + 1, format!("{line}\n"))),
        }
    }
    pieces
}

/// Reads one.
pub(super) fn entry(piece: &str) -> Result<Entry, String> {
    if !piece.starts_with('-') {
        return Err("expected an entry: `- path: …` with `rule`, `reason`, `fingerprint`".to_owned());
    }
    let list: Vec<Map<String, Value>> = serde_saphyr::from_str(piece)
        .map_err(|error| format!("not YAML: {}", error.to_string().lines().next().unwrap_or_default()))?;
    let Some(fields) = list.into_iter().next() else { return Err("the entry is empty".to_owned()) };
    let dismissal =
        Dismissal::deserialize(Value::Object(fields.clone())).map_err(|error| error.to_string())?;
    let print = Fingerprint::parse(&dismissal.fingerprint).ok_or_else(|| {
        format!("`fingerprint` is `{}`: expected one that a review wrote", dismissal.fingerprint)
    })?;
    if !dismissal.reason.chars().any(char::is_alphanumeric) {
        return Err("`reason` is empty: a finding is not dismissed without one".to_owned());
    }
    let more = fields.into_iter().filter(|(name, _)| !FIELDS.contains(&name.as_str())).collect();
    Ok(Entry { dismissal, print, more, here: false })
}

pub(super) fn write(memory: &Memory) -> String {
    let mut out = HEAD.to_owned();
    for entry in &memory.entries {
        let d = &entry.dismissal;
        for (at, (name, value)) in
            FIELDS.iter().zip([&d.path, &d.rule, &d.reason, &d.by, &d.when, &d.fingerprint]).enumerate()
        {
            out.push_str(if at == 0 { "- " } else { "  " });
            out.push_str(&format!("{name}: {}\n", scalar(value)));
        }
        for (name, value) in &entry.more {
            // JSON is YAML.
            out.push_str(&format!("  {}: {value}\n", scalar(name)));
        }
    }
    for piece in &memory.unread {
        out.push_str(piece);
    }
    out
}

/// A text as YAML: bare where nothing else could be meant.
fn scalar(text: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | ' ' | '-' | ',' | '(' | ')');
    let bare = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with(' ')
        && text.chars().all(plain)
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n" | "nan" | "inf"
        );
    if bare { text.to_owned() } else { Value::from(text).to_string() }
}
