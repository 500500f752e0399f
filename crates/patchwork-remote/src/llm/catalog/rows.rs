//! Rows as they are written, merged and read, with faults that name row and field.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use patchwork_core::failure::nearest;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Catalog;
use super::vendor::Vendor;
use crate::llm::destination::{HAS_CREDENTIALS, base_url, has_credentials};

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// Where: `vendors[acme].models[large].price.input`.
    pub place: String,
    /// What: follows the place in a sentence.
    pub problem: String,
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.place, self.problem)
    }
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    vendors: Vec<Value>,
    prefixed_hosts: Vec<String>,
}

impl Catalog {
    /// Reads a whole catalogue.
    pub(super) fn read(rows: Value) -> Result<Self, Vec<RowFault>> {
        let Written { vendors, prefixed_hosts } = Written::deserialize(&rows)
            .map_err(|error| vec![RowFault { place: "vendors".to_owned(), problem: error.to_string() }])?;
        let mut faults = Vec::new();
        let vendors = vendors.into_iter().filter_map(|row| match vendor(row) {
            Ok(vendor) => Some(Arc::new(vendor)),
            Err(fault) => {
                faults.extend(fault);
                None
            }
        });
        let vendors: Vec<_> = vendors.collect();
        let mut ids = BTreeSet::new();
        for vendor in &vendors {
            for id in std::iter::once(&vendor.id).chain(&vendor.aliases) {
                if !ids.insert(id.clone()) {
                    let place = format!("vendors[{}].aliases", vendor.id);
                    faults.push(RowFault {
                        place,
                        problem: format!("gives a name, `{id}`, that another vendor has"),
                    });
                }
            }
        }
        if faults.is_empty() { Ok(Self { rows, vendors, prefixed_hosts }) } else { Err(faults) }
    }
}

/// The built-in rows with the user's.
pub(super) fn merged(mut rows: Value, mine: &Value) -> Result<Catalog, Vec<RowFault>> {
    let fault = |place: String, problem: &str| RowFault { place, problem: problem.to_owned() };
    let Value::Array(mine) = mine else {
        return Err(vec![fault("vendors".to_owned(), "must be a list of vendors, each with its `id`")]);
    };
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, row) in mine.iter().enumerate() {
        let place = format!("vendors[{index}]");
        let Value::Object(row) = row else {
            faults.push(fault(place, "must be a mapping with the `id` of a vendor"));
            continue;
        };
        let Some(id) = row.get("id").and_then(Value::as_str).filter(|id| is_id(id)) else {
            let problem = "must be the id of a vendor: small letters, digits, `_`, `-` and `.`";
            faults.push(fault(format!("{place}.id"), problem));
            continue;
        };
        if !seen.insert(id) {
            faults.push(fault(format!("{place}.id"), "stands twice; one row says all about a vendor"));
            continue;
        }
        if let Some(vendors) = rows.get_mut("vendors").and_then(Value::as_array_mut) {
            faults.extend(put(vendors, row, id));
        }
    }
    match Catalog::read(rows) {
        Ok(catalog) if faults.is_empty() => Ok(catalog),
        Ok(_) => Err(faults),
        Err(more) => Err(faults.into_iter().chain(more).collect()),
    }
}

/// Lays a row over the one of the same id; a new one goes before the servers on this machine.
fn put(vendors: &mut Vec<Value>, row: &Map<String, Value>, id: &str) -> Option<RowFault> {
    let known = vendors.iter_mut().find(|vendor| vendor["id"] == id);
    let Some(Value::Object(known)) = known else {
        let mut row = row.clone();
        row.entry("name").or_insert_with(|| id.into());
        row.entry("protocol").or_insert_with(|| "openai_chat".into());
        let at = vendors.iter().position(|vendor| vendor["local"] == true).unwrap_or(vendors.len());
        vendors.insert(at, Value::Object(row));
        return None;
    };
    for (field, value) in row {
        match (field.as_str(), value) {
            ("models", Value::Array(models)) => {
                let own = known.entry("models").or_insert_with(|| Value::Array(Vec::new()));
                let Some(own) = own.as_array_mut() else { continue };
                // The user's come first: a listing shows them, and a name of theirs is found before ours.
                for (index, model) in models.iter().enumerate() {
                    match own
                        .iter_mut()
                        .find(|known| known["name"] == model["name"] && model["name"].is_string())
                    {
                        Some(known) => lay_over(known, model),
                        None => own.insert(index.min(own.len()), model.clone()),
                    }
                }
            }
            _ => lay_over(known.entry(field.clone()).or_insert(Value::Null), value),
        }
    }
    None
}

