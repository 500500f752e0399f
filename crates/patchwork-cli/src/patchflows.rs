//! Finding a patchflow by what the user typed: a name or a path.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchwork_core::diagnostic::{self, SourceText};
use patchwork_core::failure::{Failure, nearest};
use patchwork_core::patchflow::check::{self, Loaded, Loader};
use patchwork_core::patchflow::decode;
use patchwork_core::registry::Registry;

use crate::stdio;

/// A patchflow that was found, not yet read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The name that its configuration goes by: of the folder or file it is in, or of the shipped one.
    pub(crate) name: String,
    /// What faults name it by: the path of its file, or the name of a shipped one.
    pub(crate) origin: String,
    /// The text of its document.
    pub(crate) document: String,
}

/// Finds a patchflow: a path, else one below `--config`, else a shipped one.
pub(crate) fn find(typed: &str, config: Option<&Path>, registry: &Registry) -> Result<Found, Failure> {
    if typed.contains("::") || has_extension(typed, "py") {
        return Err(python(typed));
    }
    if typed.contains(['/', '\\']) || has_extension(typed, "yml") || has_extension(typed, "yaml") {
        return find_file(Path::new(typed));
    }
    let config = config.filter(|path| path.is_dir());
    if let Some(file) = config.and_then(|dir| custom_file(dir, typed)) {
        let origin = file.display().to_string();
        return Ok(Found { name: typed.to_owned(), document: read(&file)?, origin });
    }
    if let Some(script) = config.and_then(|dir| scripts(dir, typed).into_iter().find(|file| file.is_file())) {
        return Err(python(&script.display().to_string()));
    }
    if let Some(shipped) = registry.patchflow(typed) {
        let (name, document) = (shipped.name.to_owned(), shipped.document.to_owned());
        return Ok(Found { origin: name.clone(), name, document });
    }
    let custom = config.map(custom).unwrap_or_default();
    let names: Vec<&str> = custom.iter().map(|(name, _)| name.as_str()).collect();
    Err(not_found(typed, registry, &names))
}

/// The patchflow in a file.
pub(crate) fn find_file(path: &Path) -> Result<Found, Failure> {
    Ok(Found { name: name_of(path), origin: path.display().to_string(), document: read(path)? })
}

/// Reads and checks a patchflow that was found.
pub(crate) fn load(found: &Found, config: Option<&Path>, registry: &Registry) -> Result<Loaded, Failure> {
    check::load(&found.document, &found.origin, registry, &Files { config }).map_err(|faults| {
        // A document with faults is shown as a picture of each; the failure then only counts them.
        stdio::tell(&diagnostic::render(&faults, diagnostic::Style::Coloured));
        Failure::configuration(format!("{} can't be run as it is", found.origin))
    })
}

/// Files around a patchflow: what it uses, and its prompts.
pub(crate) struct Files<'a> {
    /// The configuration folder, or file, of `--config`.
    pub(crate) config: Option<&'a Path>,
}

impl Loader for Files<'_> {
    fn file(&self, path: &str, origin: &str) -> Result<Arc<SourceText>, Failure> {
        let path = Path::new(origin).parent().unwrap_or(Path::new("")).join(path);
        Ok(SourceText::new(path.display().to_string(), read(&path)?))
    }

    fn named(&self, name: &str) -> Result<Option<Arc<SourceText>>, Failure> {
        let file = self.config.filter(|path| path.is_dir()).and_then(|dir| custom_file(dir, name));
        file.map(|file| Ok(SourceText::new(file.display().to_string(), read(&file)?))).transpose()
    }

    fn prompts(&self, origin: &str) -> Result<Vec<Arc<SourceText>>, Failure> {
        // A shipped patchflow brings its prompts; one in a file has them beside it.
        let beside = Path::new(origin).with_file_name("prompts.yml");
        let is_file = has_extension(origin, "yml") || has_extension(origin, "yaml");
        if is_file && beside.is_file() {
            return Ok(vec![SourceText::new(beside.display().to_string(), read(&beside)?)]);
        }
        Ok(Vec::new())
    }
}

/// The name that goes with a document: of its folder for `patchflow.yml`, else its own.
fn name_of(path: &Path) -> String {
    let own = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    folder.filter(|_| own == "patchflow").unwrap_or(own).to_owned()
}

/// The patchflows below a configuration folder: names and files, sorted by name.
pub(crate) fn custom(config: &Path) -> Vec<(String, PathBuf)> {
    let mut out = Vec::new();
    for dir in [config.to_owned(), config.join("patchflows")] {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let Some(name) = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned) else {
                continue;
            };
            let found =
                candidates_in(path.parent().unwrap_or(config), &name).into_iter().find(|f| f.is_file());
            // Patchflow names begin with a capital letter: `config.yml` is none.
            let named = name.starts_with(|first: char| first.is_ascii_uppercase());
            if let Some(file) = found.filter(|_| named) {
                out.push((name, file));
            }
        }
    }
    out.sort();
    out.dedup_by(|a, b| a.0 == b.0);
    out
}

