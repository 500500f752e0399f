//! Expressions (`${{ … }}` in patchflows) and prompt templates (`{{ … }}`): MiniJinja, strict about undefined names.
//!
//! A value is rendered once. What comes out of an expression is data: it is never read as a template again.

mod prompt;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, ErrorKind, Expression as Compiled, State, UndefinedBehavior, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) use self::prompt::{HOWS, filters, how};
pub use self::prompt::{Rendered, prompt_reads, render};

/// Instructions one expression may take: a stop for loops without end in somebody's patchflow.
const FUEL: u64 = 2_000_000;

/// Where and why a template or an expression is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// What is wrong.
    pub message: String,
    /// Bytes of the source it is about, when known.
    pub range: Option<Range<usize>>,
}

impl TemplateError {
    fn from_jinja(error: &minijinja::Error) -> Self {
        let message = match error.detail() {
            Some(detail) => detail.to_owned(),
            None => error.kind().to_string(),
        };
        Self { message, range: error.range() }
    }
}

fn environment() -> &'static Environment<'static> {
    static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_fuel(Some(FUEL));
        if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
            env.set_syntax(syntax);
        }
        env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        env
    })
}

/// A JSON value as a template value. Cheap to clone afterwards.
pub fn value_of(json: serde_json::Value) -> Value {
    Value::from(Serde(json))
}

/// A template value as JSON; undefined becomes null.
pub fn json_of(value: &Value) -> Result<serde_json::Value, TemplateError> {
    if value.is_undefined() {
        return Ok(serde_json::Value::Null);
    }
    serde_json::to_value(value).map_err(|e| TemplateError { message: format!("not JSON: {e}"), range: None })
}

/// A compiled expression: `steps.scan.sarif_values`, `not steps.verdict.pending`.
#[derive(Clone)]
pub struct Expr {
    source: Arc<str>,
    compiled: Arc<Compiled<'static, 'static>>,
}

impl Expr {
    /// Compiles an expression.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        let compiled = environment()
            .compile_expression_owned(source.to_owned())
            .map_err(|error| TemplateError::from_jinja(&error))?;
        Ok(Self { source: source.into(), compiled: Arc::new(compiled) })
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names it reads, as dotted paths as far as they are constant (`steps.scan.count`).
    pub fn reads(&self) -> BTreeSet<String> {
        self.compiled.undeclared_variables(true).into_iter().collect()
    }

    /// The filters (`x|name`) and tests (`x is name`) it uses that do not exist. MiniJinja would only tell when it comes
    /// to them.
    pub fn unknown_filters(&self) -> BTreeSet<String> {
        let mut state = environment().empty_state();
        filters_and_tests(&self.source, None)
            .into_iter()
            .map(|(is_test, place)| (is_test, self.source.get(place).unwrap_or_default()))
            .filter(|(is_test, name)| is_unknown(&mut state, *is_test, name))
            .map(|(_, name)| name.to_owned())
            .collect()
    }

    /// Its value over a scope.
    pub fn eval(&self, scope: &Value) -> Result<Value, TemplateError> {
        self.compiled.eval(scope.clone()).map_err(|error| TemplateError::from_jinja(&error))
    }

    /// Its value as a condition.
    pub fn is_true(&self, scope: &Value) -> Result<bool, TemplateError> {
        Ok(self.eval(scope)?.is_true())
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expr({:?})", self.source)
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Serialize for Expr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

impl<'de> Deserialize<'de> for Expr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = String::deserialize(deserializer)?;
        Self::parse(&source).map_err(serde::de::Error::custom)
    }
}

/// Whether there is no filter or test of this name.
fn is_unknown(state: &mut State<'_, '_>, is_test: bool, name: &str) -> bool {
    let result = if is_test {
        state.perform_test(name, &[Value::UNDEFINED]).map(|_| ())
    } else {
        state.apply_filter(name, &[Value::UNDEFINED]).map(|_| ())
    };
    result.is_err_and(|error| matches!(error.kind(), ErrorKind::UnknownFilter | ErrorKind::UnknownTest))
}

