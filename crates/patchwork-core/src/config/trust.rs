//! What the configuration file of a repository may say. Whoever can push to the repository writes that file, while keys,
//! files and variables are of the user who runs Patchwork: it must not lead any of them astray.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::{Effective, Layer, Origin, Place};
use crate::failure::Failure;
use crate::patchflow::plan::InputSpec;
use crate::patchflow::yaml::shortened;
use crate::secret::names_credential;

/// What there is to try when the repository's file is refused something.
const HINT: &str = "the repository's own file can't decide this: give it yourself, on the command line, in the environment \
                    (where it has a variable) or in a file named with --config";

/// What is outside of this crate's sight, for checking a repository's file.
#[derive(Clone, Copy)]
pub struct Boundary<'a> {
    /// The absolute place of a path inside of the repository, relative to its top; the error says why it is none.
    pub inside: &'a dyn Fn(&str) -> Result<PathBuf, String>,
    /// Whether an address is on this machine.
    pub is_local: &'a dyn Fn(&str) -> bool,
}

/// Why a value can't be taken, as the rest of a sentence that begins with the option.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is wrong wherever it stands.
    Wrong(String),
    /// It may not come from the repository's file.
    Refused(String),
}

impl From<String> for Fault {
    fn from(problem: String) -> Self {
        Self::Wrong(problem)
    }
}

/// The failure for a value that the repository's file may not give.
pub(super) fn refused(name: &str, place: &Place, problem: &str) -> Failure {
    Failure::refused(format!("{place}: `{name}` {problem}")).hint(HINT)
}

/// Whether the file of the repository may set this input at all.
pub(super) fn may_set(spec: &InputSpec) -> Result<(), Fault> {
    if spec.user_only {
        return Err(Fault::Refused("can't be set by the repository's own file".to_owned()));
    }
    Ok(())
}

/// The value of a variable that the repository's file puts into an option. Only secrets may be filled with credentials: any
/// other option can end in a pull request, in a prompt or in a log.
pub(super) fn variable(spec: &InputSpec, name: &str, value: Option<String>) -> Result<String, Fault> {
    let is_credential = names_credential(name) || value.as_deref().is_some_and(holds_password);
    if is_credential && !spec.secret {
        return Err(Fault::Refused(format!("can't hold {name}: that variable looks like a credential")));
    }
    value.ok_or_else(|| not_set(name))
}

/// The problem of a variable that is not there.
pub(super) fn not_set(name: &str) -> Fault {
    Fault::Wrong(format!("needs the environment variable {name}, which is not set"))
}

/// Whether there is an address with a password in it.
fn holds_password(value: &str) -> bool {
    users(value).any(|user| user.contains(':'))
}

/// What stands before the hosts of the addresses in a text.
fn users(text: &str) -> impl Iterator<Item = &str> {
    text.split("://").skip(1).filter_map(|rest| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority.rsplit_once('@').map(|(user, _)| user)
    })
}

/// An address that gets secrets must not hold another: addresses are journaled and shown.
pub(super) fn address(spec: &InputSpec, value: &Value) -> Result<(), Fault> {
    let Some(secret) = spec.receives.first() else { return Ok(()) };
    match value.as_str().and_then(|text| users(text).next()) {
        None => Ok(()),
        Some(_) => {
            Err(Fault::Wrong(format!("must not hold a user or a password: what opens it is `{secret}`")))
        }
    }
}

/// Makes the paths of a value absolute, from the top of the repository.
pub(super) fn place_inside(value: &mut Value, boundary: Boundary<'_>) -> Result<(), Fault> {
    match value {
        Value::String(path) if !path.is_empty() => {
            let place =
                (boundary.inside)(path).map_err(|why| Fault::Refused(format!("is refused: {why}")))?;
            *path = place.to_string_lossy().into_owned();
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| place_inside(item, boundary)),
        _ => Ok(()),
    }
}

/// Checks the addresses that the repository's file gives: none but those on this machine get a secret that is not in
/// that file itself.
pub(super) fn check_addresses(
    specs: &[InputSpec],
    layers: &[Layer],
    is_local: &dyn Fn(&str) -> bool,
    effective: &Effective,
) -> Vec<Failure> {
    let given = specs.iter().filter_map(|spec| {
        let setting = effective.values.get(&spec.name)?;
        let from_there = matches!(setting.place.origin, Origin::RepositoryFile(_));
        from_there.then_some((spec, &setting.value, &setting.place))
    });
    given.filter_map(|(spec, value, place)| astray(spec, value, place, layers, is_local, effective)).collect()
}

/// Checks the addresses of a run that is resumed: `inputs` are those it was started with, `from_repository` the names of
/// those that its repository's file gave, `secrets` what is taken again.
pub fn check_resumed(
    specs: &[InputSpec],
    inputs: &Map<String, Value>,
    from_repository: &[String],
    layers: &[Layer],
    is_local: &dyn Fn(&str) -> bool,
    secrets: &Effective,
) -> Result<(), Failure> {
    let place = Place { origin: Origin::RepositoryFile("the repository's file".to_owned()), line: None };
    let given = specs.iter().filter(|spec| from_repository.contains(&spec.name));
    let mut given = given.filter_map(|spec| Some((spec, inputs.get(&spec.name)?)));
    let found = given.find_map(|(spec, value)| astray(spec, value, &place, layers, is_local, secrets));
    // The inputs of a run are settled: the hint of a new run would lead nowhere.
    found.map_or(Ok(()), |failure| {
        Err(Failure { hints: vec!["start a new run, and give the address yourself".to_owned()], ..failure })
    })
}

fn astray(
    spec: &InputSpec,
    value: &Value,
    place: &Place,
    layers: &[Layer],
    is_local: &dyn Fn(&str) -> bool,
    effective: &Effective,
) -> Option<Failure> {
    let address = value.as_str().map(str::trim).filter(|address| !address.is_empty())?;
    if is_local(address) {
        return None;
    }
    let (secret, _, origin) = effective
        .secrets
        .iter()
        .find(|(name, _, origin)| spec.receives.contains(name) && !is_its_own(name, origin, layers))?;
    let problem = format!("would send your `{secret}` ({origin}) to {}", shortened(address));
    Some(refused(&spec.name, place, &problem))
}

/// Whether a secret stands in the repository's file word by word, so that it is known to whoever wrote it.
fn is_its_own(name: &str, place: &Place, layers: &[Layer]) -> bool {
    let written = layers
        .iter()
        .find(|layer| layer.origin == place.origin)
        .and_then(|layer| layer.values.get(name))
        .map(Value::to_string);
    matches!(place.origin, Origin::RepositoryFile(_)) && written.is_some_and(|text| !text.contains("${"))
}

#[cfg(test)]
mod tests;
