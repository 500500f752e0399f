//! What an expression can see: inputs, results of earlier nodes, variables of the loops around.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::Value;
use minijinja::value::{Enumerator, Object};

use crate::failure::Failure;
use crate::patchflow::plan::{Binding, Source};
use crate::template::{Template, TemplateError, json_of, value_of};

/// A level of nesting: the sequence of nodes of a patchflow, a block or one iteration.
#[derive(Debug, Clone)]
pub(super) struct Scope(Arc<Frame>);

#[derive(Debug)]
struct Frame {
    parent: Option<Scope>,
    inputs: Value,
    variables: BTreeMap<String, Value>,
    results: Mutex<BTreeMap<String, Value>>,
}

impl Scope {
    /// The outermost scope of a patchflow.
    pub(super) fn of_inputs(inputs: &serde_json::Map<String, serde_json::Value>) -> Self {
        let inputs = value_of(serde_json::Value::Object(inputs.clone()));
        let inputs = Value::from_object(Lenient(inputs));
        Self(Arc::new(Frame { parent: None, inputs, variables: BTreeMap::new(), results: Mutex::default() }))
    }

    /// A scope inside this one, with variables of its own.
    pub(super) fn inside(&self, variables: impl IntoIterator<Item = (String, Value)>) -> Self {
        Self(Arc::new(Frame {
            parent: Some(self.clone()),
            inputs: self.0.inputs.clone(),
            variables: variables.into_iter().collect(),
            results: Mutex::default(),
        }))
    }

    /// Keeps the result of a node of this level.
    pub(super) fn set(&self, id: &str, result: Value) {
        self.0.results.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), result);
    }

    /// The outputs of a node of this level.
    pub(super) fn outputs(&self, id: &str) -> serde_json::Value {
        let mut outputs = self.result(id).and_then(|result| json_of(&result).ok()).unwrap_or_default();
        if let Some(map) = outputs.as_object_mut() {
            map.retain(|key, _| !RESERVED.contains(&key.as_str()));
        }
        outputs
    }

    fn result(&self, id: &str) -> Option<Value> {
        let found = self.0.results.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        found.or_else(|| self.0.parent.as_ref()?.result(id))
    }

    fn variable(&self, name: &str) -> Option<Value> {
        self.0.variables.get(name).cloned().or_else(|| self.0.parent.as_ref()?.variable(name))
    }

    /// What expressions are evaluated over.
    pub(super) fn value(&self) -> Value {
        Value::from_object(self.clone())
    }

    /// A template's value.
    pub(super) fn eval(
        &self,
        template: &Template,
        what: impl FnOnce() -> String,
    ) -> Result<serde_json::Value, Failure> {
        template.eval(&self.value()).map_err(|error| explain(&error, &what()))
    }

    /// The named templates as one object.
    pub(super) fn eval_map(
        &self,
        entries: &[(String, Template)],
        what: impl Fn(&str) -> String,
    ) -> Result<serde_json::Map<String, serde_json::Value>, Failure> {
        entries.iter().map(|(key, t)| Ok((key.clone(), self.eval(t, || what(key))?))).collect()
    }

    /// The input of a node. Null values are left out, so that the step's defaults hold.
    pub(super) fn input(
        &self,
        bindings: &[(String, Binding)],
        node: &str,
    ) -> Result<serde_json::Map<String, serde_json::Value>, Failure> {
        let mut input = serde_json::Map::new();
        for (field, binding) in bindings {
            let value = match binding {
                Binding::With(template) => self.eval(template, || format!("`with.{field}` of {node}"))?,
                Binding::Wire(sources) => {
                    self.first(sources).map_err(|e| explain(&e, &format!("`{field}` of {node}")))?
                }
            };
            if !value.is_null() {
                input.insert(field.clone(), value);
            }
        }
        Ok(input)
    }

    fn first(&self, sources: &[Source]) -> Result<serde_json::Value, TemplateError> {
        for source in sources {
            let found = match source {
                Source::Input(name) => self.0.inputs.get_attr(name).ok(),
                Source::Output { node, field } => {
                    self.result(node).and_then(|result| result.get_attr(field).ok())
                }
                Source::Variable(name) => self.variable(name),
            };
            if let Some(value) = found.filter(|value| !value.is_none() && !value.is_undefined()) {
                return json_of(&value);
            }
        }
        Ok(serde_json::Value::Null)
    }
}

/// An expression that could not be evaluated, with the place it stands in.
pub(super) fn explain(error: &TemplateError, what: &str) -> Failure {
    Failure::configuration(format!("{what} can't be evaluated")).cause(error.message.clone())
}

impl Object for Scope {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "inputs" => Some(self.0.inputs.clone()),
            "steps" => Some(Value::from_object(Steps((**self).clone()))),
            name => self.variable(name),
        }
    }
}

/// `steps`: results by node id, through all levels of one patchflow.
#[derive(Debug)]
struct Steps(Scope);

impl Object for Steps {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        // Which ids exist was checked before the run; `finally` and outputs may read a node that was never reached.
        let never = || result_value(serde_json::Value::Null, "not_run", None);
        Some(self.0.result(key.as_str()?).unwrap_or_else(never))
    }
}

/// A mapping in which an absent field reads as null: which fields exist was checked before the run, and one that a step
/// left out, or that a skipped node never had, is no error.
#[derive(Debug)]
struct Lenient(Value);

impl Object for Lenient {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match self.0.get_item(key) {
            Ok(value) if !value.is_undefined() => Some(value),
            _ => Some(Value::from(())),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match self.0.try_iter() {
            Ok(keys) => Enumerator::Values(keys.collect()),
            Err(_) => Enumerator::Empty,
        }
    }
}

/// What a result holds beside the outputs.
const RESERVED: [&str; 3] = ["outcome", "reason", "error"];

/// A node's result as expressions see it: its outputs, and how it went.
pub(super) fn result_value(
    output: serde_json::Value,
    outcome: &str,
    extra: Option<(&str, serde_json::Value)>,
) -> Value {
    let mut map = match output {
        serde_json::Value::Object(map) => map,
        serde_json::Value::Null => serde_json::Map::new(),
        other => serde_json::Map::from_iter([("value".to_owned(), other)]),
    };
    map.insert("outcome".to_owned(), outcome.into());
    if let Some((key, value)) = extra {
        map.insert(key.to_owned(), value);
    }
    Value::from_object(Lenient(value_of(serde_json::Value::Object(map))))
}
