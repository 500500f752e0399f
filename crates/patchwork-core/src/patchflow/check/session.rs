//! Loading a patchflow and those it uses, each once.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use super::Loader;
use super::flow;
use super::wires::WireReport;
use crate::diagnostic::{Diagnostic, SourceText};
use crate::failure::Failure;
use crate::patchflow::document;
use crate::patchflow::plan::Plan;
use crate::patchflow::types::Type;
use crate::patchflow::yaml::Name;
use crate::prompt::Prompt;
use crate::registry::Registry;
use crate::step::{Effects, ErasedStep};

/// Patchflows inside patchflows, at most.
const DEPTH: usize = 16;

/// Nodes of a plan, those of its sub-patchflows included each time they are used.
const MOST_NODES: usize = 20_000;

/// What all patchflows of one load share.
pub(super) struct Session<'a> {
    pub(super) registry: &'a Registry,
    loader: &'a dyn Loader,
    pub(super) faults: Vec<Diagnostic>,
    /// Origins of the patchflows that are being loaded, outermost first.
    stack: Vec<String>,
    done: HashMap<String, Option<Rc<Checked>>>,
    schemas: HashMap<&'static str, StepTypes>,
}

/// A step's types.
#[derive(Clone)]
pub(super) struct StepTypes {
    pub(super) input: Type,
    pub(super) output: Type,
}

/// A patchflow that was read as far as it could be.
pub(super) struct Checked {
    pub(super) plan: Plan,
    pub(super) outputs: Type,
    pub(super) wires: Vec<WireReport>,
    pub(super) effects: Effects,
    pub(super) nodes: usize,
}

/// What `uses` means.
pub(super) enum Used {
    Step {
        id: &'static str,
        effects: Effects,
        types: StepTypes,
    },
    Flow(Rc<Checked>),
    /// Nothing that could be loaded; reported already.
    Nothing,
}

impl<'a> Session<'a> {
    pub(super) fn new(registry: &'a Registry, loader: &'a dyn Loader) -> Self {
        Self {
            registry,
            loader,
            faults: Vec::new(),
            stack: Vec::new(),
            done: HashMap::new(),
            schemas: HashMap::new(),
        }
    }

    /// Reads and checks a patchflow; nothing when it could not be read at all.
    pub(super) fn load(&mut self, file: &Arc<SourceText>) -> Option<Rc<Checked>> {
        let origin = plain_path(&file.name);
        if let Some(done) = self.done.get(&origin) {
            return done.clone();
        }
        self.stack.push(origin.clone());
        let document = document::read(file, &mut self.faults);
        let prompts = self.prompts(file);
        let checked = document.map(|document| Rc::new(flow::check(self, &document, prompts)));
        self.stack.pop();
        self.done.insert(origin, checked.clone());
        checked
    }

