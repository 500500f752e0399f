//! The names that expressions read.

use std::ops::Range;

use super::flow::Checker;
use crate::diagnostic::Diagnostic;
use crate::failure::nearest;
use crate::patchflow::document::{Expression, Value, ValueKind, locate_word};
use crate::patchflow::types::{Field, Kinds, Type};
use crate::patchflow::yaml::shortened;
use crate::template::Expr;

/// Functions that every expression may call.
const FUNCTIONS: [&str; 4] = ["range", "dict", "namespace", "debug"];

/// Fields that every node's result has.
const OUTCOME: [&str; 3] = ["outcome", "error", "reason"];

/// What a name leads to, or what to say about it.
type Resolved = Result<Type, Box<Problem>>;

struct Problem {
    code: &'static str,
    message: String,
    help: Option<String>,
}

fn problem(code: &'static str, message: String, help: Option<String>) -> Box<Problem> {
    Box::new(Problem { code, message, help })
}

impl Checker<'_, '_> {
    /// Checks every name in a value.
    pub(super) fn read_value(&mut self, value: &Value) {
        let mut found: Vec<(Expr, Range<usize>)> = Vec::new();
        value.expressions(&mut |expr, span| found.push((expr.clone(), span.clone())));
        for (expr, span) in found {
            self.read_expr(&expr, &span);
        }
    }

    /// Checks every name in an expression; answers its type as far as it is known.
    pub(super) fn read_expression(&mut self, expression: &Expression) -> Type {
        self.read_expr(&expression.expr, &expression.span);
        self.type_of(&expression.expr)
    }

    fn read_expr(&mut self, expr: &Expr, span: &Range<usize>) {
        for name in expr.unknown_filters() {
            let place = locate_word(&self.file.text, span, &name);
            let message = format!("there is no filter or test {}", shortened(&name));
            self.fault(Diagnostic::error("unknown-filter", &self.file, place, message));
        }
        for name in expr.reads() {
            if let Err(problem) = self.resolve(&name, span.start) {
                let place = locate_word(&self.file.text, span, &name);
                self.fault(
                    Diagnostic::error(problem.code, &self.file, place, problem.message)
                        .help_maybe(problem.help),
                );
            }
        }
    }

    /// The type of a value; any when it can't be told before the run.
    pub(super) fn type_of_value(&mut self, value: &Value) -> Type {
        match &value.kind {
            ValueKind::Const(constant) => Type::of_kind(Kinds::of_value(constant)),
            ValueKind::Expr(expr) => self.type_of(expr),
            ValueKind::Text(_) => Type::of_kind(Kinds::STRING),
            ValueKind::List(_) => Type::of_kind(Kinds::ARRAY),
            ValueKind::Map(_) => Type::of_kind(Kinds::OBJECT),
            ValueKind::Broken => Type::Any,
        }
    }

    /// The type of an expression that is one dotted name; any for others.
    pub(super) fn type_of(&mut self, expr: &Expr) -> Type {
        let source = expr.source().trim();
        let is_path = source.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
            && source.starts_with(|c: char| c.is_ascii_lowercase());
        if !is_path || !expr.reads().contains(source) {
            return Type::Any;
        }
        self.resolve(source, usize::MAX).unwrap_or(Type::Any)
    }

    /// The secret inputs that an expression reads.
    pub(super) fn secrets_in(&mut self, expr: &Expr) -> Vec<String> {
        let mut names: Vec<String> = expr.reads().into_iter().collect();
        names.retain(|name| self.resolve(name, usize::MAX).is_ok_and(|ty| ty.is_secret()));
        names
    }

    fn resolve(&mut self, name: &str, offset: usize) -> Resolved {
        let mut parts = name.split('.');
        let first = parts.next().unwrap_or_default();
        let rest: Vec<&str> = parts.collect();
        match first {
            "inputs" => self.resolve_input(&rest),
            "steps" => self.resolve_step(&rest, offset),
            _ if self.scope.variable(first).is_some() => {
                let ty = self.scope.variable(first).cloned().unwrap_or(Type::Any);
                walk(ty, first, &rest)
            }
            _ if FUNCTIONS.contains(&first) && rest.is_empty() => Ok(Type::Any),
            _ => Err(self.unknown_name(first)),
        }
    }

