//! Values that must never be printed, journaled, put in a prompt or sent to a forge.

mod credential;
mod known;
mod mask;
mod patterns;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use credential::{looks_secret, names_credential};
use known::Known;
use mask::{Hit, What};
pub use mask::{Masked, PLACEHOLDER, placeholder_in};

/// What stands where a secret was, in text for people.
pub const MASK: &str = "***";

/// A secret value. It has no `Serialize` and its `Debug` and `Display` print a mask.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<Arc<str>>) -> Self {
        Self(value.into())
    }

    /// The value itself: only for the header or environment variable it is meant for.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// A reference to a secret by the name of its option (`github_api_key`), written `{"$secret": "github_api_key"}`: what
/// step inputs, plans and journals hold in place of the value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretRef {
    /// The name of the option that holds the secret.
    #[serde(rename = "$secret")]
    pub name: String,
}

impl SecretRef {
    /// A reference to the secret of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}

/// The secrets that a run may use, by option name, and others that it must not tell. Taken from the environment,
/// configuration or options at each start; never stored. Clones share their values.
#[derive(Clone, Default)]
pub struct Secrets(Arc<RwLock<State>>);

#[derive(Default)]
struct State {
    /// Those that may be used.
    options: BTreeMap<String, Secret>,
    /// Those that are only hidden.
    others: BTreeMap<String, Secret>,
    known: Arc<Known>,
}

impl State {
    fn changed(&mut self) {
        self.known = Arc::new(Known::new(self.options.iter().chain(&self.others)));
    }
}

impl Secrets {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a secret; an empty value removes it.
    pub fn insert(&self, name: impl Into<String>, secret: Secret) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if secret.expose().is_empty() {
            state.options.remove(&name.into());
        } else {
            state.options.insert(name.into(), secret);
        }
        state.changed();
    }

    /// Adds values that no run may use and that are hidden all the same: credentials that happen to be in the environment,
    /// or in a file of options. The names are for the placeholders.
    pub fn hide(&self, others: impl IntoIterator<Item = (String, Secret)>) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        state.others.extend(others);
        state.changed();
    }

    /// The secret of this name.
    pub fn get(&self, name: &str) -> Option<Secret> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).options.get(name).cloned()
    }

    /// The names of those that may be used, sorted.
    pub fn names(&self) -> Vec<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).options.keys().cloned().collect()
    }

    /// `text` with every secret replaced by [`MASK`]: the values that are known, and what has the form of a key. Values under
    /// six bytes are left, and so are those under twelve that are words (`ollama`), unless their name says that they are a
    /// password: they would mask ordinary text.
    pub fn redact(&self, text: &str) -> String {
        self.redacted(text).into_owned()
    }

    fn redacted<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = self.known();
        let hits = hits(&known, text);
        if hits.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for hit in hits {
            out.push_str(text.get(at..hit.range.start).unwrap_or_default());
            out.push_str(MASK);
            at = hit.range.end;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// The name of a known secret whose value is in `text`; values that [`Secrets::redact`] leaves do not count.
    pub fn found_in(&self, text: &str) -> Option<String> {
        self.known().find(text).next().map(|(_, name)| name.to_string())
    }

    /// [`Secrets::redact`] over every string in a JSON value, keys included.
    pub fn redact_value(&self, value: &mut Value) {
        rewrite(value, &mut |text| match self.redacted(text) {
            Cow::Owned(clean) => Some(clean),
            Cow::Borrowed(_) => None,
        });
    }

    /// [`Secrets::redact_value`] over JSON in writing.
    pub fn redact_json(&self, json: String) -> String {
        // Looking at the text first spares reading it in the usual case that there is none. An escape (`\n`) would be a letter
        // before a word.
        let known = self.known();
        let plain: Cow<'_, str> =
            if json.contains('\\') { Cow::Owned(without_escapes(&json)) } else { Cow::Borrowed(&json) };
        if known.find(&json).next().is_none() && patterns::find(&plain).is_empty() {
            return json;
        }
        match serde_json::from_str::<Value>(&json) {
            Ok(mut value) => {
                self.redact_value(&mut value);
                value.to_string()
            }
            Err(_) => self.redact(&json),
        }
    }

    /// `text` with placeholders for its secrets, of the run of this id; `None` when it has none.
    pub fn mask(&self, text: &str, run: &str) -> Option<Masked> {
        let known = self.known();
        let hits = hits(&known, text);
        (!hits.is_empty()).then(|| Masked::new(text, &hits, run))
    }

    /// [`Secrets::mask`] over every string in a JSON value, keys included; whether there were any.
    pub fn mask_value(&self, value: &mut Value, run: &str) -> bool {
        let mut any = false;
        rewrite(value, &mut |text| {
            let masked = self.mask(text, run)?;
            any = true;
            Some(masked.text)
        });
        any
    }

    fn known(&self) -> Arc<Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).known.clone()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Secrets").field(&self.names()).finish()
    }
}

fn hits<'a>(known: &'a Known, text: &str) -> Vec<Hit<'a>> {
    let values = known.find(text).map(|(range, name)| Hit { range, what: What::Known(name) });
    let forms = patterns::find(text).into_iter().map(|(range, rule)| Hit { range, what: What::Form(rule) });
    mask::apart(values.chain(forms).collect())
}

/// Puts new texts in place of strings and keys, where `change` has one.
fn rewrite(value: &mut Value, change: &mut impl FnMut(&str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(new) = change(text) {
                *text = new;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rewrite(item, change)),
        Value::Object(map) => {
            let keys: Vec<Option<String>> = map.keys().map(|key| change(key)).collect();
            if keys.iter().any(Option::is_some) {
                let entries = std::mem::take(map).into_iter().zip(keys);
                map.extend(entries.map(|((key, item), new)| (new.unwrap_or(key), item)));
            }
            map.values_mut().for_each(|item| rewrite(item, change));
        }
        _ => {}
    }
}

/// JSON with two blanks for each escape.
fn without_escapes(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((before, behind)) = rest.split_once('\\') {
        out.push_str(before);
        let mut chars = behind.chars();
        out.push_str(if chars.next().is_some() { "  " } else { " " });
        rest = chars.as_str();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