    /// Resolves the `uses` of a node in `file`.
    pub(super) fn resolve(&mut self, file: &Arc<SourceText>, uses: &Name) -> Used {
        let name = uses.text.as_str();
        let is_patchflow = name.ends_with(".yml") || name.ends_with(".yaml");
        let is_file = is_patchflow || name.starts_with("./") || name.starts_with("../");
        if is_file && !is_patchflow {
            let message = "only patchflow files, which end in `.yml` or `.yaml`, can be used";
            self.faults.push(Diagnostic::error("unknown-step", file, uses.span.clone(), message));
            return Used::Nothing;
        }
        if is_file {
            return match self.loader.file(name, &file.name) {
                Ok(found) => self.sub(file, uses, &found),
                Err(failure) => self.unreadable(file, uses.span.clone(), &failure),
            };
        }
        if let Some(step) = self.registry.step(name).cloned() {
            let types = self.types(&*step);
            return Used::Step { id: step.id(), effects: step.effects(), types };
        }
        match self.loader.named(name) {
            Ok(Some(found)) => return self.sub(file, uses, &found),
            Ok(None) => {}
            Err(failure) => return self.unreadable(file, uses.span.clone(), &failure),
        }
        if let Some(built_in) = self.registry.patchflow(name) {
            return self.sub(file, uses, &SourceText::new(built_in.name, built_in.document));
        }
        let fault = Diagnostic::error(
            "unknown-step",
            file,
            uses.span.clone(),
            format!("there is no step or patchflow `{name}`"),
        );
        self.faults.push(match self.registry.nearest(name) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault.help("`patchwork list` shows what there is; a file is written `./other.yml`"),
        });
        Used::Nothing
    }

    pub(super) fn types(&mut self, step: &dyn ErasedStep) -> StepTypes {
        let entry = self.schemas.entry(step.id());
        entry
            .or_insert_with(|| StepTypes {
                input: Type::of_document(step.input_schema()),
                output: Type::of_document(step.output_schema()),
            })
            .clone()
    }

    fn sub(&mut self, file: &Arc<SourceText>, uses: &Name, found: &Arc<SourceText>) -> Used {
        let error = |code, message: String| Diagnostic::error(code, file, uses.span.clone(), message);
        let origin = plain_path(&found.name);
        if self.stack.contains(&origin) {
            let mut way = self.stack.clone();
            way.push(origin);
            self.faults.push(error("cycle", format!("this patchflow uses itself: {}", way.join(" → "))));
            return Used::Nothing;
        }
        if self.stack.len() >= DEPTH {
            let message = format!("patchflows use each other more than {DEPTH} deep");
            self.faults.push(error("too-deep", message));
            return Used::Nothing;
        }
        match self.load(found) {
            Some(checked) if checked.nodes > MOST_NODES => {
                let message = format!("with all it uses, this patchflow has more than {MOST_NODES} nodes");
                self.faults.push(error("too-large", message));
                Used::Nothing
            }
            Some(checked) => Used::Flow(checked),
            None => Used::Nothing,
        }
    }

    fn unreadable(&mut self, file: &Arc<SourceText>, span: Range<usize>, failure: &Failure) -> Used {
        let mut fault = Diagnostic::error("unreadable", file, span, failure.to_string());
        fault.help.clone_from(&failure.hints);
        self.faults.push(fault);
        Used::Nothing
    }

    /// The prompts of a patchflow: those it is shipped with, then those of its files. Nothing when not all could be read.
    fn prompts(&mut self, file: &Arc<SourceText>) -> Option<BTreeMap<String, Prompt>> {
        let built_in = self.registry.patchflow(&file.name).filter(|b| !b.prompts.trim().is_empty());
        let built_in = built_in.map(|b| SourceText::new(format!("the prompts of {}", b.name), b.prompts));
        let files = match self.loader.prompts(&file.name) {
            Ok(files) => files,
            Err(failure) => {
                self.prompt_fault(file, &failure);
                return None;
            }
        };
        let mut complete = true;
        let mut prompts = BTreeMap::new();
        for text in built_in.into_iter().chain(files) {
            match Prompt::read_file(&text.text, &text.name) {
                Ok(read) => prompts.extend(read.into_iter().map(|prompt| (prompt.id.clone(), prompt))),
                Err(failure) => {
                    self.prompt_fault(&text, &failure);
                    complete = false;
                }
            }
        }
        complete.then_some(prompts)
    }

    fn prompt_fault(&mut self, file: &Arc<SourceText>, failure: &Failure) {
        let mut fault = Diagnostic::error("prompt", file, 0..0, failure.to_string());
        fault.span = None;
        fault.help.clone_from(&failure.hints);
        self.faults.push(fault);
    }
}

/// A path without `.` and, as far as its text tells, without `..`: two ways to write one file are one origin.
fn plain_path(path: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "." => {}
            ".." if out.last().is_some_and(|last| !matches!(*last, "" | "..")) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out.join("/")
}

#[cfg(test)]
mod tests {
    use super::plain_path;

    #[test]
    fn ways_to_one_file_are_one() {
        let paths = ["a/b.yml", "./a/./b.yml", "a/c/../b.yml", "a\\b.yml"].map(plain_path);
        assert_eq!(paths, ["a/b.yml"; 4]);
        assert_eq!(["../a.yml", "/../a", "/x/../a"].map(plain_path), ["../a.yml", "/../a", "/a"]);
    }
}