    fn resolve_input(&mut self, rest: &[&str]) -> Resolved {
        let Some((name, rest)) = rest.split_first() else {
            self.scope.read_all_inputs();
            return Ok(Type::Any);
        };
        match self.scope.input(name) {
            Some(input) => {
                let ty = input.ty.clone();
                walk(ty, &format!("inputs.{name}"), rest)
            }
            None => {
                let known: Vec<&str> = self.scope.inputs.iter().map(|i| i.name.as_str()).collect();
                let help = match nearest(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `inputs.{near}`?"),
                    None => format!("declare it: `inputs: {{ {name}: {{ type: string }} }}`"),
                };
                let message = format!("the patchflow has no input `{name}`");
                Err(problem("unknown-input", message, Some(help)))
            }
        }
    }

    fn resolve_step(&mut self, rest: &[&str], offset: usize) -> Resolved {
        let Some((id, rest)) = rest.split_first() else {
            let help = "write `steps.<id>.<field>`, so that it can be checked before the run";
            let message = "`steps` can't be read as a whole".to_owned();
            return Err(problem("unknown-step-id", message, Some(help.to_owned())));
        };
        let Some(ty) = self.scope.node(id).cloned() else {
            let hidden = self.scope.why_hidden(id, offset, &self.path);
            let near = nearest(id, self.scope.node_ids()).map(|near| format!("did you mean `steps.{near}`?"));
            let known: Vec<&str> = self.scope.node_ids().collect();
            let help = hidden.or(near).unwrap_or_else(|| match known.as_slice() {
                [] => "no node comes before this one".to_owned(),
                known => format!("the nodes before this one are {}", known.join(", ")),
            });
            let message = format!("no node `{id}` can be seen from here");
            return Err(problem("unknown-step-id", message, Some(help)));
        };
        match rest.first() {
            Some(field) if OUTCOME.contains(field) => Ok(Type::Any),
            _ => walk(ty, &format!("steps.{id}"), rest),
        }
    }

    fn unknown_name(&self, name: &str) -> Box<Problem> {
        let message = format!("the name {} means nothing here", shortened(name));
        let help = match name {
            "index" => "`index` is known inside `for_each` only".to_owned(),
            "round" | "previous" => format!("`{name}` is known inside `repeat` only"),
            _ if self.scope.has_input(name) => format!("write `inputs.{name}`"),
            _ if self.scope.node_ids().any(|id| id == name) => format!("write `steps.{name}.<field>`"),
            _ => {
                let known = self.scope.variable_names().chain(["inputs", "steps", "true", "false", "none"]);
                match nearest(name, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "an expression reads `inputs.<name>`, `steps.<id>.<field>` and the variables of \
                             the loops around it; text stands in quotes"
                        .to_owned(),
                }
            }
        };
        problem("unknown-name", message, Some(help))
    }
}

/// Follows field names from a type.
fn walk(mut ty: Type, start: &str, fields: &[&str]) -> Resolved {
    let mut way = start.to_owned();
    for field in fields {
        ty = match ty.field(field) {
            Field::Known(ty) => ty,
            Field::Missing(known) => {
                let help = match nearest(field, known.iter().map(String::as_str)) {
                    Some(near) => Some(format!("did you mean `{way}.{near}`?")),
                    None if known.is_empty() => None,
                    None => Some(format!("it has {}", known.join(", "))),
                };
                let message = if known.is_empty() {
                    format!("`{way}` is {}: it has no field `{field}`", ty.describe())
                } else {
                    format!("`{way}` has no field `{field}`")
                };
                return Err(problem("unknown-field", message, help));
            }
        };
        way = format!("{way}.{field}");
    }
    Ok(ty)
}
