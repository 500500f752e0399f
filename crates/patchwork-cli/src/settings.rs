//! The options of a run, from every place they can be given in: the patchflow's defaults, the repository's
//! `.patchwork.yaml`, `--config`, the environment, the command line. The later wins.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use patchwork_core::config::{self, Boundary, Effective, Layer, Origin, Surroundings};
use patchwork_core::diagnostic::{Diagnostic, Style, render};
use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::journal::RunSpec;
use patchwork_core::patchflow::plan::{InputSpec, Plan};
use patchwork_core::patchflow::{check, decode};
use patchwork_core::registry::Registry;
use patchwork_core::secret::Secrets;
use serde_json::{Map, Value};

use crate::args::{Options, input_type};
use crate::patchflows::{self, Files};
use crate::report::lines;
use crate::{env, stdio};

/// Files with the options of a repository, in its top folder.
const REPOSITORY_FILES: [&str; 2] = [".patchwork.yaml", ".patchwork.yml"];

/// Where options are looked for.
pub(crate) struct Place<'a> {
    /// The options of every command.
    pub(crate) options: &'a Options,
    /// What is shipped.
    pub(crate) registry: &'a Registry,
    /// What the patchflow's configuration folder is called.
    pub(crate) name: &'a str,
    /// Where the command was typed: relative paths start here, and the repository is the one around it.
    pub(crate) folder: &'a Path,
}

impl Place<'_> {
    /// The options in effect; `typed` are those of the command line.
    pub(crate) fn effective(&self, plan: &Plan, typed: &[(String, String)]) -> Result<Effective, Failure> {
        let effective = self.merge(&plan.inputs, &self.layers(plan, typed)?)?;
        for warning in &effective.warnings {
            stdio::tell(&lines::warning(warning));
        }
        Ok(effective)
    }

    /// The secrets for a run that is resumed.
    pub(crate) fn secrets_again(
        &self,
        run: &RunSpec,
        typed: &[(String, String)],
    ) -> Result<Secrets, Failure> {
        let inputs = &run.plan.inputs;
        let specs: Vec<InputSpec> = inputs.iter().filter(|input| input.secret).cloned().collect();
        let mut layers = self.layers(&run.plan, typed)?;
        for layer in &mut layers {
            // Everything else is as it was when the run began.
            layer.values.retain(|key, _| specs.iter().any(|spec| spec.name == *key));
        }
        let effective = self.merge(&specs, &layers)?;
        let is_local = &patchwork::local::is_local;
        config::check_resumed(inputs, &run.inputs, &run.from_repository, &layers, is_local, &effective)?;
        Ok(secrets(&effective))
    }

    fn merge(&self, specs: &[InputSpec], layers: &[Layer]) -> Result<Effective, Failure> {
        let shared = layers.iter().any(|layer| layer.origin.is_file());
        let other_inputs = if shared { self.inputs_of_all() } else { BTreeSet::new() };
        let top = repository_top(self.folder).unwrap_or(self.folder);
        let inside = |path: &str| patchwork::local::inside(top, path).map_err(|failure| failure.message);
        let boundary = Boundary { inside: &inside, is_local: &patchwork::local::is_local };
        let around = Surroundings {
            other_inputs: &other_inputs,
            variable: &env::variable,
            directory: self.folder,
            boundary,
        };
        config::merge(specs, layers, &around).map_err(one_failure)
    }

    /// The names of the inputs of every patchflow: a file that several share may set them.
    fn inputs_of_all(&self) -> BTreeSet<String> {
        let config = self.options.config.as_deref();
        let shipped = self.registry.patchflows().map(|shipped| shipped.name.to_owned());
        let custom = config.map(patchflows::custom).unwrap_or_default().into_iter().map(|(name, _)| name);
        shipped
            .chain(custom)
            .filter_map(|name| check::load_named(&name, self.registry, &Files { config }).ok().flatten())
            .flat_map(|loaded| loaded.plan.inputs.into_iter().map(|input| input.name))
            .collect()
    }

    fn layers(&self, plan: &Plan, typed: &[(String, String)]) -> Result<Vec<Layer>, Failure> {
        let mut out = Vec::new();
        if let Some(top) = repository_top(self.folder) {
            let found = REPOSITORY_FILES.into_iter().find(|file| top.join(file).is_file());
            if let Some(file) = found {
                // A link to a file of the user's would have its text shown among the faults.
                let path = patchwork::local::inside(top, file)?;
                out.push(read(&path, Origin::RepositoryFile(file.to_owned()))?);
            }
        }
        if let Some(path) = &self.options.config {
            out.extend(from_config(path, self.name, plan)?);
        }
        for (variable, option, value) in env::option_values() {
            let values = Map::from_iter([(option.to_owned(), Value::String(value))]);
            out.push(Layer::new(Origin::Environment(variable.to_owned()), values));
        }
        out.push(Layer::new(Origin::CommandLine, from_words(plan, typed)));
        Ok(out)
    }
}

