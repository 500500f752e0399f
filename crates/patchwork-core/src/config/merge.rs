//! Layers made one: later ones win, every value typed, every fault told at once.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::expand::expand;
use super::trust::{self, Boundary, Fault};
use super::value::typed;
use super::{Effective, Layer, Origin, Place, Setting};
use crate::failure::{Failure, FailureKind, nearest};
use crate::patchflow::plan::InputSpec;
use crate::patchflow::yaml::shortened;
use crate::secret::Secret;

/// Options of the Python original that mean nothing here. Configuration files that hold them keep working.
const WITHOUT_EFFECT: [&str; 4] = ["patched_api_key", "disable_telemetry", "patched_api_url", "debug"];

/// What merging needs to know besides the layers.
pub struct Surroundings<'a> {
    /// The inputs of all other known patchflows: a shared file may set them.
    pub other_inputs: &'a BTreeSet<String>,
    /// Looks an environment variable up, for `${VAR}` in files.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The folder in which the command was typed: relative values of `path` inputs start there.
    pub directory: &'a Path,
    /// What the repository's own file is checked with.
    pub boundary: Boundary<'a>,
}

/// Merges layers, the strongest last, into a value for each input. A value that a stronger layer hides is not looked at.
pub fn merge(
    specs: &[InputSpec],
    layers: &[Layer],
    around: &Surroundings<'_>,
) -> Result<Effective, Vec<Failure>> {
    let mut effective = Effective::default();
    let mut failures = Vec::new();
    for layer in layers {
        unknown_keys(specs, layer, around, &mut effective.warnings, &mut failures);
    }
    for spec in specs {
        let given = layers.iter().rev().find_map(|layer| {
            let value = layer.values.get(&spec.name).filter(|value| !value.is_null())?;
            // An empty key is what an unset CI variable leaves: it is not given.
            let blank = spec.secret && value.as_str().is_some_and(|text| text.trim().is_empty());
            (!blank).then_some((layer, value))
        });
        match given {
            None if spec.required => failures.push(missing(spec)),
            None => {
                let setting = Setting { value: spec.default.clone(), place: Place::built_in() };
                effective.values.insert(spec.name.clone(), setting);
            }
            Some((layer, value)) => {
                let place = layer.place(&spec.name);
                match one(spec, layer, value, around, &mut effective) {
                    Ok(Some(value)) => {
                        effective.values.insert(spec.name.clone(), Setting { value, place });
                    }
                    Ok(None) => {
                        let setting = Setting { value: Value::Null, place: Place::built_in() };
                        effective.values.insert(spec.name.clone(), setting);
                    }
                    Err(Fault::Wrong(problem)) => failures.push(bad_value(spec, &place, &problem)),
                    Err(Fault::Refused(problem)) => {
                        failures.push(trust::refused(&spec.name, &place, &problem))
                    }
                }
            }
        }
    }
    failures.extend(trust::check_addresses(specs, layers, around.boundary.is_local, &effective));
    if failures.is_empty() { Ok(effective) } else { Err(failures) }
}

/// The value of one input; nothing when it is a secret that expands to nothing.
fn one(
    spec: &InputSpec,
    layer: &Layer,
    value: &Value,
    around: &Surroundings<'_>,
    effective: &mut Effective,
) -> Result<Option<Value>, Fault> {
    let is_repositorys = matches!(layer.origin, Origin::RepositoryFile(_));
    if is_repositorys {
        trust::may_set(spec)?;
    }
    let written = value;
    let variable = |name: &str| match (around.variable)(name) {
        value if is_repositorys => trust::variable(spec, name, value),
        value => value.ok_or_else(|| trust::not_set(name)),
    };
    let value = if layer.origin.is_file() { expand(written, &variable)? } else { written.clone() };
    if !spec.secret {
        let mut value = typed(&value, &spec.schema).map_err(|problem| {
            // What a variable holds may be a secret that was put into the wrong option.
            let expanded = value != *written;
            let wanted = problem.split(", but is ").next().unwrap_or_default();
            if expanded { format!("{wanted}, but is not once its variables are filled in") } else { problem }
        })?;
        trust::address(spec, &value)?;
        if spec.path && is_repositorys {
            trust::place_inside(&mut value, around.boundary)?;
        } else if spec.path {
            make_absolute(&mut value, around.directory);
        }
        return Ok(Some(value));
    }
    let text = match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        // What it is must not be shown: it may be the secret in another form.
        _ => return Err(Fault::Wrong("must be a text".to_owned())),
    };
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.contains(['\r', '\n', '\0']) {
        return Err(Fault::Wrong("must be one line".to_owned()));
    }
    effective.secrets.push((spec.name.clone(), Secret::new(text), layer.place(&spec.name)));
    Ok(Some(json!({ "$secret": spec.name })))
}

fn make_absolute(value: &mut Value, directory: &Path) {
    match value {
        // An empty path is none: joined, it would mean the folder itself.
        Value::String(path) if !path.is_empty() => {
            *path = directory.join(&*path).to_string_lossy().into_owned();
        }
        Value::Array(items) => items.iter_mut().for_each(|item| make_absolute(item, directory)),
        _ => {}
    }
}

fn unknown_keys(
    specs: &[InputSpec],
    layer: &Layer,
    around: &Surroundings<'_>,
    warnings: &mut Vec<String>,
    failures: &mut Vec<Failure>,
) {
    for key in layer.values.keys() {
        if specs.iter().any(|spec| spec.name == *key) {
            continue;
        }
        let place = layer.place(key);
        if WITHOUT_EFFECT.contains(&key.as_str()) {
            warnings.push(format!("`{key}` ({place}) has no effect any more"));
            continue;
        }
        let tolerated = match layer.origin {
            Origin::CommandLine => false,
            Origin::RepositoryFile(_) | Origin::ConfigFile(_) => around.other_inputs.contains(key),
            Origin::Environment(_) | Origin::BuiltIn => true,
        };
        if tolerated {
            continue;
        }
        let near = nearest(key, specs.iter().map(|spec| spec.name.as_str()));
        let failure = match layer.origin {
            Origin::CommandLine => Failure::usage(format!("there is no option {}", shortened(key))),
            _ => Failure::configuration(format!("{place}: there is no option {}", shortened(key))),
        };
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if specs.is_empty() => "this patchflow takes no options".to_owned(),
            None => "`--help` lists the options".to_owned(),
        };
        failures.push(failure.hint(hint));
    }
}

fn missing(spec: &InputSpec) -> Failure {
    let name = &spec.name;
    let failure = Failure::usage(format!("`{name}` is not given, and it has no default"));
    let failure = failure.hint(format!("give it as `{name}=…`, or set it in a configuration file"));
    if spec.help.is_empty() { failure } else { failure.hint(format!("{name}: {}", spec.help)) }
}

fn bad_value(spec: &InputSpec, place: &Place, problem: &str) -> Failure {
    let name = &spec.name;
    match &place.origin {
        Origin::CommandLine => Failure::usage(format!("`{name}` {problem}")),
        Origin::Environment(variable) => {
            Failure::usage(format!("`{name}` (environment variable {variable}) {problem}"))
        }
        _ => Failure::new(FailureKind::Configuration, format!("{place}: `{name}` {problem}")),
    }
}

#[cfg(test)]
pub(super) mod tests;
