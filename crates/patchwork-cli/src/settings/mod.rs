//! The options of a run, from every place they can be given in: the patchflow's defaults, the user's own file, the
//! repository's `.patchwork.yaml`, `--config`, the environment, the command line. The later wins.

pub(crate) mod every_run;
mod files;
mod policy;
mod suppressions;
mod vendors;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use patchwork::local::BaseBranch;
use patchwork::models::Catalog;
use patchwork_core::budget::Limits;
use patchwork_core::config::{self, Boundary, Effective, Layer, Origin, Surroundings};
use patchwork_core::effect::Policy;
use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::journal::RunSpec;
use patchwork_core::patchflow::check;
use patchwork_core::patchflow::plan::{InputSpec, Plan};
use patchwork_core::registry::Registry;
use patchwork_core::secret::Secrets;
use serde_json::{Map, Value};

use crate::args::{Level, Options, input_type};
use crate::patchflows::{self, Files};
use crate::report::lines;
use crate::{env, secrets, stdio};

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

/// A patchflow with everything that may be said to it.
pub(crate) struct Openings {
    /// Its plan, with the options of every run among its inputs.
    pub(crate) plan: Plan,
    /// The models that it can ask.
    pub(crate) catalog: Arc<Catalog>,
    /// What files say.
    files: files::Found,
}

/// What a run is given.
pub(crate) struct Given {
    /// The options in effect, those of every run included.
    pub(crate) effective: Effective,
    /// The names of the patchflow's own inputs.
    own: BTreeSet<String>,
    /// The secrets among the options.
    pub(crate) secrets: Secrets,
    /// What its model calls may take.
    pub(crate) limits: Limits,
    /// The models that it can ask.
    pub(crate) catalog: Arc<Catalog>,
    /// The branch that the run stands on, when that is not what is checked out: it is about what somebody wants merged.
    pub(crate) base: Option<BaseBranch>,
    /// What it may do to a forge.
    pub(crate) policy: Policy,
}

impl Given {
    /// The inputs of the patchflow that have a value.
    pub(crate) fn inputs(&self) -> Map<String, Value> {
        let mut inputs = self.effective.inputs();
        inputs.retain(|name, _| self.own.contains(name));
        inputs
    }

    /// The names of the inputs that the repository's own file gave.
    pub(crate) fn of_the_repository(&self) -> Vec<String> {
        let mut names = self.effective.from_repository();
        names.retain(|name| self.own.contains(name));
        names
    }
}

