//! Configuration files: one YAML mapping of option names to values.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Layer, Origin};
use crate::diagnostic::{Diagnostic, SourceText};
use crate::patchflow::yaml::{self, Kind};
use crate::secret::names_credential;

/// Reads the text of a configuration file. An empty file is an empty layer.
pub fn read_file(file: &Arc<SourceText>, origin: Origin) -> Result<Layer, Vec<Diagnostic>> {
    let mut faults = Vec::new();
    let tree = yaml::read(file, &mut faults);
    let mut layer = Layer::new(origin, Map::new());
    match tree.map(|tree| (tree.span, tree.kind)) {
        Some((_, Kind::Map(entries))) => {
            for entry in entries {
                let (line, _) = file.position(entry.key.span.start);
                // The original took `--option-name` and `option_name` alike.
                let key = entry.key.text.replace('-', "_");
                if layer.lines.insert(key.clone(), line).is_some() {
                    let message = format!("`{key}` stands twice, written with `-` and with `_`");
                    faults.push(Diagnostic::error("duplicate-key", file, entry.key.span, message));
                }
                layer.values.insert(key, entry.value.to_json());
            }
        }
        Some((_, Kind::Null)) | None => {}
        Some((span, _)) => faults.push(
            Diagnostic::error("type", file, span, "a configuration file is a mapping of options to values")
                .help("write one `option: value` a line"),
        ),
    }
    if faults.is_empty() {
        return Ok(layer);
    }
    // The lines of faults are shown, and what is wrong with one may be next to a key.
    let shown = without_credentials(file);
    faults.iter_mut().for_each(|fault| fault.file = shown.clone());
    Err(faults)
}

/// The text with every value behind a key that looks like a credential covered, byte for byte.
fn without_credentials(file: &SourceText) -> Arc<SourceText> {
    let cover = |line: &str| match line.split_once(':') {
        Some((key, value)) if names_credential(&key.replace('-', "_")) => {
            let covered =
                value.bytes().map(|byte| if byte.is_ascii_whitespace() { char::from(byte) } else { '*' });
            format!("{key}:{}", covered.collect::<String>())
        }
        _ => line.to_owned(),
    };
    SourceText::new(file.name.clone(), file.text.split_inclusive('\n').map(cover).collect::<String>())
}

impl From<Map<String, Value>> for Layer {
    /// The options of a command.
    fn from(values: Map<String, Value>) -> Self {
        Self::new(Origin::CommandLine, values)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diagnostic::{Style, render};

    fn read(text: &str) -> Result<Layer, String> {
        let file = SourceText::new("config.yml", text);
        read_file(&file, Origin::ConfigFile("config.yml".into())).map_err(|f| render(&f, Style::Plain))
    }

    #[test]
    fn keys_have_their_lines() {
        let layer = read("# mine\nmodel: small\n\nbase-url: http://x\nlist: [a, 1]\nunset:\n").unwrap();
        assert_eq!(
            Value::Object(layer.values.clone()),
            json!({"model": "small", "base_url": "http://x", "list": ["a", 1], "unset": null})
        );
        assert_eq!(layer.lines["base_url"], 4);
        assert_eq!(format!("{layer:?}").matches("small").count(), 0);
        assert!(read("").unwrap().values.is_empty());
    }

    #[test]
    fn faults_show_no_credential() {
        for text in [
            "openai-api-key: sk-ü1 x\nopenai_api_key: sk-2\n",
            "github_token: [sk-1\n",
            "a:\n  api_key: sk-1: sk-2\n",
        ] {
            let told = read(text).unwrap_err();
            assert!(!told.contains("sk-") && told.contains('*'), "{told}");
        }
    }

    #[test]
    fn faults_have_their_place() {
        insta::assert_snapshot!(read("a: 1\na: 2\na-b: 1\na_b: 2\n").unwrap_err(), @r"
        error[duplicate-key]: the key `a` stands twice
         --> config.yml:2:1
          |
        2 | a: 2
          | ^ first in line 1

        error[duplicate-key]: `a_b` stands twice, written with `-` and with `_`
         --> config.yml:4:1
          |
        4 | a_b: 2
          | ^^^

        2 errors
        ");
        insta::assert_snapshot!(read("- a\n").unwrap_err(), @r"
        error[type]: a configuration file is a mapping of options to values
         --> config.yml:1:1
          |
        1 | - a
          | ^
          |
          = help: write one `option: value` a line

        1 error
        ");
        insta::assert_snapshot!(read("a: 1\n b: 2\n").unwrap_err(), @r"
        error[yaml]: not valid YAML: mapping values are not allowed in this context
         --> config.yml:2:3
          |
        2 |  b: 2
          |   ^

        1 error
        ");
    }
}