/// The places of the names behind `|` (false) and `is` (true) in an expression, outside of quotes. `expected`: what its
/// first word is, when it is one of the two.
fn filters_and_tests(source: &str, mut expected: Option<bool>) -> Vec<(bool, Range<usize>)> {
    let mut out = Vec::new();
    let mut quote = None;
    let mut escaped = false;
    let mut chars = source.char_indices().peekable();
    let mut before = ' ';
    while let Some((start, c)) = chars.next() {
        if let Some(open) = quote {
            if !escaped && c == open {
                quote = None;
            }
            escaped = !escaped && c == '\\';
        } else if c.is_alphanumeric() || c == '_' {
            let mut end = start + c.len_utf8();
            while let Some((at, next)) = chars.next_if(|(_, next)| next.is_alphanumeric() || *next == '_') {
                end = at + next.len_utf8();
            }
            let word = source.get(start..end).unwrap_or_default();
            match (expected, word) {
                (Some(true), "not") => {}
                (Some(is_test), _) => {
                    out.push((is_test, start..end));
                    expected = None;
                }
                (None, "is") if before != '.' => expected = Some(true),
                (None, _) => {}
            }
            before = 'a';
        } else if !c.is_whitespace() {
            expected = (c == '|').then_some(false);
            if matches!(c, '"' | '\'') {
                quote = Some(c);
            }
            before = c;
        }
    }
    out
}

/// A value in a patchflow in which strings may hold `${{ … }}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Template {
    /// No expression inside.
    Const(serde_json::Value),
    /// A string that is one expression: its value passes through whole.
    Expr(Expr),
    /// A string with expressions in it.
    Text(Vec<Piece>),
    /// A list.
    List(Vec<Template>),
    /// A mapping, in order.
    Map(Vec<(String, Template)>),
}

/// A part of a [`Template::Text`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// An expression; lists and mappings render as JSON.
    Expr(Expr),
}

impl Template {
    /// Reads one string. The range of an error is in bytes of `text`.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut rest = 0;
        while let Some(open) = text[rest..].find("${{").map(|i| rest + i) {
            if open > rest {
                pieces.push(Piece::Text(text[rest..open].to_owned()));
            }
            let start = open + 3;
            let (expr, end) = Self::expression_at(text, start)?;
            pieces.push(Piece::Expr(expr));
            rest = end;
        }
        if rest < text.len() {
            pieces.push(Piece::Text(text[rest..].to_owned()));
        }
        Ok(match pieces.as_slice() {
            [Piece::Expr(expr)] => Self::Expr(expr.clone()),
            [] => Self::Const(serde_json::Value::String(String::new())),
            [Piece::Text(text)] => Self::Const(serde_json::Value::String(text.clone())),
            _ => Self::Text(pieces),
        })
    }

    /// The expression that starts at `start` and the byte behind its `}}`. An expression may hold `}}` itself
    /// (`{'a': {'b': 1}}`), so the first end that compiles is taken.
    fn expression_at(text: &str, start: usize) -> Result<(Expr, usize), TemplateError> {
        let mut first_error = None;
        let mut from = start;
        while let Some(close) = text[from..].find("}}").map(|i| from + i) {
            let raw = &text[start..close];
            match Expr::parse(raw.trim()) {
                Ok(expr) => return Ok((expr, close + 2)),
                Err(mut error) => {
                    let lead = start + (raw.len() - raw.trim_start().len());
                    error.range = Some(match error.range {
                        Some(range) => lead + range.start..lead + range.end,
                        None => start..close,
                    });
                    first_error.get_or_insert(error);
                }
            }
            from = close + 1;
        }
        Err(first_error.unwrap_or_else(|| TemplateError {
            message: "`${{` is never closed with `}}`".to_owned(),
            range: Some(start.saturating_sub(3)..text.len()),
        }))
    }

    /// The names that are read, as in [`Expr::reads`].
    pub fn reads(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        self.collect_reads(&mut names);
        names
    }

    fn collect_reads(&self, names: &mut BTreeSet<String>) {
        match self {
            Self::Const(_) => {}
            Self::Expr(expr) => names.extend(expr.reads()),
            Self::Text(pieces) => pieces.iter().for_each(|piece| {
                if let Piece::Expr(expr) = piece {
                    names.extend(expr.reads());
                }
            }),
            Self::List(items) => items.iter().for_each(|item| item.collect_reads(names)),
            Self::Map(entries) => entries.iter().for_each(|(_, item)| item.collect_reads(names)),
        }
    }

    /// The value over a scope.
    pub fn eval(&self, scope: &Value) -> Result<serde_json::Value, TemplateError> {
        Ok(match self {
            Self::Const(value) => value.clone(),
            Self::Expr(expr) => json_of(&expr.eval(scope)?)?,
            Self::Text(pieces) => {
                let mut out = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => out.push_str(text),
                        Piece::Expr(expr) => out.push_str(&plain(&expr.eval(scope)?)?),
                    }
                }
                serde_json::Value::String(out)
            }
            Self::List(items) => {
                serde_json::Value::Array(items.iter().map(|item| item.eval(scope)).collect::<Result<_, _>>()?)
            }
            Self::Map(entries) => serde_json::Value::Object(
                entries
                    .iter()
                    .map(|(key, item)| Ok((key.clone(), item.eval(scope)?)))
                    .collect::<Result<_, TemplateError>>()?,
            ),
        })
    }
}