impl Place<'_> {
    /// Reads the files that configure a patchflow: what can be said to it depends on them.
    pub(crate) fn open(&self, plan: &Plan) -> Result<Openings, Failure> {
        let mut files = files::find(self.options.config.as_deref(), self.name, self.folder, plan)?;
        let catalog = vendors::take(&mut files.layers)?;
        Ok(Openings { plan: every_run::widened(plan, self.registry, &catalog), catalog, files })
    }

    /// The options in effect for `plan`, which was opened; `typed` are those of the command line.
    pub(crate) fn given(
        &self,
        plan: &Plan,
        open: Openings,
        typed: &[(String, String)],
    ) -> Result<Given, Failure> {
        let Openings { plan: wide, catalog, mut files } = open;
        let is_foreign = |name: &str| plan.input(name).is_some_and(|input| input.foreign);
        let is_given = |value: &str| !value.trim().is_empty();
        let base = match typed.iter().any(|(name, value)| is_foreign(name) && is_given(value)) {
            true => files::use_base(&mut files, self.folder)?,
            false => None,
        };
        self.warn(&files.warnings);
        let policy = policy::take(self.options.policy.as_deref(), &mut files.layers)?;
        let effective = self.merge(&wide.inputs, &layers(files.layers, &wide, &catalog, typed), &catalog)?;
        self.warn(&effective.warnings);
        let faults = suppressions::faults(plan, &effective);
        if !faults.is_empty() {
            return Err(one_failure(faults));
        }
        let own: BTreeSet<String> = plan.inputs.iter().map(|input| input.name.clone()).collect();
        let mut chosen = effective.clone();
        chosen.values.retain(|name, _| !own.contains(name));
        let (secrets, limits) = (secrets(&effective), every_run::limits(&chosen));
        Ok(Given { effective, own, secrets, limits, catalog, base, policy })
    }

    /// What a run that is resumed is given: secrets once more, and of the limits those that are typed.
    pub(crate) fn again(
        &self,
        run: &RunSpec,
        open: Openings,
        typed: &[(String, String)],
    ) -> Result<Given, Failure> {
        let Openings { plan: wide, catalog, mut files } = open;
        self.warn(&files.warnings);
        let policy = policy::take(self.options.policy.as_deref(), &mut files.layers)?;
        let is_limit = |name: &str| every_run::is_limit(name) && run.plan.input(name).is_none();
        let asked = |spec: &&InputSpec| spec.secret || is_limit(&spec.name);
        let specs: Vec<InputSpec> = wide.inputs.iter().filter(asked).cloned().collect();
        let mut layers = layers(files.layers, &wide, &catalog, typed);
        for layer in &mut layers {
            // Everything else is as it was when the run began.
            let typed = layer.origin == Origin::CommandLine;
            layer
                .values
                .retain(|key, _| specs.iter().any(|spec| spec.name == *key && (spec.secret || typed)));
        }
        let effective = self.merge(&specs, &layers, &catalog)?;
        let is_local = &patchwork::local::is_local;
        config::check_resumed(
            &wide.inputs,
            &run.inputs,
            &run.from_repository,
            &layers,
            is_local,
            &effective,
        )?;
        let mut limits = run.limits;
        let chosen = every_run::limits(&effective);
        for (name, _) in typed.iter().filter(|(name, _)| is_limit(name)) {
            match name.as_str() {
                "max_cost" => limits.cost = chosen.cost,
                "max_tokens" => limits.tokens = chosen.tokens,
                "max_llm_calls" => limits.calls = chosen.calls,
                _ => limits.allow_unknown_price = chosen.allow_unknown_price,
            }
        }
        let own = run.plan.inputs.iter().map(|input| input.name.clone()).collect();
        Ok(Given { secrets: secrets(&effective), effective, own, limits, catalog, base: None, policy })
    }

    /// The keys of models that are given without a word, and the catalogue that says whose they are.
    pub(crate) fn keys(&self) -> Result<(Effective, Arc<Catalog>), Failure> {
        let none = Plan {
            name: self.name.to_owned(),
            summary: String::new(),
            inputs: Vec::new(),
            steps: Vec::new(),
            finally: Vec::new(),
            outputs: Vec::new(),
            prompts: BTreeMap::new(),
        };
        let Openings { plan, catalog, files } = self.open(&none)?;
        self.warn(&files.warnings);
        let mut specs = every_run::specs(&catalog);
        specs.retain(|spec| spec.secret);
        let mut layers = layers(files.layers, &plan, &catalog, &[]);
        for layer in &mut layers {
            layer.values.retain(|key, _| specs.iter().any(|spec| spec.name == *key));
        }
        Ok((self.merge(&specs, &layers, &catalog)?, catalog))
    }

    /// The secrets for a recorded run.
    pub(crate) fn secrets_again(
        &self,
        run: &RunSpec,
        typed: &[(String, String)],
    ) -> Result<Secrets, Failure> {
        self.again(run, self.open(&run.plan)?, typed).map(|given| given.secrets)
    }

    fn merge(&self, specs: &[InputSpec], layers: &[Layer], catalog: &Catalog) -> Result<Effective, Failure> {
        let shared = layers.iter().any(|layer| layer.origin.is_file());
        let mut other_inputs = if shared { self.inputs_of_all() } else { BTreeSet::new() };
        other_inputs.extend(every_run::specs(catalog).into_iter().map(|spec| spec.name));
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

    fn warn(&self, warnings: &[String]) {
        if self.options.level() >= Level::Warning {
            warnings.iter().for_each(|warning| stdio::tell(&lines::warning(warning)));
        }
    }
}

/// Files, variables and words, the strongest last.
fn layers(files: Vec<Layer>, plan: &Plan, catalog: &Catalog, typed: &[(String, String)]) -> Vec<Layer> {
    let mut out = files;
    for (variable, option, value) in env::option_values(catalog) {
        let values = Map::from_iter([(option, Value::String(value))]);
        out.push(Layer::new(Origin::Environment(variable), values));
    }
    out.push(Layer::new(Origin::CommandLine, from_words(plan, typed)));
    out
}

/// The secrets among the options in effect.
fn secrets(effective: &Effective) -> Secrets {
    let secrets = secrets::known().clone();
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
