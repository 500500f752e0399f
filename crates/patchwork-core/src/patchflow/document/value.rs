//! Values with `${{ … }}` in them, each part with its place.

use std::ops::Range;

use super::reader::Reader;
use crate::patchflow::yaml::{Kind, Name, Yaml};
use crate::template::{Expr, Piece, Template, TemplateError};

/// A value as it was written.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub(crate) span: Range<usize>,
    pub(crate) kind: ValueKind,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum ValueKind {
    /// A scalar without an expression.
    Const(serde_json::Value),
    /// One expression.
    Expr(Expr),
    /// Text with expressions in it.
    Text(Vec<Piece>),
    List(Vec<Value>),
    Map(Vec<(Name, Value)>),
    /// Its expressions can't be read; reported already.
    Broken,
}

/// An expression and its place.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    pub(crate) expr: Expr,
    pub(crate) span: Range<usize>,
}

impl Value {
    /// As the plan holds it.
    pub(crate) fn to_template(&self) -> Template {
        match &self.kind {
            ValueKind::Const(value) => Template::Const(value.clone()),
            ValueKind::Expr(expr) => Template::Expr(expr.clone()),
            ValueKind::Text(pieces) => Template::Text(pieces.clone()),
            ValueKind::Broken => Template::Const(serde_json::Value::Null),
            ValueKind::List(_) | ValueKind::Map(_) => match self.constant() {
                Some(value) => Template::Const(value),
                None => self.structure(),
            },
        }
    }

    fn structure(&self) -> Template {
        match &self.kind {
            ValueKind::List(items) => Template::List(items.iter().map(Self::to_template).collect()),
            ValueKind::Map(entries) => Template::Map(
                entries.iter().map(|(key, value)| (key.text.clone(), value.to_template())).collect(),
            ),
            _ => self.to_template(),
        }
    }

    /// The value, when there is no expression in it.
    pub(crate) fn constant(&self) -> Option<serde_json::Value> {
        Some(match &self.kind {
            ValueKind::Const(value) => value.clone(),
            ValueKind::List(items) => {
                serde_json::Value::Array(items.iter().map(Self::constant).collect::<Option<_>>()?)
            }
            ValueKind::Map(entries) => serde_json::Value::Object(
                entries
                    .iter()
                    .map(|(key, value)| Some((key.text.clone(), value.constant()?)))
                    .collect::<Option<_>>()?,
            ),
            ValueKind::Expr(_) | ValueKind::Text(_) | ValueKind::Broken => return None,
        })
    }

    /// Calls `visit` for every expression in it.
    pub(crate) fn expressions(&self, visit: &mut dyn FnMut(&Expr, &Range<usize>)) {
        match &self.kind {
            ValueKind::Const(_) | ValueKind::Broken => {}
            ValueKind::Expr(expr) => visit(expr, &self.span),
            ValueKind::Text(pieces) => {
                for piece in pieces {
                    if let Piece::Expr(expr) = piece {
                        visit(expr, &self.span);
                    }
                }
            }
            ValueKind::List(items) => items.iter().for_each(|item| item.expressions(visit)),
            ValueKind::Map(entries) => entries.iter().for_each(|(_, value)| value.expressions(visit)),
        }
    }
}

pub(super) fn read(reader: &mut Reader<'_>, yaml: &Yaml) -> Value {
    let kind = match &yaml.kind {
        Kind::String(text) => match Template::parse(text) {
            Ok(Template::Expr(expr)) => ValueKind::Expr(expr),
            Ok(Template::Text(pieces)) => ValueKind::Text(pieces),
            Ok(_) => ValueKind::Const(serde_json::Value::String(text.clone())),
            Err(error) => {
                report(reader, &error, text, &yaml.span);
                ValueKind::Broken
            }
        },
        Kind::List(items) => ValueKind::List(items.iter().map(|item| read(reader, item)).collect()),
        Kind::Map(entries) => {
            ValueKind::Map(entries.iter().map(|e| (e.key.clone(), read(reader, &e.value))).collect())
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => ValueKind::Const(yaml.to_json()),
    };
    Value { span: yaml.span.clone(), kind }
}

/// An expression, bare or as one `${{ … }}`.
pub(super) fn read_expression(
    reader: &mut Reader<'_>,
    text: &str,
    span: &Range<usize>,
) -> Option<Expression> {
    let parsed = if text.contains("${{") {
        match Template::parse(text.trim()) {
            Ok(Template::Expr(expr)) => Ok(expr),
            Ok(_) => {
                reader
                    .error("expression", span.clone(), "this must be one expression, with no text around it")
                    .help("write `a and b`, or `${{ a and b }}`");
                return None;
            }
            Err(error) => Err(error),
        }
    } else {
        Expr::parse(text.trim())
    };
    match parsed {
        Ok(expr) => Some(Expression { expr, span: span.clone() }),
        Err(error) => {
            report(reader, &error, text.trim(), span);
            None
        }
    }
}

fn report(reader: &mut Reader<'_>, error: &TemplateError, text: &str, span: &Range<usize>) {
    let place = match &error.range {
        Some(range) => locate(&reader.file.text, span, text, range.clone()),
        None => span.clone(),
    };
    reader.error("expression", place, format!("this expression can't be read: {}", error.message));
}

/// The bytes of the file that hold `range` of the string `text`, which was read from `span`. Where quoting or folding changed
/// the text on its way, the whole of `span`.
fn locate(file: &str, span: &Range<usize>, text: &str, range: Range<usize>) -> Range<usize> {
    let source = file.get(span.clone()).unwrap_or_default();
    match source.find(text) {
        Some(at) => {
            let start = span.start + at + range.start;
            start..(span.start + at + range.end).clamp(start, span.end.max(start))
        }
        None => span.clone(),
    }
}

/// The bytes of `span` that hold `word`; the whole of `span` when it is not found.
pub(crate) fn locate_word(file: &str, span: &Range<usize>, word: &str) -> Range<usize> {
    let source = file.get(span.clone()).unwrap_or_default();
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    let found = source.match_indices(word).find(|(at, _)| {
        let before = source.get(..*at).and_then(|s| s.chars().next_back());
        let after = source.get(at + word.len()..).and_then(|s| s.chars().next());
        !before.is_some_and(|c| part_of_name(c) || c == '.') && !after.is_some_and(part_of_name)
    });
    found.map_or_else(|| span.clone(), |(at, _)| span.start + at..span.start + at + word.len())
}
