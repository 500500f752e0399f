//! One patchflow: its nodes in order, each in the scope of those before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::bindings::{Slot, Slots};
use super::scope::Scope;
use super::session::{Checked, Session, Used};
use super::wires::WireReport;
use crate::diagnostic::{Diagnostic, SourceText};
use crate::failure::nearest;
use crate::patchflow::document::{self, Body, Document, Value, ValueKind};
use crate::patchflow::plan::{Node, NodeKind, Plan};
use crate::patchflow::types::{Kinds, Record, Type};
use crate::patchflow::yaml::Name;
use crate::prompt::Prompt;
use crate::step::Effects;
use crate::template::Template;

/// A patchflow that is being checked.
pub(super) struct Checker<'s, 'a> {
    pub(super) session: &'s mut Session<'a>,
    pub(super) file: Arc<SourceText>,
    pub(super) scope: Scope,
    /// The ids of the nodes around what is being checked, itself last.
    pub(super) path: Vec<String>,
    pub(super) wires: Vec<WireReport>,
    /// Nothing when not all could be read.
    prompts: Option<BTreeMap<String, Prompt>>,
    effects: Effects,
    nodes: usize,
}

/// Checks a patchflow that was read; faults go to the session.
pub(super) fn check(
    session: &mut Session<'_>,
    document: &Document,
    prompts: Option<BTreeMap<String, Prompt>>,
) -> Checked {
    let mut checker = Checker {
        session,
        file: document.file.clone(),
        scope: Scope::new(document),
        path: Vec::new(),
        wires: Vec::new(),
        prompts,
        effects: Effects::NONE,
        nodes: 0,
    };
    for input in &document.inputs {
        if let Some(default) = &input.default {
            checker.fit(default, &Type::of_document(&input.spec.schema), &input.spec.name);
        }
    }
    let (steps, last) = checker.sequence(&document.steps);
    checker.scope.doubt_all();
    let (finally, _) = checker.sequence(&document.finally);
    let declared = checker.outputs(&document.outputs);
    // Behind a fault there may be the reader of an input.
    if !checker.session.faults.iter().any(Diagnostic::is_error) {
        checker.warn_of_unread(document);
    }
    let (outputs, templates) = declared.map_or((last, Vec::new()), |(record, t)| (Type::Record(record), t));
    Checked {
        plan: Plan {
            name: document.name.clone(),
            summary: document.summary.clone(),
            inputs: document.inputs.iter().map(|input| input.spec.clone()).collect(),
            steps,
            finally,
            outputs: templates,
            prompts: checker.prompts.unwrap_or_default(),
        },
        outputs,
        wires: checker.wires,
        effects: checker.effects,
        nodes: checker.nodes,
    }
}

impl Checker<'_, '_> {
    pub(super) fn fault(&mut self, fault: Diagnostic) {
        self.session.faults.push(fault);
    }

    /// The path of a node of the level that is being checked.
    pub(super) fn node_path(&self, id: &str) -> String {
        match self.path.split_last() {
            Some((last, around)) if last == id => [around, &[id.to_owned()]].concat().join("/"),
            _ => [self.path.as_slice(), &[id.to_owned()]].concat().join("/"),
        }
    }

    /// Checks nodes in order; answers them and what the last one gives.
    fn sequence(&mut self, nodes: &[document::Node]) -> (Vec<Node>, Type) {
        let mut out = Vec::new();
        let mut last = Type::Any;
        for node in nodes {
            self.nodes += 1;
            self.path.push(node.id.text.clone());
            if let Some(condition) = &node.condition {
                self.read_expression(condition);
            }
            let (kind, gives) = self.body(node);
            self.path.pop();
            let certain = node.condition.is_none() && !node.continue_on_error;
            if !node.id.text.is_empty() {
                self.scope.add(&node.id.text, gives.ty.clone(), certain);
            }
            last = gives.ty;
            let Some(kind) = kind else { continue };
            out.push(Node {
                id: node.id.text.clone(),
                kind,
                condition: node.condition.as_ref().map(|condition| condition.expr.clone()),
                retry: node.retry,
                timeout_ms: node.timeout_ms,
                continue_on_error: node.continue_on_error,
                outputs: gives.outputs,
            });
        }
        (out, last)
    }

