//! Reads JSON out of what a model wrote, and checks it.

use jsonrepair_rs::jsonrepair;
use serde_json::Value;

use super::{Fitting, Inner, Misfit};
use crate::steps::llm::sections::fenced;

/// Bytes of broken JSON that are mended at most.
const MAX_MENDED: usize = 1024 * 1024;

/// What objects and lists begin with.
const BRACKETS: [char; 2] = ['{', '['];

/// Brackets in prose that are looked at: behind so many, no answer begins.
const MAX_TRIED: usize = 50;

/// Misfits that are named.
const MAX_NAMED: usize = 3;

/// Reads whatever JSON there is in a text, broken or not.
pub(super) fn read(text: &str, form: &Inner) -> Result<Fitting, Misfit> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(Misfit("it is empty".to_owned()));
    }
    let problem = match serde_json::from_str(text) {
        Ok(value) => return check(value, form).map(|value| Fitting { value, repaired: false }),
        Err(error) => error,
    };
    let (fence, bare) = (in_fence(text), text.starts_with(BRACKETS));
    // Of several problems the first is told: it is about what was most likely meant.
    let mut misfit = None;
    let mut fitting = |value: Option<Value>, repaired| match check(value?, form) {
        Ok(value) => Some(Fitting { value, repaired }),
        Err(found) => {
            misfit.get_or_insert(found);
            None
        }
    };
    let found = fitting(fence.and_then(|body| serde_json::from_str(body).ok()), false)
        .or_else(|| fitting(first_value(text), false))
        .or_else(|| fitting(fence.and_then(mended), true))
        .or_else(|| fitting(Some(text).filter(|_| bare).and_then(mended), true))
        .or_else(|| {
            // Brackets in prose say little: only a schema tells whether what is made of them was meant.
            form.schema.as_ref().filter(|_| !bare)?;
            fitting(text.find(BRACKETS).and_then(|at| mended(text.get(at..)?)), true)
                .or_else(|| later_values(text).find_map(|value| fitting(Some(value), false)))
        });
    found.ok_or_else(|| misfit.unwrap_or_else(|| Misfit(format!("it is no JSON: {problem}"))))
}

/// What stands in the first fenced block, closed or not.
fn in_fence(text: &str) -> Option<&str> {
    if let Ok(block) = fenced(text) {
        return Some(block.body.trim());
    }
    let (_, rest) = text.split_once("```")?;
    let (language, body) = rest.split_once('\n')?;
    (!language.contains(char::is_whitespace)).then(|| body.trim())
}

/// The object or list that begins at the first bracket, whatever follows it.
fn first_value(text: &str) -> Option<Value> {
    value_at(text, text.find(BRACKETS)?)
}

/// Those that begin at the brackets behind the first.
fn later_values(text: &str) -> impl Iterator<Item = Value> {
    text.match_indices(BRACKETS).skip(1).take(MAX_TRIED).filter_map(|(at, _)| value_at(text, at))
}

fn value_at(text: &str, at: usize) -> Option<Value> {
    serde_json::Deserializer::from_str(text.get(at..)?).into_iter().next()?.ok()
}

fn mended(text: &str) -> Option<Value> {
    if text.len() > MAX_MENDED {
        return None;
    }
    let value: Value = serde_json::from_str(&jsonrepair(text).ok()?).ok()?;
    // Prose becomes a text, which is not what was written there.
    (value.is_object() || value.is_array()).then_some(value)
}

fn check(value: Value, form: &Inner) -> Result<Value, Misfit> {
    let Some(schema) = &form.schema else {
        return if value.is_object() || value.is_array() {
            Ok(value)
        } else {
            Err(Misfit("it is neither an object nor a list".to_owned()))
        };
    };
    let problems: Vec<String> = schema
        .validator
        .iter_errors(&value)
        .take(MAX_NAMED)
        .map(|error| {
            let place = error.instance_path().to_string();
            let problem = shortened(&error.masked().to_string());
            if place.is_empty() { problem } else { format!("{}: {problem}", shortened(&place)) }
        })
        .collect();
    if problems.is_empty() { Ok(value) } else { Err(Misfit(problems.join("; "))) }
}

/// A text cut to what a message has room for, on one line.
pub(super) fn shortened(text: &str) -> String {
    const MAX: usize = 200;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX + 1).collect();
    match line.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
