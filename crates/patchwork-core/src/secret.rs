//! Values that must never be printed, journaled, put in a prompt or sent to a forge.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, RwLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What stands where a secret was.
pub const MASK: &str = "***";

/// Parts of variable names that say "this is a credential".
const CREDENTIAL_WORDS: [&str; 10] = [
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "API_KEY",
    "APIKEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
    "CREDENTIAL",
];

/// Ends of variable names that say it.
const CREDENTIAL_ENDS: [&str; 3] = ["_KEY", "_PAT", "_PWD"];

/// Whether an environment variable holds a credential, going by its name in any case.
pub fn names_credential(variable: &str) -> bool {
    let upper = variable.to_uppercase();
    CREDENTIAL_WORDS.iter().any(|word| upper.contains(word))
        || CREDENTIAL_ENDS.iter().any(|end| upper.ends_with(end))
}

/// Bytes of the shortest value that is looked for in texts: shorter ones are in ordinary words too.
const SHORTEST: usize = 6;

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

/// The secrets that a run may use, by option name. Taken from the environment, configuration or options at each start;
/// never stored.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Arc<RwLock<BTreeMap<String, Secret>>>);

impl Secrets {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a secret; an empty value removes it.
    pub fn insert(&self, name: impl Into<String>, secret: Secret) {
        let mut map = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if secret.expose().is_empty() {
            map.remove(&name.into());
        } else {
            map.insert(name.into(), secret);
        }
    }

    /// The secret of this name.
    pub fn get(&self, name: &str) -> Option<Secret> {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(name).cloned()
    }

    /// The names, sorted.
    pub fn names(&self) -> Vec<String> {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).keys().cloned().collect()
    }

    /// `text` with every known secret replaced by [`MASK`]. Values under six characters are left: they would mask
    /// ordinary words.
    pub fn redact(&self, text: &str) -> String {
        let map = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut values: Vec<&str> =
            map.values().map(Secret::expose).filter(|v| v.len() >= SHORTEST).collect();
        values.sort_by_key(|v| std::cmp::Reverse(v.len()));
        let mut out = text.to_owned();
        for value in values {
            if out.contains(value) {
                out = out.replace(value, MASK);
            }
        }
        out
    }

    /// The name of a secret whose value is in `text`; values that [`Secrets::redact`] leaves do not count.
    pub fn found_in(&self, text: &str) -> Option<String> {
        let map = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut secrets = map.iter().filter(|(_, secret)| secret.expose().len() >= SHORTEST);
        secrets.find(|(_, secret)| text.contains(secret.expose())).map(|(name, _)| name.clone())
    }

    /// [`Secrets::redact`] over every string in a JSON value, keys included.
    pub fn redact_value(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => {
                let clean = self.redact(text);
                if clean != *text {
                    *text = clean;
                }
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(|item| self.redact_value(item)),
            serde_json::Value::Object(map) => {
                if map.keys().any(|key| self.redact(key) != *key) {
                    let entries = std::mem::take(map);
                    map.extend(entries.into_iter().map(|(key, item)| (self.redact(&key), item)));
                }
                map.values_mut().for_each(|item| self.redact_value(item));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints() {
        let secret = Secret::new("sk-very-secret");
        assert_eq!(format!("{secret} {secret:?}"), "*** Secret(***)");
    }

    #[test]
    fn redact_replaces_longest_first_and_leaves_short_values() {
        let secrets = Secrets::new();
        secrets.insert("a", Secret::new("token-123"));
        secrets.insert("b", Secret::new("token-123-long"));
        secrets.insert("c", Secret::new("x"));
        assert_eq!(secrets.redact("x token-123-long token-123"), "x *** ***");
        assert_eq!(secrets.found_in("x token-123 y").as_deref(), Some("a"));
        assert_eq!(secrets.found_in("x"), None);
    }

    #[test]
    fn redact_value_reaches_every_text_and_key() {
        let secrets = Secrets::new();
        secrets.insert("a", Secret::new("token-123"));
        let mut value = serde_json::json!({"b": ["x token-123", {"token-123": {"token-123!": 1}}], "c": 2});
        secrets.redact_value(&mut value);
        assert_eq!(value, serde_json::json!({"b": ["x ***", {"***": {"***!": 1}}], "c": 2}));
    }
}
