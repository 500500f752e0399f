//! The secrets of this process: one set, by which all is masked that is printed, logged and journaled.

use std::io::{self, Write};
use std::sync::LazyLock;

use patchwork_core::secret::{Secret, Secrets, looks_secret, names_credential};
use serde_json::{Map, Value};

use crate::env;

static KNOWN: LazyLock<Secrets> = LazyLock::new(|| {
    let secrets = Secrets::new();
    secrets.hide(env::credentials());
    secrets
});

/// The set. It has the credentials of the environment from the start; those of files and options come to it.
pub(crate) fn known() -> &'static Secrets {
    &KNOWN
}

/// Hides what stands under the name of a credential in the values of a file, even where the patchflow has no such option.
pub(crate) fn hide_those_of(values: &Map<String, Value>) {
    let mut found = Vec::new();
    collect(values, &mut found);
    if !found.is_empty() {
        known().hide(found);
    }
}

/// Whether the values of a file hold a credential word by word.
pub(crate) fn are_in(values: &Map<String, Value>) -> bool {
    let mut found = Vec::new();
    collect(values, &mut found);
    !found.is_empty()
}

fn collect(values: &Map<String, Value>, found: &mut Vec<(String, Secret)>) {
    for (name, value) in values {
        match value {
            // `${VAR}` is no value, and that of a variable is known from the environment.
            Value::String(text) if names_credential(name) && looks_secret(text) && !text.contains("${") => {
                found.push((name.clone(), Secret::new(text.as_str())));
            }
            Value::Object(inner) => collect(inner, found),
            _ => {}
        }
    }
}

/// A writer of whole lines that passes them on masked.
pub(crate) struct Masking<W>(pub(crate) W);

impl<W: Write> Write for Masking<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(known().redact(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn credentials_of_a_file_are_found_at_any_depth() {
        let values = json!({
            "jira_api_token": "cli-test-9f2c1",
            "password": "postgres",
            "github_api_key": "${GITHUB_TOKEN}",
            "vendors": { "mine": { "api_key": "cli-test-77ab3" } },
            "model": "gpt-4o",
        });
        let mut found = Vec::new();
        collect(values.as_object().unwrap(), &mut found);
        let mut names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["api_key", "jira_api_token"]);
    }

    #[test]
    fn lines_are_masked_on_their_way() {
        known().insert("test", Secret::new("cli-test-5512e"));
        let mut out = Vec::new();
        Masking(&mut out).write_all(b"key cli-test-5512e\n").unwrap();
        assert_eq!(out, b"key ***\n");
    }
}
