//! The command line: what the user typed, turned into an [`Invocation`] before anything else is built.

mod grammar;
mod options;
pub(crate) mod words;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgMatches;
use patchwork_core::failure::Failure;

pub(crate) use grammar::{complete, input_type, patchwork, with_patchflow_inputs};
pub(crate) use options::{Format, Level, Options};

/// What the user asked for.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// Options that every command takes.
    pub(crate) options: Options,
    /// The command.
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug)]
pub(crate) enum Command {
    /// Runs a patchflow: a name, or a path to a document.
    Run { patchflow: String, words: Vec<String> },
    /// Lists patchflows, or steps.
    List { steps: bool },
    /// Shows which models can be asked.
    Models { vendor: Option<String>, offline: bool },
    /// Shows a step or a patchflow.
    Show { name: String },
    /// Checks patchflow documents.
    Check { files: Vec<PathBuf> },
    /// Writes a shipped patchflow out.
    Eject { name: String, dir: Option<PathBuf>, force: bool },
    /// Lists runs.
    Runs { limit: Option<usize> },
    /// Shows one run.
    RunsShow { run: String },
    /// Writes the report of a run.
    Report { run: String, form: Option<String>, file: Option<PathBuf> },
    /// Goes on with a run.
    Resume { run: String, words: Vec<String> },
    /// Carries out what another run has proposed.
    Apply { file: PathBuf, dry_run: bool, words: Vec<String> },
    /// Takes back what a run did.
    Undo { run: String, yes: bool, words: Vec<String> },
    /// Proposes rules from what models fixed in a run.
    Learn { run: String, write: bool },
    /// Says what a run would cost.
    Plan { patchflow: String, words: Vec<String> },
    /// Runs a recorded run again, offline.
    Replay { run: Option<String> },
    /// Writes a recorded run into a file.
    RecordExport { run: String, file: PathBuf },
    /// Shows each effective option with its origin.
    Config { patchflow: String, words: Vec<String> },
    /// Prints a JSON Schema, or writes all of them.
    Schema { name: Option<String>, all: Option<PathBuf>, pages: Option<PathBuf> },
    /// Prints a completion script.
    Completions { shell: clap_complete::Shell },
    /// Shows Patchwork at work on a small repository.
    Demo { dir: Option<PathBuf>, words: Vec<String> },
}

/// Why there is no invocation.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Help, a version or a complaint that is ready to be shown.
    Shown(Box<clap::Error>),
    /// A complaint of our own.
    Failed(Box<Failure>),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

impl From<clap::Error> for Stop {
    fn from(error: clap::Error) -> Self {
        Self::Shown(Box::new(error))
    }
}

