//! Values that are written in the file against the schema of the field they are for.

use std::ops::Range;

use serde_json::Value as Json;

use super::flow::Checker;
use crate::diagnostic::Diagnostic;
use crate::failure::nearest;
use crate::patchflow::document::{Value, ValueKind};
use crate::patchflow::types::{Kinds, Schema, Type, plain};
use crate::patchflow::yaml::shortened;
use crate::template::{Expr, Piece};

/// What does not fit.
pub(super) struct Misfit {
    span: Range<usize>,
    code: &'static str,
    message: String,
    help: Option<String>,
}

impl Checker<'_, '_> {
    /// Reports where a value can't be taken for `field`, whose type is `target`.
    pub(super) fn fit(&mut self, value: &Value, target: &Type, field: &str) {
        let mut misfits = Vec::new();
        self.misfits(value, target, field, &mut misfits);
        for misfit in misfits {
            let fault = Diagnostic::error(misfit.code, &self.file, misfit.span, misfit.message);
            self.fault(fault.help_maybe(misfit.help));
        }
    }

    fn misfits(&mut self, value: &Value, target: &Type, field: &str, out: &mut Vec<Misfit>) {
        let mut misfit = |code, message: String, help: Option<String>| {
            out.push(Misfit { span: value.span.clone(), code, message, help });
        };
        match &value.kind {
            ValueKind::Broken => {}
            ValueKind::Expr(expr) => {
                if let Some((message, help)) = self.expression_misfit(expr, target, field) {
                    misfit("type", message, help);
                }
            }
            ValueKind::Text(pieces) => {
                for piece in pieces {
                    let Piece::Expr(expr) = piece else { continue };
                    for name in self.secrets_in(expr) {
                        misfit("secret", format!("`{name}` is a secret and can't stand in a text"), None);
                    }
                }
                if !target.kinds().contains(Kinds::STRING) {
                    let message = format!("`{field}` must be {}, but this is a text", target.describe());
                    misfit("type", message, None);
                }
            }
            ValueKind::Const(constant) => {
                if let Some((message, help)) = constant_misfit(constant, target, field) {
                    misfit("type", message, help);
                }
            }
            ValueKind::List(items) => {
                if !target.kinds().contains(Kinds::ARRAY) {
                    let message = format!("`{field}` must be {}, but this is a list", target.describe());
                    misfit("type", message, None);
                    return;
                }
                let item = target.item();
                for (at, value) in items.iter().enumerate() {
                    self.misfits(value, &item, &format!("{field}[{at}]"), out);
                }
            }
            ValueKind::Map(entries) => {
                if !target.kinds().contains(Kinds::OBJECT) {
                    let message = format!("`{field}` must be {}, but this is a mapping", target.describe());
                    misfit("type", message, None);
                    return;
                }
                if target.is_secret() {
                    let help = "write `${{ inputs.<name> }}` of an input with `secret: true`";
                    let message = format!("`{field}` is a secret: it can't stand in the file");
                    misfit("secret", message, Some(help.to_owned()));
                    return;
                }
                let Type::Schema(schema) = target else { return };
                let mut objects = schema.alternatives();
                objects
                    .retain(|alternative| Type::Schema(alternative.clone()).kinds().contains(Kinds::OBJECT));
                // Of several forms, the one that the value comes nearest to is the one it was meant for.
                let mut best: Option<Vec<Misfit>> = None;
                for object in &objects {
                    let mut found = Vec::new();
                    self.object_misfits(value, entries, object, field, &mut found);
                    if best.as_ref().is_none_or(|best| found.len() < best.len()) {
                        best = Some(found);
                    }
                }
                out.extend(best.unwrap_or_default());
            }
        }
    }

    fn object_misfits(
        &mut self,
        value: &Value,
        entries: &[(crate::patchflow::yaml::Name, Value)],
        object: &Schema,
        field: &str,
        out: &mut Vec<Misfit>,
    ) {
        let additional = object.additional();
        for (key, value) in entries {
            let ty = object.property(&key.text).map(Type::Schema).or_else(|| additional.clone());
            let Some(ty) = ty else {
                let known: Vec<String> = object.properties().into_iter().map(|(name, _)| name).collect();
                let help = match nearest(&key.text, known.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("its fields are {}", known.join(", ")),
                };
                let message = format!("`{field}` has no field {}", shortened(&key.text));
                out.push(Misfit { span: key.span.clone(), code: "unknown-field", message, help: Some(help) });
                continue;
            };
            self.misfits(value, &ty, &format!("{field}.{}", key.text), out);
        }
        for required in object.required() {
            if !entries.iter().any(|(key, _)| key.text == required) {
                let span = entries.first().map_or(value.span.clone(), |(key, _)| key.span.clone());
                let message = format!("`{field}` lacks its field `{required}`");
                out.push(Misfit { span, code: "missing-field", message, help: None });
            }
        }
    }

