//! The values that are known to be secret, in the spellings they travel in, looked for all at once.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use serde_json::Value;

use super::Secret;
use super::credential::{is_key, is_stand_in, looks_secret, names_credential};

/// Bytes of the shortest value that is looked for in texts: shorter ones are in ordinary words too.
pub(super) const SHORTEST: usize = 6;

/// Bytes of the shortest value that is looked for in base64, where its ends depend on what is around it.
const SHORTEST_IN_BASE64: usize = 12;

/// The values of one moment.
#[derive(Default)]
pub(super) struct Known {
    automaton: Option<AhoCorasick>,
    /// For each text of the automaton, the position of its secret in `names`.
    owners: Vec<usize>,
    /// The names, each of another value.
    names: Vec<Arc<str>>,
}

impl Known {
    /// What is looked for. Of two names of one value, the first counts.
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = (&'a String, &'a Secret)>) -> Self {
        let mut known = Self::default();
        let mut texts: BTreeMap<String, usize> = BTreeMap::new();
        let wanted = |name: &str, value: &str| value.len() >= SHORTEST && !is_stand_in(name, value);
        let secrets: Vec<_> =
            secrets.into_iter().filter(|(name, secret)| wanted(name, secret.expose())).collect();
        // Whole values first: the line of one must not take the name of another.
        for (name, secret) in &secrets {
            if !texts.contains_key(secret.expose()) {
                texts.insert(secret.expose().to_owned(), known.names.len());
                // Placeholders are in capitals, and each is of another value.
                let taken = |name: &str| known.names.iter().any(|other| other.eq_ignore_ascii_case(name));
                let number = (2..).find(|number| !taken(&format!("{name}_{number}")));
                let name =
                    if taken(name) { format!("{name}_{}", number.unwrap_or(2)) } else { (*name).clone() };
                known.names.push(name.into());
            }
        }
        for (_, secret) in secrets {
            let owner = texts.get(secret.expose()).copied().unwrap_or_default();
            for spelling in spellings(secret.expose()) {
                texts.entry(spelling).or_insert(owner);
            }
        }
        if !texts.is_empty() {
            known.automaton =
                AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(texts.keys()).ok();
            known.owners = texts.into_values().collect();
        }
        known
    }

    /// Where known values are in a text, in order.
    pub(super) fn find(&self, text: &str) -> impl Iterator<Item = (Range<usize>, &Arc<str>)> {
        let hits = self.automaton.iter().flat_map(move |automaton| automaton.find_iter(text.as_bytes()));
        hits.filter_map(|hit| {
            let owner = self.owners.get(hit.pattern().as_usize())?;
            Some((hit.range(), self.names.get(*owner)?))
        })
    }
}

/// The other forms of a value: in JSON, in URLs, in base64 between other text, and the secrets that it consists of.
fn spellings(value: &str) -> Vec<String> {
    let mut out = Vec::new();
    let json = Value::from(value).to_string();
    out.extend(json.get(1..json.len().saturating_sub(1)).map(str::to_owned));
    out.push(utf8_percent_encode(value, NON_ALPHANUMERIC).to_string());
    if value.len() >= SHORTEST_IN_BASE64 {
        for before in 0..3 {
            for engine in [&STANDARD, &URL_SAFE] {
                let mut bytes = vec![0; before];
                bytes.extend_from_slice(value.as_bytes());
                let encoded = engine.encode(&bytes);
                // What depends on the bytes before and behind is left out.
                let start = (before * 8).div_ceil(6);
                let end = bytes.len() * 8 / 6;
                out.extend(encoded.get(start..end).map(str::to_owned));
            }
        }
    }
    let trimmed = value.trim();
    match serde_json::from_str(trimmed) {
        // A key file of a cloud: most of it is no secret, and stands in code too.
        Ok(Value::Object(map)) => {
            for leaf in leaves(&Value::Object(map)) {
                out.extend(spellings(&leaf));
                out.push(leaf);
            }
        }
        _ => {
            // The line ends of a key in one line may be written out.
            let lines = trimmed.replace("\\n", "\n");
            if lines.contains('\n') {
                let words = lines.split_whitespace().filter(|word| is_key(word) && looks_secret(word));
                out.extend(words.map(str::to_owned));
            } else if trimmed.len() >= SHORTEST {
                out.push(trimmed.to_owned());
            }
        }
    }
    out
}

/// The texts in an object that are secret, going by their names or what they are.
fn leaves(value: &Value) -> Vec<String> {
    let mut out = Vec::new();
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                match inner {
                    Value::String(text) if looks_secret(text) && (names_credential(name) || is_key(text)) => {
                        out.push(text.clone());
                    }
                    inner => out.extend(leaves(inner)),
                }
            }
        }
        Value::Array(items) => out.extend(items.iter().flat_map(leaves)),
        _ => {}
    }
    out
}