/// Reads the command line. The first word is the name of the program.
pub(crate) fn parse(argv: Vec<OsString>) -> Result<Invocation, Stop> {
    let matches = patchwork().try_get_matches_from(&argv)?;
    let mut options = Options::from_matches(&matches);
    if matches.get_flag("list") {
        return Ok(Invocation { options, command: Command::List { steps: false } });
    }
    if let Some(("help", about)) = matches.subcommand() {
        // `help x` is another way to write `x --help`.
        let about = about.get_many::<OsString>("").into_iter().flatten().cloned();
        let argv = std::iter::once("patchwork".into()).chain(about).chain(["--help".into()]);
        return parse(argv.collect());
    }
    let Some((name, sub)) = matches.subcommand() else {
        return Err(patchwork()
            .error(clap::error::ErrorKind::MissingSubcommand, "say which patchflow to run, or a command")
            .into());
    };
    // Options of a subcommand level are the merged ones: clap hands global options down, not up.
    options = options.or(Options::from_matches(sub));
    let command = match name {
        "list" => Command::List { steps: sub.get_flag("steps") },
        "models" => {
            Command::Models { vendor: sub.get_one("vendor").cloned(), offline: sub.get_flag("offline") }
        }
        "show" => Command::Show { name: text(sub, "name") },
        "check" => Command::Check { files: sub.get_many("files").into_iter().flatten().cloned().collect() },
        "eject" => Command::Eject {
            name: text(sub, "name"),
            dir: sub.get_one("dir").cloned(),
            force: sub.get_flag("force"),
        },
        "runs" => match sub.subcommand() {
            Some(("show", show)) => {
                options = options.or(Options::from_matches(show));
                Command::RunsShow { run: text(show, "run") }
            }
            _ => Command::Runs { limit: sub.get_one("limit").copied() },
        },
        "report" => Command::Report {
            run: text(sub, "run"),
            form: sub.get_one("format").cloned(),
            file: sub.get_one("output").cloned(),
        },
        "resume" => Command::Resume { run: text(sub, "run"), words: tail(sub, "words", &mut options)? },
        "apply" => {
            let mut words = tail(sub, "words", &mut options)?;
            let typed = words.len();
            // Behind a secret it is one of the words.
            words.retain(|word| word != "--dry-run" && word != "--dry_run");
            let dry_run = sub.get_flag("dry_run") || words.len() < typed;
            Command::Apply { file: sub.get_one("file").cloned().unwrap_or_default(), dry_run, words }
        }
        "undo" => {
            let mut words = tail(sub, "words", &mut options)?;
            let typed = words.len();
            // Behind a secret it is one of the words.
            words.retain(|word| word != "--yes" && word != "-y");
            let yes = sub.get_flag("yes") || words.len() < typed;
            Command::Undo { run: text(sub, "run"), yes, words }
        }
        "learn" => Command::Learn { run: text(sub, "run"), write: sub.get_flag("write") },
        "plan" => {
            Command::Plan { patchflow: text(sub, "patchflow"), words: tail(sub, "words", &mut options)? }
        }
        "replay" => Command::Replay { run: sub.get_one("run").cloned() },
        "record" => match sub.subcommand() {
            Some(("export", export)) => {
                options = options.or(Options::from_matches(export));
                Command::RecordExport {
                    run: text(export, "run"),
                    file: export.get_one("file").cloned().unwrap_or_default(),
                }
            }
            // The grammar wants one.
            _ => Command::List { steps: false },
        },
        "config" => {
            Command::Config { patchflow: text(sub, "patchflow"), words: tail(sub, "words", &mut options)? }
        }
        "schema" => Command::Schema {
            name: sub.get_one("name").cloned(),
            all: sub.get_one("all").cloned(),
            pages: sub.get_one("pages").cloned(),
        },
        "completions" => Command::Completions {
            shell: sub.get_one("shell").copied().unwrap_or(clap_complete::Shell::Bash),
        },
        "demo" => {
            Command::Demo { dir: sub.get_one("dir").cloned(), words: tail(sub, "words", &mut options)? }
        }
        patchflow => Command::Run { patchflow: patchflow.to_owned(), words: tail(sub, "", &mut options)? },
    };
    Ok(Invocation { options, command })
}

fn text(matches: &ArgMatches, id: &str) -> String {
    matches.get_one::<String>(id).cloned().unwrap_or_default()
}

/// The words after a patchflow's name. Global options may stand among them; those are taken out into `options`.
fn tail(matches: &ArgMatches, id: &str, options: &mut Options) -> Result<Vec<String>, Stop> {
    let typed = matches
        .get_many::<OsString>(id)
        .into_iter()
        .flatten()
        .map(|word| {
            word.clone().into_string().map_err(|word| {
                Failure::usage(format!("{} is not UTF-8 text", word.to_string_lossy()))
                    .hint("options are text; a path that is not can be reached through a symbolic link")
                    .into()
            })
        })
        .collect::<Result<Vec<_>, Stop>>()?;
    let (global, rest) = words::split_globals(typed);
    if !global.is_empty() {
        let argv = std::iter::once("patchwork".to_owned()).chain(global);
        let found = grammar::globals_only().try_get_matches_from(argv)?;
        *options = std::mem::take(options).or(Options::from_matches(&found));
        if found.get_flag("list") {
            return Err(Failure::usage("`--list` can't stand after a patchflow")
                .hint("patchwork --list")
                .into());
        }
    }
    Ok(rest)
}