/// Mappings are merged by field, everything else is replaced. A price is a whole: with half of it, the other half would
/// be of another time.
fn lay_over(below: &mut Value, above: &Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (field, value) in above {
                match below.get_mut(field) {
                    Some(known) if field != "price" => lay_over(known, value),
                    _ => {
                        below.insert(field.clone(), value.clone());
                    }
                }
            }
            if above.contains_key("price") && !above.contains_key("long_prompt") {
                below.remove("long_prompt");
            }
        }
        (below, above) => *below = above.clone(),
    }
}

/// Reads one row.
fn vendor(mut row: Value) -> Result<Vendor, Vec<RowFault>> {
    if let Value::Object(fields) = &mut row {
        fields.retain(|_, value| !value.is_null());
    }
    let id = row["id"].as_str().unwrap_or("?").to_owned();
    let names: Vec<String> = row["models"].as_array().map_or_else(Vec::new, |models| {
        models.iter().map(|model| model["name"].as_str().unwrap_or_default().to_owned()).collect()
    });
    let fault = |field: &str, problem: String| RowFault { place: format!("vendors[{id}]{field}"), problem };
    let vendor: Vendor = serde_path_to_error::deserialize(row).map_err(|error| {
        let field = place(error.path(), &names);
        vec![fault(&field, problem(&error.into_inner().to_string()))]
    })?;
    let mut faults = Vec::new();
    if let Some(url) = &vendor.base_url {
        match base_url(url) {
            None => faults.push(fault(".base_url", "must be an http or https URL".to_owned())),
            Some(url) if has_credentials(&url) => faults.push(fault(".base_url", HAS_CREDENTIALS.to_owned())),
            Some(_) => {}
        }
    }
    for (field, names) in
        [("option", vendor.option.as_slice()), ("environment", vendor.environment.as_slice())]
    {
        if names.iter().any(|name| !is_name(name)) {
            faults.push(fault(&format!(".{field}"), "must be a name: letters, digits and `_`".to_owned()));
        }
    }
    for model in &vendor.models {
        let place = |field: &str| format!(".models[{}]{field}", model.name);
        if model.name.is_empty() || model.name.chars().any(|c| c.is_control() || c.is_whitespace()) {
            faults.push(fault(&place(".name"), "must be a name without spaces".to_owned()));
        }
        let prices = model.price.iter().map(|price| (".price", price));
        let long = model.long_prompt.iter().map(|long| (".long_prompt.price", &long.price));
        for (field, price) in prices.chain(long) {
            let amounts = [Some(price.input), Some(price.output), price.cached_input, price.cache_write];
            if amounts.into_iter().flatten().any(|amount| !(0.0..=1e6).contains(&amount)) {
                let problem = "must be US dollars per million tokens, 0 or more".to_owned();
                faults.push(fault(&place(field), problem));
            }
        }
        for (field, tokens) in [(".context", model.context), (".output", model.output)] {
            if tokens == Some(0) {
                faults.push(fault(&place(field), "must be a number of tokens, 1 or more".to_owned()));
            }
        }
    }
    if faults.is_empty() { Ok(vendor) } else { Err(faults) }
}

/// A path like `models[3].price` with the name of the model in place of its number.
fn place(path: &serde_path_to_error::Path, names: &[String]) -> String {
    use serde_path_to_error::Segment;
    let mut out = String::new();
    let mut in_models = false;
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => match names.get(*index).filter(|name| in_models && !name.is_empty()) {
                Some(name) => out.push_str(&format!("[{name}]")),
                None => out.push_str(&format!("[{index}]")),
            },
            Segment::Map { key } => out.push_str(&format!(".{key}")),
            Segment::Enum { variant } => out.push_str(&format!(".{variant}")),
            Segment::Unknown => {}
        }
        in_models = matches!(segment, Segment::Map { key } if key == "models" && out == ".models");
    }
    out
}

/// The words of the reader, as the end of a sentence, with the nearest of the names it knows.
fn problem(said: &str) -> String {
    let quoted: Vec<&str> = said.split('`').skip(1).step_by(2).collect();
    let Some((typed, known)) = quoted.split_first() else { return format!("can't be read: {said}") };
    let near = nearest(typed, known.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
    let expected = || said.split_once(", ").map(|(_, expected)| format!(": {expected}")).unwrap_or_default();
    if said.starts_with("unknown field") {
        return format!("is not known{}", near.unwrap_or_else(expected));
    }
    if said.starts_with("unknown variant") {
        return format!("can't be `{typed}`{}{}", expected(), near.unwrap_or_default());
    }
    format!("can't be read: {said}")
}

fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.".contains(c))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
