//! Templates of prompts: rendered, with the parts of the text that may be cut.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use minijinja::value::{Object, ObjectRepr, Serde};
use minijinja::{Environment, Error, ErrorKind, Output, State, Value, escape_formatter};

use super::{TemplateError, filters_and_tests, is_unknown};
use crate::message::{Shrink, Shrinkable};

/// The filter that marks what may be cut.
const FILTER: &str = "shrink";

/// A prompt with its variables filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// The parts of it that may be cut, in their order; none is empty and no two overlap.
    pub shrinkable: Vec<Shrinkable>,
}

/// Renders a prompt over its variables. Strict: a name that is not among them is an error that names it.
///
/// What `{{ value | shrink("how") }}` writes may be cut: `how` is one of [`Shrink`]'s words. It must be the last filter, and the
/// tag must write to the text itself. A mark that is lost on the way there, in another filter or in a block whose text goes
/// elsewhere (`set`, `filter`), is an error.
pub fn render(source: &str, variables: &serde_json::Value) -> Result<Rendered, TemplateError> {
    let written = Arc::new(AtomicUsize::new(0));
    let marks = Arc::new(Mutex::new(Vec::new()));
    let mut env = environment().clone();
    let made = Arc::new(Mutex::new(Vec::new()));
    let all = made.clone();
    env.add_filter(FILTER, move |value: Value, word: &str| {
        let marked = shrink(value, word)?;
        all.lock().unwrap_or_else(PoisonError::into_inner).push(marked.clone());
        Ok::<_, Error>(marked)
    });
    let (seen, found) = (written.clone(), marks.clone());
    // By where it stands, not by marks in the text: a value may hold anything.
    env.set_formatter(move |out: &mut Output, state: &mut State, value: &Value| {
        let start = seen.load(Ordering::Relaxed);
        escape_formatter(out, state, value)?;
        let end = seen.load(Ordering::Relaxed);
        if let Some(marked) = value.downcast_object_ref::<Marked>().filter(|_| start < end) {
            marked.arrived.store(true, Ordering::Relaxed);
            let mark = Shrinkable { start, end, how: marked.how };
            found.lock().unwrap_or_else(PoisonError::into_inner).push(mark);
        }
        Ok(())
    });
    let mut text = Vec::new();
    let template = env.template_from_str(source).map_err(|error| TemplateError::from_jinja(&error))?;
    template
        .render_captured_to(Value::from(Serde(variables)), Counted { text: &mut text, written: &written })
        .map_err(|error| TemplateError::from_jinja(&error))?;
    let text =
        String::from_utf8(text).map_err(|error| TemplateError { message: error.to_string(), range: None })?;
    let made = std::mem::take(&mut *made.lock().unwrap_or_else(PoisonError::into_inner));
    if made.iter().any(is_lost) {
        let message = "what `shrink` marks does not reach the prompt as it is: it must be the last filter of a tag {{ … }} that is \
                       in no `set` or `filter` block";
        return Err(TemplateError { message: message.to_owned(), range: None });
    }
    let shrinkable = std::mem::take(&mut *marks.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Rendered { text, shrinkable })
}

/// The names that a prompt reads.
pub fn prompt_reads(source: &str) -> Result<BTreeSet<String>, TemplateError> {
    let template =
        environment().template_from_str(source).map_err(|error| TemplateError::from_jinja(&error))?;
    Ok(template.undeclared_variables(false).into_iter().collect())
}

/// What a prompt does with its values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filters {
    /// Filters and tests that do not exist. MiniJinja would only tell when it comes to them.
    pub(crate) unknown: BTreeSet<String>,
    /// How values may be cut, as far as it is written down: the words behind `shrink`.
    pub(crate) shrinks: Vec<Option<String>>,
}

