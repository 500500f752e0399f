//! The way to a result, and the other places it names, as lines of text.

use serde_json::{Value, json};

use super::bases::Bases;
use super::rules::{MESSAGE_LIMIT, shortened};
use super::shape::Shape::{self, Made, Object, Scalar, Text};
use super::slim::{ARTIFACT, FLOW};

/// Places of a way that are kept: the first and the last ones say where it comes from and where it goes.
pub(super) const MOST: usize = 12;

/// Characters of a line.
pub(super) const LINE: usize = 300;

/// Characters of what stands at a place.
const WORDS: usize = 160;

/// Between the parts of a place as long as the run is not read to its end.
const SEPARATOR: char = '\u{1f}';

const LOCATION: Shape = Object(&[
    ("id", Scalar),
    (
        "physicalLocation",
        Object(&[("artifactLocation", ARTIFACT), ("region", Object(&[("startLine", Scalar)]))]),
    ),
    ("message", Object(&[("text", Text(WORDS))])),
]);

/// A step of a thread flow.
pub(super) const STEP: Shape = Made(&Object(&[("location", LOCATION)]), |step| packed(&step["location"]));

/// A related location.
pub(super) const RELATED: Shape = Made(&LOCATION, packed);

/// A location in one text: bases and artifacts may stand behind it in the file.
fn packed(location: &Value) -> Value {
    let physical = &location["physicalLocation"];
    let artifact = &physical["artifactLocation"];
    let parts = [
        &location["id"],
        &artifact["uri"],
        &artifact["uriBaseId"],
        &artifact["index"],
        &physical["region"]["startLine"],
        &location["message"]["text"],
    ];
    let part = |value: &Value| match value {
        Value::String(text) => text.replace(SEPARATOR, " "),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    Value::String(parts.map(part).join(&SEPARATOR.to_string()))
}

/// A place, once the run is known.
struct Place<'a> {
    id: &'a str,
    place: String,
    words: &'a str,
}

impl<'a> Place<'a> {
    fn of(packed: &'a Value, bases: &Bases<'_>) -> Option<Self> {
        let mut parts = packed.as_str()?.split(SEPARATOR);
        let mut next = || parts.next();
        let (id, uri, base, index, line, words) = (next()?, next()?, next()?, next()?, next()?, next()?);
        let place = if uri.is_empty() {
            let artifact = bases.artifact(index.parse().ok()?)?;
            bases.shown(artifact["uri"].as_str()?, artifact["uriBaseId"].as_str().unwrap_or_default())
        } else {
            bases.shown(uri, base)
        };
        let place = if line.is_empty() { place } else { format!("{place}:{line}") };
        Some(Self { id, place, words })
    }

    fn line(&self) -> String {
        let words = self.words.split_whitespace().collect::<Vec<_>>().join(" ");
        shortened(format!("{} {words}", self.place).trim_end(), LINE)
    }
}

/// Puts what [`STEP`] and [`RELATED`] left into the property [`FLOW`] and into the message.
pub(super) fn settle(result: &mut Value, bases: &Bases<'_>) {
    let Some(object) = result.as_object_mut() else { return };
    let flows = object.shift_remove("codeFlows").unwrap_or_default();
    let related = object.shift_remove("relatedLocations").unwrap_or_default();
    let steps = flows[0]["threadFlows"][0]["locations"].as_array().into_iter().flatten();
    let mut lines: Vec<String> = steps.filter_map(|step| Some(Place::of(step, bases)?.line())).collect();
    lines.dedup();
    let related: Vec<Place<'_>> =
        related.as_array().into_iter().flatten().filter_map(|place| Place::of(place, bases)).collect();
    let mut linked = vec![false; related.len()];
    if let Some(text) = object.get_mut("message").and_then(|message| message.get_mut("text"))
        && let Some(with_places) = text.as_str().and_then(|text| followed(text, &related, &mut linked))
    {
        *text = Value::String(with_places);
    }
    // A way says more than places beside it.
    if lines.is_empty() {
        let others = related.iter().zip(&linked).filter(|(_, linked)| !**linked);
        lines.extend(others.take(MOST).map(|(place, _)| place.line()));
    }
    if lines.is_empty() {
        return;
    }
    match object.entry("properties").or_insert_with(|| json!({})) {
        Value::Object(properties) => drop(properties.insert(FLOW.into(), json!(lines))),
        other => *other = json!({ FLOW: lines }),
    }
}

/// A message whose links (`[a value](1)`) are followed by the places they lead to; none when it has no link.
fn followed(text: &str, related: &[Place<'_>], linked: &mut [bool]) -> Option<String> {
    if !text.contains("](") {
        return None;
    }
    let mut out = String::with_capacity(text.len() + 40);
    let mut rest = text;
    while let Some((before, words, id, after)) = next_link(rest) {
        out.push_str(before);
        out.push_str(words);
        if let Some(at) = related.iter().position(|place| place.id == id) {
            out.push_str(&format!(
                " ({})",
                related.get(at).map(|place| place.place.as_str()).unwrap_or_default()
            ));
            if let Some(linked) = linked.get_mut(at) {
                *linked = true;
            }
        }
        rest = after;
    }
    out.push_str(rest);
    Some(shortened(&out, MESSAGE_LIMIT))
}

/// The first link with a number: what stands before it, its words, its number, what stands behind.
fn next_link(text: &str) -> Option<(&str, &str, &str, &str)> {
    text.match_indices("](").find_map(|(close, _)| {
        let after = text.get(close + 2..)?;
        let end = after.find(')')?;
        let id = after.get(..end).filter(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()))?;
        let open = text.get(..close)?.rfind('[')?;
        Some((text.get(..open)?, text.get(open + 1..close)?, id, after.get(end + 1..)?))
    })
}