/// The failure for a name that is no patchflow.
pub(crate) fn not_found(typed: &str, registry: &Registry, custom: &[&str]) -> Failure {
    let failure = Failure::usage(format!("there is no patchflow or command `{typed}`"));
    if registry.step(typed).is_some() {
        return failure
            .hint(format!("`{typed}` is a step: a patchflow names it with `uses: {typed}`"))
            .hint(format!("`patchwork show {typed}` tells what it does"));
    }
    let commands = crate::args::patchwork();
    let known = registry.patchflows().map(|shipped| shipped.name).chain(custom.iter().copied());
    let failure = match nearest(typed, known.chain(commands.get_subcommands().map(clap::Command::get_name))) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure,
    };
    failure.hint("`patchwork list` lists the patchflows, `patchwork --help` the commands")
}

/// The failure for a name that is no step.
pub(crate) fn no_step(typed: &str, registry: &Registry) -> Failure {
    let failure = Failure::usage(format!("there is no step `{typed}`"));
    let failure = match nearest(typed, registry.steps().map(|step| step.id())) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure,
    };
    failure.hint("`patchwork list --steps` lists the steps")
}

fn python(what: &str) -> Failure {
    Failure::configuration(format!("`{what}` is a patchflow in Python, which this program can't load"))
        .hint(concat!(
            "write it anew as YAML: ",
            env!("CARGO_PKG_REPOSITORY"),
            "/blob/main/docs/migrating.md shows how"
        ))
        .hint("`patchwork eject AutoFix` writes out a patchflow to start from")
}

fn read(path: &Path) -> Result<String, Failure> {
    let name = path.display().to_string();
    let bytes = fs::read(path)
        .map_err(|error| Failure::configuration(format!("can't read {name}")).caused_by(&error))?;
    decode(&name, &bytes).map(|file| file.text.clone()).map_err(|fault| diagnostic::failure(&[*fault]))
}

/// Where a custom patchflow may stand, the first choice first.
fn custom_file(config: &Path, name: &str) -> Option<PathBuf> {
    [config.to_owned(), config.join("patchflows")]
        .iter()
        .flat_map(|dir| candidates_in(dir, name))
        .find(|file| file.is_file())
}

fn candidates_in(dir: &Path, name: &str) -> Vec<PathBuf> {
    vec![
        dir.join(name).join("patchflow.yml"),
        dir.join(name).join("patchflow.yaml"),
        dir.join(format!("{name}.yml")),
        dir.join(format!("{name}.yaml")),
    ]
}

fn scripts(config: &Path, name: &str) -> Vec<PathBuf> {
    [config.to_owned(), config.join("patchflows")]
        .iter()
        .map(|dir| dir.join(name).join(format!("{name}.py")))
        .collect()
}

fn has_extension(typed: &str, extension: &str) -> bool {
    Path::new(typed).extension().is_some_and(|found| found == extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("Mine/patchflow.yml", "name: Mine"),
            ("Mine/prompts.yml", "[]"),
            ("Other.yml", "name: Other"),
            ("patchflows/Deep.yaml", "name: Deep"),
            ("Old/Old.py", "class Old: pass"),
            ("config.yml", "a: 1"),
        ] {
            let file = dir.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        dir
    }

    #[test]
    fn custom_patchflows_are_found_in_every_place() {
        let dir = folder();
        let registry = Registry::new();
        let names: Vec<_> = custom(dir.path()).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["Deep", "Mine", "Other"]);
        for name in names {
            let found = find(&name, Some(dir.path()), &registry).unwrap();
            assert_eq!(found.document, format!("name: {name}"));
            let prompts = Files { config: Some(dir.path()) }.prompts(&found.origin).unwrap();
            assert_eq!(prompts.len(), usize::from(name == "Mine"));
        }
    }

    #[test]
    fn python_patchflows_are_refused_with_a_word_on_what_to_do() {
        let dir = folder();
        for typed in ["Old", "my/flow.py", "flow.py::Flow", "package.module::Flow"] {
            let failure = find(typed, Some(dir.path()), &Registry::new()).unwrap_err();
            assert!(failure.message.contains("Python"), "{typed}: {failure}");
            assert!(failure.hints[0].contains("docs/migrating.md"), "{failure:?}");
        }
    }

    #[test]
    fn a_wrong_name_gets_the_nearest() {
        let failure = find("mine", Some(folder().path()), &Registry::new()).unwrap_err();
        assert_eq!(failure.hints[0], "did you mean `Mine`?");
        assert_eq!(failure.exit_code(), 2);
    }
}
