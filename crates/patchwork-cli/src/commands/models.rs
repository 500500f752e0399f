//! `patchwork models`: which models can be asked, what they can do and what they cost.

use std::collections::BTreeMap;
use std::sync::Arc;

use patchwork::models::{Catalog, Model, Models, Profile, Reach, Standing, Vendor};
use patchwork_core::config::Effective;
use patchwork_core::failure::{Failure, nearest};
use serde_json::{Value, json};

use crate::args::{Format, Options};
use crate::env;
use crate::report::style::{BOLD, paint};
use crate::{drive, output, runtime, settings, stdio};

/// A vendor, and what was found out about it.
struct Entry {
    standing: Standing,
    /// Where its key was given, or what there is in place of one.
    key: Option<String>,
}

/// Shows all vendors, or one; `offline` asks nobody.
pub(crate) fn run(options: &Options, vendor: Option<&str>, offline: bool) -> Result<u8, Failure> {
    let registry = patchwork::registry();
    let folder = drive::current_dir()?;
    let place = settings::Place { options, registry: &registry, name: "", folder: &folder };
    let (given, catalog) = place.keys()?;
    let vendors = chosen(&catalog, vendor)?;
    let keys = given.secrets.iter().map(|(name, secret, _)| (name.clone(), secret.clone())).collect();
    let models = Models::new(env::models(catalog.clone()));
    let standings = runtime::small()?.block_on(models.survey(vendors, &keys, !offline));
    let entries: Vec<Entry> = standings.into_iter().map(|standing| entry(standing, &given)).collect();
    let text = match options.format.unwrap_or_default() {
        Format::Text => text(&entries, vendor.is_some()),
        format => {
            output::encode(&json!({ "vendors": entries.iter().map(data).collect::<Vec<_>>() }), format)?
        }
    };
    stdio::result(&text)?;
    Ok(0)
}

fn chosen(catalog: &Catalog, vendor: Option<&str>) -> Result<Vec<Arc<Vendor>>, Failure> {
    let Some(typed) = vendor else { return Ok(catalog.vendors().to_vec()) };
    let found = catalog.vendor(typed).or_else(|| catalog.vendor(&typed.to_lowercase()));
    let ids = || catalog.vendors().iter().map(|vendor| vendor.id.as_str());
    found.map(|vendor| vec![vendor.clone()]).ok_or_else(|| {
        let failure = Failure::usage(format!("no vendor is called `{typed}`"));
        match nearest(typed, ids()) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint(format!("there are {}", ids().collect::<Vec<_>>().join(", "))),
        }
    })
}

fn entry(standing: Standing, given: &Effective) -> Entry {
    let option = standing.vendor.option.as_deref();
    let key = given.secrets.iter().find(|(name, ..)| Some(name.as_str()) == option);
    let credentials = standing.credentials.then(|| "credentials of Google Cloud".to_owned());
    Entry { key: key.map(|(_, _, place)| place.to_string()).or(credentials), standing }
}

impl Entry {
    /// The models worth a line: those that are described, and of a server on this machine those that it has.
    fn models(&self) -> Vec<(String, Profile, Option<bool>)> {
        let vendor = &self.standing.vendor;
        let served = match &self.standing.reach {
            Reach::Lists(names) => Some(names),
            _ => None,
        };
        let known = vendor.models.iter().map(|model: &Arc<Model>| {
            let listed = served.map(|names| {
                names.iter().any(|name| vendor.model(name).is_some_and(|served| served.name == model.name))
            });
            (model.name.clone(), vendor.profile(&model.name), listed)
        });
        let more = served.into_iter().flatten().filter(|name| vendor.local && vendor.model(name).is_none());
        known.chain(more.map(|name| (name.clone(), vendor.profile(name), Some(true)))).collect()
    }

    fn is_ready(&self) -> bool {
        match &self.standing.reach {
            Reach::NotAsked(_) => self.key.is_some(),
            Reach::Lists(_) => true,
            Reach::Fails(_) => self.key.is_some(),
        }
    }
}