/// The secrets among the options in effect.
pub(crate) fn secrets(effective: &Effective) -> Secrets {
    let secrets = Secrets::new();
    for (name, secret, _) in &effective.secrets {
        secrets.insert(name.clone(), secret.clone());
    }
    secrets
}

/// The journal must not become one of the user's files.
pub(crate) fn refuse_inside_repository(state_dir: &Path, folder: &Path) -> Result<(), Failure> {
    // What is not there yet may be below something that is reached through a link.
    let real = state_dir.ancestors().find_map(|above| above.canonicalize().ok());
    let top = repository_top(folder).and_then(|top| top.canonicalize().ok());
    match (real, top) {
        (Some(real), Some(top)) if real.starts_with(&top) => Err(Failure::configuration(format!(
            "the state folder `{}` is inside of the repository",
            state_dir.display()
        ))
        .hint("choose one outside of it: --state-dir or PATCHWORK_STATE_DIR")),
        _ => Ok(()),
    }
}

/// The folder with `.git` around a folder, if there is one.
fn repository_top(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|folder| folder.join(".git").exists())
}

/// The layers of `--config`: a file, or a folder with one for each patchflow.
fn from_config(path: &Path, name: &str, plan: &Plan) -> Result<Vec<Layer>, Failure> {
    let shown = |path: &Path| Origin::ConfigFile(path.display().to_string());
    if path.is_file() {
        return Ok(vec![read(path, shown(path))?]);
    }
    let folders = [path.join(name), path.join("patchflows").join(name)];
    let mut out = Vec::new();
    let prompts = folders.iter().map(|folder| folder.join("prompt.json")).find(|file| file.is_file());
    if let (Some(file), Some(_)) = (prompts, plan.input("prompt_template_file")) {
        let values = Map::from_iter([("prompt_template_file".to_owned(), file.display().to_string().into())]);
        out.push(Layer::new(shown(&file), values));
    }
    let files = folders.iter().flat_map(|folder| ["config.yml", "config.yaml"].map(|file| folder.join(file)));
    if let Some(file) = files.into_iter().find(|file: &PathBuf| file.is_file()) {
        out.push(read(&file, shown(&file))?);
    }
    Ok(out)
}

/// What was typed, by input. A list can be given bit by bit: `paths=a paths=b`.
fn from_words(plan: &Plan, typed: &[(String, String)]) -> Map<String, Value> {
    let mut out = Map::new();
    for (name, text) in typed {
        let is_list = plan.input(name).is_some_and(|input| input_type(&input.schema) == "array");
        let value = Value::String(text.clone());
        match out.remove(name) {
            Some(Value::Array(mut items)) if is_list => {
                items.push(value);
                out.insert(name.clone(), Value::Array(items));
            }
            Some(first) if is_list => {
                out.insert(name.clone(), Value::Array(vec![first, value]));
            }
            _ => {
                out.insert(name.clone(), value);
            }
        }
    }
    out
}

fn read(path: &Path, origin: Origin) -> Result<Layer, Failure> {
    let bytes = fs::read(path).map_err(|error| {
        Failure::configuration(format!("can't read {}", path.display())).caused_by(&error)
    })?;
    let wrong = |faults: &[Diagnostic]| {
        stdio::tell(&render(faults, Style::Coloured));
        Failure::configuration(format!("{} can't be used as it is", path.display()))
    };
    let file = decode(&path.display().to_string(), &bytes).map_err(|fault| wrong(&[*fault]))?;
    config::read_file(&file, origin).map_err(|faults| wrong(&faults))
}

/// All faults of the options in one failure.
fn one_failure(mut failures: Vec<Failure>) -> Failure {
    if failures.len() == 1 {
        return failures.remove(0);
    }
    let Some(first) = failures.first() else {
        return Failure::internal("options were refused without a reason");
    };
    let refused = failures.iter().any(|failure| failure.kind == FailureKind::Refused);
    let kind = if refused { FailureKind::Refused } else { first.kind };
    let mut out = Failure::new(kind, format!("{} options can't be used", failures.len()));
    let all: Vec<&String> = failures.iter().flat_map(|failure| &failure.hints).collect();
    let is_shared = |hint: &String| all.iter().filter(|other| **other == hint).count() > 1;
    for failure in &failures {
        let own = failure.hints.iter().filter(|hint| !is_shared(hint));
        let hints = own.map(|hint| format!("; {hint}")).collect::<String>();
        out = out.cause(format!("{}{hints}", failure.message));
        for hint in failure.hints.iter().filter(|hint| is_shared(hint)) {
            if !out.hints.contains(hint) {
                out = out.hint(hint.clone());
            }
        }
    }
    out
}