/// A value inside text: strings as they are, everything structured as JSON.
fn plain(value: &Value) -> Result<String, TemplateError> {
    Ok(match json_of(value)? {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn eval(text: &str) -> serde_json::Value {
        let scope = value_of(
            json!({"steps": {"scan": {"count": 9007199254740993u64, "list": [1, 2]}}, "x": "${{ 1 }}"}),
        );
        Template::parse(text).unwrap().eval(&scope).unwrap()
    }

    #[test]
    fn a_whole_expression_keeps_its_type_and_text_renders() {
        assert_eq!(eval("${{ steps.scan.count }}"), json!(9007199254740993u64));
        assert_eq!(eval("n=${{ steps.scan.list }}!"), json!("n=[1,2]!"));
        assert_eq!(eval("plain"), json!("plain"));
        assert_eq!(eval("${{ {'a': {'b': 1}} }}"), json!({"a": {"b": 1}}));
    }

    #[test]
    fn a_value_is_never_rendered_twice() {
        assert_eq!(eval("${{ x }} ${{ x }}"), json!("${{ 1 }} ${{ 1 }}"));
        assert_eq!(render("{{ a }}", &json!({"a": "{{ b }}"})).unwrap().text, "{{ b }}");
    }

    #[test]
    fn errors_carry_the_place() {
        let error = Template::parse("abc ${{ 1 + }}").unwrap_err();
        assert!(error.range.clone().is_some_and(|r| r.start >= 8), "{error:?}");
        let error = Template::parse("abc ${{ 1").unwrap_err();
        assert_eq!(error.range, Some(4..9));
        let error = render("{{ nope }}", &json!({})).unwrap_err();
        assert!(error.message.contains("nope"), "{}", error.message);
    }

    #[test]
    fn reads_lists_dotted_names() {
        let template = Template::parse("${{ steps.scan.count + inputs.n }}").unwrap();
        assert_eq!(template.reads().into_iter().collect::<Vec<_>>(), ["inputs.n", "steps.scan.count"]);
    }

    #[test]
    fn unknown_filters_and_tests_are_found() {
        let unknown =
            |source: &str| Expr::parse(source).unwrap().unknown_filters().into_iter().collect::<Vec<_>>();
        assert_eq!(unknown("a|nope|length + (b | upper)|nada(1)"), ["nada", "nope"]);
        assert_eq!(unknown("a is defined and b is not none and c is odder and d.is"), ["odder"]);
        assert_eq!(unknown("'x|nope' ~ \"\\\"|nope\" ~ a[1]|default('|b')|tojson"), [""; 0]);
    }

    #[test]
    fn endless_work_stops() {
        let expr = Expr::parse("range(10000)|map('upper')|list").unwrap();
        let _ = expr.eval(&value_of(json!({})));
        let template = "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}";
        assert!(render(template, &json!({})).is_err());
    }
}