/// The filters that a prompt uses.
pub(crate) fn filters(source: &str) -> Filters {
    let mut out = Filters::default();
    let mut state = environment().empty_state();
    for code in tags(source) {
        let block = code.strip_prefix("filter").filter(|rest| rest.starts_with(char::is_whitespace));
        let (code, first) = block.map_or((code, None), |rest| (rest, Some(false)));
        for (is_test, place) in filters_and_tests(code, first) {
            let name = code.get(place.clone()).unwrap_or_default();
            if !is_test && name == FILTER {
                out.shrinks.push(literal(code.get(place.end..).unwrap_or_default()));
            } else if is_unknown(&mut state, is_test, name) {
                out.unknown.insert(name.to_owned());
            }
        }
    }
    out
}

/// How a word cuts.
pub(crate) fn how(word: &str) -> Option<Shrink> {
    Some(match word {
        "signatures" => Shrink::Signatures,
        "head_tail" => Shrink::HeadTail,
        "head" => Shrink::Head,
        "tail" => Shrink::Tail,
        _ => return None,
    })
}

/// The words of [`how`], for people.
pub(crate) const HOWS: &str = "signatures, head_tail, head or tail";

fn environment() -> &'static Environment<'static> {
    static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut env = super::environment().clone();
        env.add_filter(FILTER, shrink);
        env
    })
}

fn shrink(value: Value, word: &str) -> Result<Value, Error> {
    let how = how(word).ok_or_else(|| {
        Error::new(ErrorKind::InvalidOperation, format!("`shrink` knows no way `{word}`: it can be {HOWS}"))
    })?;
    // Whoever writes it will say that there is nothing.
    if value.is_undefined() {
        return Ok(value);
    }
    Ok(Value::from_object(Marked { text: value.to_string(), how, arrived: AtomicBool::new(false) }))
}

/// Whether a value was marked in vain.
fn is_lost(value: &Value) -> bool {
    let marked = value.downcast_object_ref::<Marked>();
    marked.is_some_and(|marked| !marked.text.is_empty() && !marked.arrived.load(Ordering::Relaxed))
}

/// A value that may be cut.
#[derive(Debug)]
struct Marked {
    text: String,
    how: Shrink,
    /// Whether it was written to the prompt.
    arrived: AtomicBool,
}

impl Object for Marked {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Counts what was written, for the formatter.
struct Counted<'a> {
    text: &'a mut Vec<u8>,
    written: &'a AtomicUsize,
}

