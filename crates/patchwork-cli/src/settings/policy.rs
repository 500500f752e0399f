//! The policy for effects on forges: from `--policy`, else from the user's own files; the repository's file can only tighten it.

use std::path::Path;

use patchwork_core::config::{Layer, Origin};
use patchwork_core::effect::{Policy, PolicyFile};
use patchwork_core::failure::Failure;
use serde_json::{Map, Value};

use super::files;

/// The option that holds it in a file with options.
const KEY: &str = "policy";

/// Takes the policy out of the layers. Of several files of the user's, each says only what it names.
pub(super) fn take(file: Option<&Path>, layers: &mut [Layer]) -> Result<Policy, Failure> {
    let mut own = Map::new();
    let mut tighter = Vec::new();
    for layer in layers {
        let line = layer.lines.remove(KEY);
        let Some(value) = layer.values.remove(KEY).filter(|value| !value.is_null()) else { continue };
        let place = match line {
            Some(line) => format!("{}:{line}", layer.origin),
            None => layer.origin.to_string(),
        };
        // Each by itself, so that what is wrong is named by its place.
        let read = read(&value, &format!("{place}: `{KEY}`"))?;
        match (&layer.origin, value) {
            (Origin::RepositoryFile(_), _) => tighter.push(read),
            (Origin::ConfigFile(_), Value::Object(said)) => own.extend(said),
            _ => {
                return Err(Failure::usage(format!("`{KEY}` is no option of a run"))
                    .hint("name a file with --policy FILE, or put it into a configuration file of yours"));
            }
        }
    }
    let mut policy: Policy = match file {
        Some(file) => {
            let shown = file.display().to_string();
            let layer = files::read(file, Origin::ConfigFile(shown.clone()))?;
            read(&Value::Object(layer.values), &shown)?.into()
        }
        None => read(&Value::Object(own), KEY)?.into(),
    };
    policy.validate()?;
    for file in &tighter {
        policy = policy.tightened(file);
    }
    policy.validate()?;
    Ok(policy)
}

fn read(value: &Value, place: &str) -> Result<PolicyFile, Failure> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        // A key that is none of the words is a step without a name.
        let path = path.trim_end_matches(".?");
        let field = if path == "." { String::new() } else { format!(" `{path}`") };
        Failure::configuration(format!("{place}:{field} {}", error.inner()))
            .hint("docs/effects.md lists the fields of a policy")
    })
}

#[cfg(test)]
mod tests {
    use patchwork_core::effect::EffectKind;
    use serde_json::json;

    use super::*;

    fn layer(origin: Origin, policy: Value) -> Layer {
        Layer::new(origin, Map::from_iter([(KEY.to_owned(), policy)]))
    }

    #[test]
    fn the_users_files_say_and_the_repositorys_file_tightens() {
        let mut layers = [
            layer(Origin::ConfigFile("a.yml".into()), json!({"link_hosts": ["a.test"], "numbers": [1]})),
            layer(
                Origin::RepositoryFile(".patchwork.yaml".into()),
                json!({"effects": {"comment": 1, "push": 99}}),
            ),
            layer(Origin::ConfigFile("b.yml".into()), json!({"numbers": [2]})),
        ];
        let policy = take(None, &mut layers).unwrap();
        assert_eq!((policy.link_hosts, policy.numbers), (vec!["a.test".to_owned()], vec![2]));
        assert_eq!((policy.effects[&EffectKind::Comment], policy.effects[&EffectKind::Push]), (1, 2));
        assert!(layers.iter().all(|layer| layer.values.is_empty()));
    }

    #[test]
    fn a_file_takes_the_place_of_what_the_users_files_say() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("policy.yml");
        std::fs::write(&file, "effects: { comment: 3 }\nallowed_paths: [Cargo.lock]\n").unwrap();
        let mut layers = [layer(Origin::ConfigFile("a.yml".into()), json!({"link_hosts": ["a.test"]}))];
        let policy = take(Some(&file), &mut layers).unwrap();
        assert_eq!(policy.effects.len(), 1);
        assert!(policy.link_hosts.is_empty() && policy.allowed_paths == ["Cargo.lock"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (value, said) in [
            (json!({"effects": {"pushes": 1}}), "a.yml: `policy`: `effects` unknown variant `pushes`"),
            (json!({"paths": []}), "`paths` unknown field `paths`"),
            (json!({"numbers": ["x"]}), "`numbers[0]` invalid type"),
            (json!("strict"), "invalid type: string"),
            (json!({"protected_paths": ["a["]}), "protected_paths: \"a[\" is no glob"),
        ] {
            let mut layers = [layer(Origin::ConfigFile("a.yml".into()), value)];
            let failure = take(None, &mut layers).unwrap_err();
            assert!(failure.message.contains(said), "{failure}");
            assert_eq!(failure.exit_code(), 3);
        }
    }
}