    /// Iterations that write the checkout leave one state of it after the other; at the same time there is no such order,
    /// and a resumed run could not bring the right one back.
    fn one_writer(&mut self, value: &Value, limit: &Template, inside: Effects) {
        if inside.contains(Effects::WRITES_CHECKOUT) && *limit != Template::Const(json!(1)) {
            let message = "a step inside writes the checkout, so iterations can't run at the same time";
            let fault = Diagnostic::error("parallel", &self.file, value.span.clone(), message)
                .help("leave `max_parallel` out, or write after the loop what its iterations answer");
            self.fault(fault);
        }
    }

    fn body(&mut self, node: &document::Node) -> (Option<NodeKind>, Gives) {
        match &node.body {
            Body::Broken => (None, Gives::default()),
            Body::Uses { uses, with } => self.uses(node, uses, with),
            Body::Block { steps } => {
                self.scope.enter(Vec::new());
                let (steps, gives) = self.inner(steps, &node.outputs);
                self.scope.leave();
                (Some(NodeKind::Block { steps }), gives)
            }
            Body::ForEach { items, var, max_parallel, steps } => {
                let list = items.as_ref().map_or(Type::Any, |items| self.read_expression(items));
                if let Some(items) = items
                    && !list.kinds().contains(Kinds::ARRAY)
                {
                    let message = format!("`for_each` needs a list, but this is {}", list.describe());
                    self.fault(Diagnostic::error("type", &self.file, items.span.clone(), message));
                }
                let limit = max_parallel.as_ref().map(|value| self.count(value, "max_parallel"));
                let index = Type::of_kind(Kinds::INTEGER);
                self.scope.enter(vec![(var.text.clone(), list.item()), ("index".to_owned(), index)]);
                let around = std::mem::replace(&mut self.effects, Effects::NONE);
                let (steps, gives) = self.inner(steps, &node.outputs);
                let inside = std::mem::replace(&mut self.effects, around);
                self.effects = self.effects | inside;
                self.scope.leave();
                if let (Some(value), Some(limit)) = (max_parallel, &limit) {
                    self.one_writer(value, limit, inside);
                }
                let max_parallel = limit;
                let items_type = Type::List(Box::new(gives.ty));
                let ty = Type::Record(Record { fields: vec![("items".to_owned(), items_type)], open: false });
                let kind = items.as_ref().map(|items| NodeKind::ForEach {
                    items: items.expr.clone(),
                    var: var.text.clone(),
                    max_parallel,
                    steps,
                });
                (kind, Gives { ty, outputs: gives.outputs })
            }
            Body::Repeat { times, until, steps } => {
                let times = self.count(times, "repeat");
                let previous = self.previous(node, steps);
                let round = Type::of_kind(Kinds::INTEGER);
                self.scope
                    .enter(vec![("round".to_owned(), round.clone()), ("previous".to_owned(), previous)]);
                let (steps, gives) = self.inner(steps, &node.outputs);
                if let Some(until) = until {
                    self.read_expression(until);
                }
                self.scope.leave();
                let mut record = gives.ty.into_record();
                record.fields.push(("rounds".to_owned(), round));
                let until = until.as_ref().map(|until| until.expr.clone());
                let kind = NodeKind::Repeat { times, until, steps };
                (Some(kind), Gives { ty: Type::Record(record), outputs: gives.outputs })
            }
        }
    }

    /// The nodes of a block and what it answers; its scope is entered already.
    fn inner(&mut self, steps: &[document::Node], outputs: &[(Name, Value)]) -> (Vec<Node>, Gives) {
        let (steps, last) = self.sequence(steps);
        let gives = match self.outputs(outputs) {
            Some((record, outputs)) => Gives { ty: Type::Record(record), outputs },
            None => Gives { ty: last, outputs: Vec::new() },
        };
        (steps, gives)
    }

    /// Declared outputs; nothing when there are none.
    fn outputs(&mut self, outputs: &[(Name, Value)]) -> Option<(Record, Vec<(String, Template)>)> {
        if outputs.is_empty() {
            return None;
        }
        let mut record = Record::default();
        let mut templates = Vec::new();
        for (name, value) in outputs {
            self.read_value(value);
            // Secrets have no way out: outputs are shown and written to files.
            self.fit(value, &Type::Any, &name.text);
            let ty = self.type_of_value(value);
            record.fields.push((name.text.clone(), ty));
            templates.push((name.text.clone(), value.to_template()));
        }
        Some((record, templates))
    }

    /// What `previous` holds, as far as it can be told before the loop's nodes are checked.
    fn previous(&mut self, node: &document::Node, steps: &[document::Node]) -> Type {
        if !node.outputs.is_empty() {
            let fields = node.outputs.iter().map(|(name, _)| (name.text.clone(), Type::Any)).collect();
            return Type::Record(Record { fields, open: false });
        }
        let Some(Body::Uses { uses, .. }) = steps.last().map(|node| &node.body) else { return Type::Any };
        match self.session.registry.step(&uses.text).cloned() {
            Some(step) => self.session.types(&*step).output,
            None => Type::Any,
        }
    }