impl io::Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        self.written.store(self.text.len(), Ordering::Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What stands in the tags of a template, `{{ … }}` and `{% … %}`, without what is commented out or raw.
fn tags(source: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = source;
    let mut raw = false;
    while let Some(open) = rest.find('{') {
        let (kind, inside) = (rest.get(open + 1..open + 2), rest.get(open + 2..).unwrap_or_default());
        let close = match kind {
            Some("{") if !raw => end_of(inside, "}}"),
            Some("%") => end_of(inside, "%}"),
            Some("#") if !raw => inside.find("#}"),
            _ => None,
        };
        let Some(close) = close else {
            rest = rest.get(open + 1..).unwrap_or_default();
            continue;
        };
        let code = inside[..close].trim_matches(['-', '+']).trim();
        if kind == Some("%") && matches!(code, "raw" | "endraw") {
            raw = code == "raw";
        } else if kind != Some("#") && !raw {
            out.push(code);
        }
        rest = inside.get(close + 2..).unwrap_or_default();
    }
    out
}

/// Where a tag ends: the first `close` that is in no quotes.
fn end_of(inside: &str, close: &str) -> Option<usize> {
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in inside.char_indices() {
        match quote {
            Some(open) => {
                if !escaped && c == open {
                    quote = None;
                }
                escaped = !escaped && c == '\\';
            }
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if inside[at..].starts_with(close) => return Some(at),
            None => {}
        }
    }
    None
}

/// The text between quotes that is the first argument, when there is one.
fn literal(call: &str) -> Option<String> {
    let argument = call.trim_start().strip_prefix('(')?.trim_start();
    let quote = argument.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    argument[1..].split_once(quote).map(|(word, _)| word.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parts(source: &str, variables: serde_json::Value) -> Vec<(String, Shrink)> {
        let rendered = render(source, &variables).unwrap();
        let part = |s: &Shrinkable| (rendered.text[s.start..s.end].to_owned(), s.how);
        rendered.shrinkable.iter().map(part).collect()
    }

    #[test]
    fn what_may_be_cut_is_known_by_its_place() {
        let source = "é {{ a | shrink('signatures') }}{{ b }}{{ b|shrink(\"head_tail\") }}{{ empty|shrink('tail') }} é";
        let values = json!({"a": "ü{{ b }}", "b": "|shrink('head')\n", "empty": ""});
        let rendered = render(source, &values).unwrap();
        assert_eq!(rendered.text, "é ü{{ b }}|shrink('head')\n|shrink('head')\n é");
        assert_eq!(
            parts(source, values.clone()),
            [("ü{{ b }}".into(), Shrink::Signatures), ("|shrink('head')\n".into(), Shrink::HeadTail)]
        );
        assert_eq!(render(source, &values).unwrap(), rendered);
    }

    #[test]
    fn loops_blocks_and_values_that_are_no_texts_are_marked_too() {
        let source = "{% for x in xs %}{{ x | shrink('head') }},{% endfor %}{% filter shrink('tail') %}a{{ n }}{% endfilter %}";
        assert_eq!(
            parts(source, json!({"xs": ["a", [1]], "n": 7})),
            [("a".into(), Shrink::Head), ("[1]".into(), Shrink::Head), ("a7".into(), Shrink::Tail)]
        );
    }

    #[test]
    fn a_mark_that_is_lost_is_an_error() {
        let values = json!({"a": "b", "empty": ""});
        for source in [
            "{{ (a | shrink('head')) ~ 'x' }}",
            "{{ a | shrink('head') | upper }}",
            "{% set y %}{{ a | shrink('head') }}{% endset %}{{ y }}",
            "{% set y = a | shrink('head') | trim %}{{ y }}",
            "{% filter upper %}{{ a | shrink('head') }}{% endfilter %}",
            "{% if a | shrink('head') == 'b' %}x{% endif %}",
            "{{ a | shrink('head') }}{{ a | shrink('head') | trim }}",
        ] {
            let error = render(source, &values).map(|rendered| rendered.text).unwrap_err();
            assert!(error.message.contains("last filter"), "{source}: {error}");
        }
        for source in [
            "{% set y = a | shrink('head') %}{{ y }}{{ y }}",
            "{{ a | shrink('head') | default('c') }}",
            "{{ (empty | shrink('head')) ~ 'x' }}{% if a %}{{ a | shrink('tail') }}{% endif %}",
        ] {
            assert!(!render(source, &values).unwrap().shrinkable.is_empty(), "{source}");
        }
    }

    #[test]
    fn an_unknown_way_and_a_missing_value_are_errors() {
        let error = render("{{ a | shrink('midle') }}", &json!({"a": 1})).unwrap_err();
        assert!(error.message.contains("`midle`") && error.message.contains(HOWS), "{error}");
        let error = render("{{ nope | shrink('head') }}", &json!({"a": 1})).unwrap_err();
        assert!(error.message.contains("nope"), "{error}");
    }

    #[test]
    fn filters_are_found_in_tags_only() {
        let source = "|shrink('text') {# {{ a|shrink('comment') }} #}{{ '}}' ~ a | shrink( \"head\" ) }}\
                      {% raw %}{{ a|shrink('raw') }}{% endraw %}{%- filter shrink('tail') -%}{% endfilter %}\
                      {{ a|nope|shrink(b) }}{% if a is odder %}{% endif %}";
        let found = filters(source);
        assert_eq!(found.shrinks, [Some("head".into()), Some("tail".into()), None]);
        assert_eq!(found.unknown.into_iter().collect::<Vec<_>>(), ["nope", "odder"]);
        assert_eq!(filters("{{ {'a': {'b': '|x'}} }} { {% {{"), Filters::default());
    }
}
