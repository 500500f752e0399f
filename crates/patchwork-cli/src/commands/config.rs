//! `patchwork config`: each option of a patchflow with its value and where that comes from, and what `verify` would run.

use patchwork::local::Local;
use patchwork::verify::commands::{self, Commands, Found, Network};
use patchwork::verify::dependencies::{self, Dependencies};
use patchwork_core::config;
use patchwork_core::failure::Failure;
use serde::Serialize;
use serde_json::{Map, json};

use super::typed::{Ready, Typed};
use crate::args::{Format, Options};
use crate::{output, runtime, stdio};

/// The key of what is found; no option can have this name.
const COMMANDS: &str = "$commands";

/// What a repository has to build and test it with.
#[derive(Serialize)]
struct Here {
    #[serde(flatten)]
    commands: Commands,
    /// Folders that trials are lent.
    lent: Vec<Dependencies>,
    /// Whether commands will reach the network.
    #[serde(skip)]
    network: Network,
}

/// Shows the options in effect; secrets are masked.
pub(crate) fn run(options: &Options, typed: &str, words: &[String]) -> Result<u8, Failure> {
    let ready = Typed::read(options, typed, words)?.given(options)?;
    let effective = &ready.given.effective;
    let here = if effective.values.contains_key("verify") { here(&ready)? } else { None };
    let text = match options.format.unwrap_or_default() {
        Format::Text => config::render(effective) + &here.map(|here| shown(&here)).unwrap_or_default(),
        format => {
            // A secret's value here is a reference by its name: nothing is there to be masked.
            let describe = |(name, setting): (&String, &config::Setting)| {
                (name.clone(), json!({ "value": setting.value, "origin": setting.place.to_string() }))
            };
            let mut entries: Map<_, _> = effective.values.iter().map(describe).collect();
            if let Some(here) = here {
                entries.insert(COMMANDS.to_owned(), json!(here));
            }
            output::encode(&entries.into(), format)?
        }
    };
    stdio::result(&text)?;
    Ok(0)
}

/// What is found in the repository around the folder; none when there is no repository.
fn here(ready: &Ready) -> Result<Option<Here>, Failure> {
    let local = Local::new(&ready.folder, &ready.given.secrets);
    runtime::small()?.block_on(async {
        let Ok(repository) = local.repository(&ready.folder).await else { return Ok(None) };
        let network = match ready.given.effective.values.get("sandbox_network") {
            Some(setting) if setting.value == true => Network::Reached,
            _ => Network::Absent,
        };
        let mut lent = dependencies::find(repository.top());
        if !lent.is_empty() {
            let places = lent.iter().map(|lent| format!(":(literal){}", lent.place));
            let args = ["ls-files", "-z", "--"].into_iter().map(str::to_owned).chain(places);
            let kept = repository.git().text(args).await?;
            lent.retain(|lent| !kept.split('\0').any(|file| is_below(file, &lent.place)));
        }
        let mut commands = commands::find(repository.top(), network);
        // What is lent is installed already.
        commands.setup = commands.setup.filter(|_| lent.is_empty());
        Ok(Some(Here { commands, lent, network }))
    })
}

fn is_below(file: &str, folder: &str) -> bool {
    file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// A short section for people; nothing when nothing is found.
fn shown(here: &Here) -> String {
    let Here { commands: Commands { setup, build, tests, others }, lent, network } = here;
    let named = [("setup", setup), ("build", build), ("tests", tests)];
    let found = named.iter().filter_map(|(name, found)| Some((*name, found.as_ref()?)));
    let rows: Vec<(&str, &Found)> = found.chain(others.iter().map(|found| ("not taken", found))).collect();
    let width = rows.iter().map(|(_, found)| found.line.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, found) in rows {
        let place = if found.cwd.is_empty() { String::new() } else { format!(" in {}", found.cwd) };
        let when =
            if name == "setup" && *network == Network::Absent { ", only with --sandbox-network" } else { "" };
        text.push_str(&format!("  {name:9}  {:width$}  {}{place}{when}\n", found.line, found.because));
    }
    if !lent.is_empty() {
        let places: Vec<&str> = lent.iter().map(|lent| lent.place.as_str()).collect();
        text.push_str(&format!("  lent       {}\n", places.join(", ")));
    }
    // Names of files are anybody's text.
    let text: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    if text.is_empty() {
        text
    } else {
        format!("\nCommands found here, run when `verify` names them\n{text}")
    }
}