    fn expression_misfit(
        &mut self,
        expr: &Expr,
        target: &Type,
        field: &str,
    ) -> Option<(String, Option<String>)> {
        let source = self.type_of(expr);
        if !source.can_fit(target) {
            let help = if source.is_secret() {
                Some("a secret can be given to a field that takes one only".to_owned())
            } else if target.is_secret() {
                Some("declare the input with `secret: true`".to_owned())
            } else {
                None
            };
            let message = format!(
                "`{field}` must be {}, but `{}` is {}",
                target.describe(),
                expr.source().trim(),
                source.describe()
            );
            return Some((message, help));
        }
        if source == Type::Any && !target.is_secret() {
            let name = self.secrets_in(expr).into_iter().next()?;
            return Some((format!("`{name}` is a secret and `{field}` does not take one"), None));
        }
        None
    }
}

/// Why a constant can't be taken, and what to write instead. Null fits everything: it leaves the field out.
pub(crate) fn constant_misfit(value: &Json, target: &Type, field: &str) -> Option<(String, Option<String>)> {
    if value.is_null() || *target == Type::Any {
        return None;
    }
    if target.is_secret() {
        let help = "write `${{ inputs.<name> }}` of an input with `secret: true`";
        return Some((format!("`{field}` is a secret: it can't stand in the file"), Some(help.to_owned())));
    }
    let found = Kinds::of_value(value);
    let wanted = target.kinds();
    let fits = wanted.contains(found) || (found == Kinds::INTEGER && wanted.contains(Kinds::NUMBER));
    if !fits {
        let help = match value {
            Json::String(text) => match (text.as_str(), text.parse::<f64>().is_ok()) {
                ("yes" | "on", _) if wanted.contains(Kinds::BOOLEAN) => Some("write `true`".to_owned()),
                ("no" | "off", _) if wanted.contains(Kinds::BOOLEAN) => Some("write `false`".to_owned()),
                ("true" | "false", _) if wanted.contains(Kinds::BOOLEAN) => {
                    Some("remove the quotes".to_owned())
                }
                (_, true) if wanted.contains(Kinds::INTEGER) || wanted.contains(Kinds::NUMBER) => {
                    Some("remove the quotes".to_owned())
                }
                _ => None,
            },
            Json::Bool(_) | Json::Number(_) if wanted.contains(Kinds::STRING) => {
                Some(format!("put it in quotes: \"{value}\""))
            }
            _ => None,
        };
        let article = found.describe();
        let message = format!("`{field}` must be {}, but {} is {article}", target.describe(), show(value));
        return Some((message, help));
    }
    if let Some(listed) = target.listed()
        && !listed.contains(value)
    {
        let words: Vec<String> = listed.iter().map(plain).collect();
        let help = nearest(&plain(value), words.iter().map(String::as_str));
        let help = help.map(|near| format!("did you mean `{near}`?"));
        return Some((format!("`{field}` must be {}, but this is {}", target.describe(), show(value)), help));
    }
    limits(value, target).map(|limit| (format!("`{field}` must be {limit}, but this is {value}"), None))
}

fn show(value: &Json) -> String {
    match value {
        Json::String(text) => shortened(text),
        Json::Array(_) => "this".to_owned(),
        Json::Object(_) => "this".to_owned(),
        other => format!("`{other}`"),
    }
}

/// `minimum` and `maximum` of a number's schema.
fn limits(value: &Json, target: &Type) -> Option<String> {
    let number = value.as_f64()?;
    let Type::Schema(schema) = target else { return None };
    let mut reason = None;
    for alternative in schema.alternatives() {
        let limit = |word: &str| alternative.here().get(word).and_then(Json::as_f64);
        match (limit("minimum"), limit("maximum")) {
            (Some(least), _) if number < least => reason = Some(format!("at least {least}")),
            (_, Some(most)) if number > most => reason = Some(format!("at most {most}")),
            _ if Type::Schema(alternative.clone()).kinds() == Kinds::NULL => {}
            _ => return None,
        }
    }
    reason
}