    /// A number of rounds or iterations.
    fn count(&mut self, value: &Value, key: &str) -> Template {
        self.read_value(value);
        self.fit(value, &Type::of_document(&json!({ "type": "integer", "minimum": 1 })), key);
        value.to_template()
    }

    fn uses(
        &mut self,
        node: &document::Node,
        uses: &Name,
        with: &[(Name, Value)],
    ) -> (Option<NodeKind>, Gives) {
        let file = self.file.clone();
        match self.session.resolve(&file, uses) {
            Used::Nothing => {
                for (_, value) in with {
                    self.read_value(value);
                }
                (None, Gives::default())
            }
            Used::Step { id, effects, types } => {
                self.effects = self.effects | effects;
                let input = self.bind(&node.id.text, uses, with, &Slots::of_schema(&types.input));
                self.check_prompt(with, &types.input);
                let kind = NodeKind::Step { uses: id.to_owned(), input };
                (Some(kind), Gives { ty: types.output, outputs: Vec::new() })
            }
            Used::Flow(checked) => {
                self.effects = self.effects | checked.effects;
                self.nodes += checked.nodes;
                let fields = checked.plan.inputs.iter().map(|spec| Slot {
                    name: spec.name.clone(),
                    ty: if spec.secret { Type::secret() } else { Type::of_document(&spec.schema) },
                    required: spec.required,
                    default: Some(spec.default.clone()),
                });
                let slots = Slots { fields: fields.collect(), others: None };
                let input = self.bind(&node.id.text, uses, with, &slots);
                let path = self.node_path(&node.id.text);
                self.wires.extend(
                    checked.wires.iter().map(|report| WireReport {
                        node: format!("{path}/{}", report.node),
                        ..report.clone()
                    }),
                );
                if node.retry != crate::patchflow::plan::Retry::default() || node.timeout_ms.is_some() {
                    let message =
                        format!("`retry` and `timeout` are for steps, and {} is a patchflow", uses.text);
                    let fault = Diagnostic::error("conflict", &file, uses.span.clone(), message);
                    self.fault(fault.help("give them to the steps inside it"));
                }
                let plan = Box::new(checked.plan.clone());
                (
                    Some(NodeKind::Flow { plan, input }),
                    Gives { ty: checked.outputs.clone(), outputs: Vec::new() },
                )
            }
        }
    }

    /// A `prompt_id` that is written in the file must be among the prompts of the patchflow, unless the node brings
    /// prompts of its own.
    fn check_prompt(&mut self, with: &[(Name, Value)], input: &Type) {
        let brings_own = with.iter().any(|(key, _)| key.text.starts_with("prompt_template"));
        let given = with.iter().find(|(key, _)| key.text == "prompt_id");
        let Some((_, value)) = given.filter(|_| !brings_own) else { return };
        let ValueKind::Const(serde_json::Value::String(id)) = &value.kind else { return };
        let Some(prompts) = &self.prompts else { return };
        if prompts.contains_key(id) || !input.fields().iter().any(|(name, ..)| name == "prompt_id") {
            return;
        }
        let ids: Vec<&str> = prompts.keys().map(String::as_str).collect();
        let help = match nearest(id, ids.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if ids.is_empty() => "put it into `prompts.yml` beside the patchflow".to_owned(),
            None => format!("the prompts are {}", ids.join(", ")),
        };
        let message = format!("the patchflow has no prompt `{id}`");
        self.fault(Diagnostic::error("unknown-prompt", &self.file, value.span.clone(), message).help(help));
    }

    fn warn_of_unread(&mut self, document: &Document) {
        for (declared, variable) in document.inputs.iter().zip(&self.scope.inputs) {
            if variable.read {
                continue;
            }
            let message = format!("nothing reads the input `{}`", declared.name.text);
            let span = declared.name.span.clone();
            self.session.faults.push(
                Diagnostic::warning("unused-input", &self.file, span, message)
                    .help("remove it, or give it to a step in `with`"),
            );
        }
    }
}

/// What a node answers.
struct Gives {
    ty: Type,
    /// The declared outputs of a block.
    outputs: Vec<(String, Template)>,
}

impl Default for Gives {
    fn default() -> Self {
        Self { ty: Type::Any, outputs: Vec::new() }
    }
}