fn text(entries: &[Entry], all: bool) -> String {
    let mut vendors = vec![["vendor", "key", "reachable"].map(str::to_owned)];
    let mut models =
        vec![["model", "context", "output", "in", "out", "cached", "abilities"].map(str::to_owned)];
    let mut hints = Vec::new();
    let (mut without_key, mut away) = (Vec::new(), Vec::new());
    for entry in entries {
        let vendor = &entry.standing.vendor;
        if !all && entry.key.is_none() && vendor.option.is_some() {
            without_key.push(vendor.name.as_str());
            continue;
        }
        if !all && vendor.local && matches!(entry.standing.reach, Reach::Fails(_)) {
            let address = entry.standing.base_url.as_deref().unwrap_or_default();
            away.push(format!("{} ({address})", vendor.name));
            continue;
        }
        vendors.push([vendor.name.clone(), key(entry), reach(&entry.standing.reach)]);
        if entry.key.is_none() && vendor.option.is_some() {
            hints.push(format!("{}: {}", vendor.name, vendor.how_to_give_key()));
        }
        if entry.is_ready() || all {
            models.extend(entry.models().into_iter().map(|model| row(vendor, model)));
        }
    }
    let mut out = if vendors.len() > 1 { table(&vendors) } else { "no model can be asked yet\n".to_owned() };
    if models.len() > 1 {
        out.push_str(&format!("\n{}\nprices in US dollars per million tokens\n", table(&models)));
    }
    if !without_key.is_empty() {
        out.push_str(&format!("\nno key: {}\n", without_key.join(", ")));
        hints.push("`patchwork models VENDOR` says how to give its key".to_owned());
    }
    if !away.is_empty() {
        out.push_str(&format!("not running: {}\n", away.join(", ")));
    }
    for hint in hints {
        out.push_str(&format!("hint: {hint}\n"));
    }
    out
}

fn key(entry: &Entry) -> String {
    match (&entry.key, &entry.standing.vendor.option) {
        (Some(place), _) => format!("given ({place})"),
        (None, Some(_)) => "missing".to_owned(),
        (None, None) => "none needed".to_owned(),
    }
}

fn reach(reach: &Reach) -> String {
    match reach {
        Reach::NotAsked(why) => format!("not asked: {why}"),
        Reach::Lists(names) if names.len() == 1 => "yes, 1 model".to_owned(),
        Reach::Lists(names) => format!("yes, {} models", names.len()),
        Reach::Fails(why) => format!("no: {why}"),
    }
}

fn row(vendor: &Vendor, (name, profile, listed): (String, Profile, Option<bool>)) -> [String; 7] {
    let price = |amount: Option<f64>| amount.map_or_else(|| "?".to_owned(), |amount| amount.to_string());
    let count = |tokens: Option<u32>| tokens.map_or_else(|| "?".to_owned(), thousands);
    let mut notes = profile.abilities.names().join(" ");
    if vendor.default.as_ref() == Some(&name) {
        notes.push_str(" (default)");
    }
    if listed == Some(false) {
        notes.push_str(" (not listed)");
    }
    [
        format!("{}/{name}", vendor.id),
        count(profile.context),
        count(profile.output),
        price(profile.price.map(|price| price.input)),
        price(profile.price.map(|price| price.output)),
        profile.price.map_or_else(
            || "?".to_owned(),
            |p| p.cached_input.map_or_else(|| "-".to_owned(), |c| c.to_string()),
        ),
        notes.trim().to_owned(),
    ]
}

/// `128000` as `128k`, `131072` as `131k`.
fn thousands(tokens: u32) -> String {
    if tokens < 1_000 { tokens.to_string() } else { format!("{}k", tokens / 1_000) }
}

/// Columns as wide as their widest cell, the first row a heading.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut out = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        let line = line.trim_end();
        out.push_str(&if index == 0 { paint(BOLD, line).to_string() } else { line.to_owned() });
        out.push('\n');
    }
    out
}

fn data(entry: &Entry) -> Value {
    let Standing { vendor, base_url, reach, .. } = &entry.standing;
    let models: Vec<Value> = entry
        .models()
        .into_iter()
        .map(|(name, profile, listed)| {
            json!({
                "default": vendor.default.as_ref() == Some(&name),
                "name": name,
                "context": profile.context,
                "output": profile.output,
                "price": profile.price,
                "long_prompt": profile.long_prompt.map(|long| json!({ "above": long.above, "price": long.price })),
                "abilities": profile.abilities.names(),
                "listed": listed,
            })
        })
        .collect();
    let key: BTreeMap<&str, Value> = BTreeMap::from([
        ("option", json!(vendor.option)),
        ("environment", json!(vendor.environment)),
        ("given", json!(entry.key.is_some())),
        ("from", json!(entry.key)),
    ]);
    json!({
        "id": vendor.id,
        "name": vendor.name,
        "base_url": base_url,
        "local": vendor.local,
        "key": key,
        "reachable": match reach { Reach::NotAsked(_) => None, Reach::Lists(_) => Some(true), Reach::Fails(_) => Some(false) },
        "problem": match reach { Reach::NotAsked(why) => Some((*why).to_owned()), Reach::Lists(_) => None, Reach::Fails(why) => Some(why.clone()) },
        "models": models,
    })
}
