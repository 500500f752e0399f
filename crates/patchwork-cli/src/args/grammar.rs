//! The grammar of the command line, for clap.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, value_parser};
use patchwork_core::patchflow::plan::{InputSpec, Plan};
use serde_json::Value;

const LEVELS: [&str; 7] = ["error", "critical", "warning", "warn", "info", "debug", "trace"];

const AFTER_HELP: &str = "\
Options of a patchflow are written key=value, --key=value, --key value or, for a switch, --key.
`patchwork AutoFix --help` lists those of AutoFix.

Exit codes:
    0  done, or nothing to do
    1  the run failed
    2  wrong usage
    3  a configuration file or patchflow is wrong
    4  a model, forge, scanner or the network did not answer; resumable
    6  refused by policy
   10  findings remain
   11  fixes stay below the required evidence
   12  a budget is reached
   70  a fault of Patchwork
  130  interrupted; resumable";

/// The whole command line.
pub(crate) fn patchwork() -> Command {
    Command::new("patchwork")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Runs patchflows over a repository: scan, fix, prove, open a pull request.")
        .override_usage("patchwork [OPTIONS] <PATCHFLOW> [key=value | --key=value | --key value | --flag]...\n       patchwork [OPTIONS] <COMMAND>")
        .after_help(AFTER_HELP)
        .disable_help_subcommand(true)
        .allow_external_subcommands(true)
        .external_subcommand_value_parser(value_parser!(std::ffi::OsString))
        .subcommand_value_name("PATCHFLOW")
        .args(globals())
        .subcommands([
            Command::new("list")
                .about("Lists the patchflows, the custom ones of --config included")
                .arg(switch("steps").long("steps").help("List the steps that patchflows are made of")),
            Command::new("models")
                .about("Lists the models that can be asked: keys, prices, abilities")
                .arg(Arg::new("vendor").value_name("VENDOR").help("Only this one"))
                .arg(switch("offline").long("offline").help("Ask nobody whether they answer")),
            Command::new("show")
                .about("Shows a step (what it takes, gives and touches) or a patchflow's document")
                .arg(required("name", "NAME")),
            Command::new("check")
                .about("Checks patchflow documents: every fault, and where each input comes from")
                .arg(
                    Arg::new("files")
                        .value_name("FILE")
                        .required(true)
                        .num_args(1..)
                        .value_parser(value_parser!(PathBuf)),
                ),
            Command::new("eject")
                .about("Writes a shipped patchflow and its prompts into a folder, to change them")
                .arg(required("name", "NAME"))
                .arg(path("dir", "DIR").long("dir").help("Where to [default: patchflows/<NAME>]"))
                .arg(switch("force").long("force").help("Overwrite files that are there")),
            Command::new("runs")
                .about("Lists runs, newest first")
                .arg(
                    Arg::new("limit")
                        .long("limit")
                        .value_name("N")
                        .value_parser(value_parser!(usize))
                        .help("So many at most"),
                )
                .subcommand(
                    Command::new("show").about("Shows what happened in a run").arg(run_id()),
                ),
            Command::new("report")
                .about("Writes the report of a run: what was tried, what was fixed and how that was proven")
                .arg(run_id())
                .arg(
                    Arg::new("format")
                        .long("format")
                        .value_name("FORMAT")
                        .value_parser(["html", "markdown", "json", "sarif", "github", "gitlab", "azure", "env"])
                        .help("Its form [default: as the file is named, else markdown]")
                        .hide_possible_values(false),
                )
                .arg(path("output", "FILE").short('o').long("output").help("Where to [default: the standard output]")),
            Command::new("resume")
                .about("Goes on with a run; nothing that is done is done or paid again")
                .arg(run_id())
                .arg(tail("secrets, such as openai_api_key=…, which are never stored, and limits, such as max_cost=…")),
            Command::new("apply")
                .about("Checks a file of --propose against policy and carries out what is in it; a second time changes nothing")
                .arg(path("file", "FILE").required(true))
                .arg(switch("dry_run").long("dry-run").alias("dry_run").help("Only check it, and show what is in it"))
                .arg(tail("options: secrets, such as github_api_key=…, and scm_url=…")),
            Command::new("undo")
                .about("Shows how what a run left is taken back: branches, pull requests, comments; --yes does it")
                .arg(run_id())
                .arg(switch("yes").long("yes").short('y').help("Do it"))
                .arg(tail("secrets, such as github_api_key=…, which are never stored")),
            Command::new("learn")
                .about("Proposes rules from accepted model fixes of a run, after trying them on its repository")
                .arg(run_id())
                .arg(switch("write").long("write").help("Write them into .patchwork/rules/")),
            Command::new("plan")
                .about("Shows the model calls and the price of a run before anything is paid")
                .arg(required("patchflow", "PATCHFLOW"))
                .arg(tail("options, as for a run")),
            Command::new("replay")
                .about("Runs a recorded run again, offline and without a key, and compares")
                .arg(run_id().required(false).help("Its id, or the beginning of one; none with --cassette")),
            Command::new("record")
                .about("Writes a run into a file, to replay it on another machine")
                .subcommand_required(true)
                .arg_required_else_help(true)
                .subcommand(
                    Command::new("export")
                        .about("Writes a run into a file, for `replay --cassette FILE`")
                        .arg(run_id())
                        .arg(path("file", "FILE").required(true).help("Where to; `-` for the standard output")),
                ),
            Command::new("config")
                .about("Shows the value of each option of a patchflow and where it comes from")
                .arg(required("patchflow", "PATCHFLOW"))
                .arg(tail("options, as for a run")),
            Command::new("schema")
                .about("Prints the JSON Schema of patchflow files, or of a step")
                .arg(Arg::new("name").value_name("STEP"))
                .arg(path("all", "DIR").long("all").help("Write all schemas into a folder"))
                .arg(path("pages", "DIR").long("pages").hide(true)),
            Command::new("completions").about("Prints a completion script for a shell").arg(
                Arg::new("shell").required(true).value_parser(value_parser!(clap_complete::Shell)),
            ),
            Command::new("demo")
                .about("Makes a small vulnerable repository and runs AutoFix on it")
                .arg(path("dir", "DIR").long("dir").help("Where to make it [default: a temporary folder, kept]"))
                .arg(tail("options of AutoFix")),
        ])
}

/// The grammar of global options alone, for those typed after a patchflow's name.
pub(crate) fn globals_only() -> Command {
    Command::new("patchwork").disable_help_flag(true).disable_version_flag(true).args(globals())
}

/// The whole command line with patchflows among the commands, for completion scripts.
pub(crate) fn complete(plans: &[Plan]) -> Command {
    let names: Vec<String> = plans.iter().map(|plan| plan.name.clone()).collect();
    let known = |command: Command, id: &str| {
        command.mut_args(|arg| match arg.get_id() == id {
            true => arg.value_parser(PossibleValuesParser::new(names.clone())),
            false => arg,
        })
    };
    patchwork()
        .mut_subcommand("plan", |command| known(command, "patchflow"))
        .mut_subcommand("config", |command| known(command, "patchflow"))
        .mut_subcommand("eject", |command| known(command, "name"))
        .subcommands(plans.iter().map(with_patchflow_inputs))
}

/// The options that every command takes.
pub(crate) fn globals() -> Vec<Arg> {
    let global = |arg: Arg| arg.global(true).help_heading("Options of every command");
    vec![
        Arg::new("list").short('l').long("list").action(ArgAction::SetTrue).help("List the patchflows"),
        global(path("config", "PATH").long("config").help("A configuration file or folder")),
        global(path("output", "FILE").long("output").help("Write the results of the run to a file")),
        global(
            path("report", "FILE")
                .long("report")
                .action(ArgAction::Append)
                .help("Write a report at the end of the run: a .html, .md, .json or .sarif file; may be given again"),
        ),
        global(
            path("propose", "FILE")
                .long("propose")
                .help("Write what the run would do to a forge into a file, for `apply`; no token that may write is needed"),
        ),
        global(
            path("policy", "FILE")
                .long("policy")
                .help("A file that says what a run may do to a forge [default: `policy` in your own configuration]"),
        ),
        global(
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .value_parser(["text", "json", "yaml"])
                .help("Form of results and listings [default: json in files, text on the terminal]")
                .hide_possible_values(false),
        ),
        global(switch("plain").long("plain").help("Print lines instead of the live view")),
        global(switch("quiet").short('q').long("quiet").help("Print only results and errors")),
        global(
            Arg::new("log")
                .long("log")
                .value_name("LEVEL")
                .ignore_case(true)
                .value_parser(LEVELS)
                .hide_possible_values(true)
                .help("What is worth a line: error, warning, info, debug, trace [default: info]"),
        ),
        global(
            path("state_dir", "DIR")
                .long("state-dir")
                .alias("state_dir")
                .help("Where journals and worktrees are kept [default: PATCHWORK_STATE_DIR, or the user's state folder]"),
        ),
        global(
            path("cassette", "FILE").long("cassette").help("Take the answers of models from a recording; nothing is sent"),
        ),
        global(
            Arg::new("keep_answers")
                .long("keep-answers")
                .alias("keep_answers")
                .value_name("HOURS")
                .value_parser(value_parser!(u32))
                .help("How long the same request takes its answer from an earlier run; 0 for never [default: 24, in CI 0]"),
        ),
        global(switch("durable").long("durable").help("Let the journal survive a power cut, which costs time")),
        global(switch("debug").long("debug").hide(true)),
        global(switch("disable_telemetry").long("disable_telemetry").alias("disable-telemetry").hide(true)),
        global(
            Arg::new("patched_api_key").long("patched_api_key").alias("patched-api-key").num_args(1).hide(true),
        ),
    ]
}

/// A command that takes a patchflow's inputs as options.
pub(crate) fn with_patchflow_inputs(plan: &Plan) -> Command {
    let name = &plan.name;
    let command = Command::new(name.clone())
        .about(plan.summary.clone())
        .override_usage(format!("patchwork {name} [key=value | --key=value | --key value | --flag]..."))
        .after_help(format!(
            "`patchwork config {name}` shows the value of each option and where it comes from.\n\
             `patchwork --help` lists the options of every command, such as --config."
        ));
    // An option stands below the last heading before it.
    plan.inputs.iter().fold(command, |command, input| {
        let command = match input.heading.as_str() {
            "" => command,
            heading => command.next_help_heading(heading.to_owned()),
        };
        command.arg(of_input(input))
    })
}

fn of_input(input: &InputSpec) -> Arg {
    let mut help = input.help.clone();
    let mut note = |text: String| {
        if !help.is_empty() {
            help.push(' ');
        }
        help.push_str(&text);
    };
    if let Some(words) = input.schema.get("enum").and_then(Value::as_array) {
        let words: Vec<_> = words.iter().filter(|word| !word.is_null()).map(plain).collect();
        note(format!("[one of: {}]", words.join(", ")));
    }
    if input.required {
        note("[required]".to_owned());
    } else if tells(&input.default) {
        note(format!("[default: {}]", plain(&input.default)));
    }
    let arg = Arg::new(input.name.clone()).long(input.name.clone()).help(help);
    match input_type(&input.schema) {
        "boolean" => arg.action(ArgAction::SetTrue),
        kind => {
            let name = match kind {
                "string" if input.secret => "KEY",
                "string" if input.path => "PATH",
                kind => value_name(kind),
            };
            arg.value_name(name).action(ArgAction::Append)
        }
    }
}

/// Whether a default is worth a word: a switch that is off and a list of nothing go without saying.
fn tells(default: &Value) -> bool {
    match default {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}

/// The JSON type of a value, `null` aside; empty when the schema does not say.
pub(crate) fn input_type(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or_default()
        }
        _ => "",
    }
}

fn value_name(kind: &str) -> &'static str {
    match kind {
        "integer" | "number" => "NUMBER",
        "array" => "LIST",
        "object" => "JSON",
        _ => "TEXT",
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn switch(id: &'static str) -> Arg {
    Arg::new(id).action(ArgAction::SetTrue)
}

fn path(id: &'static str, name: &'static str) -> Arg {
    Arg::new(id).value_name(name).value_parser(value_parser!(PathBuf))
}

fn required(id: &'static str, name: &'static str) -> Arg {
    Arg::new(id).value_name(name).required(true)
}

fn run_id() -> Arg {
    required("run", "RUN").help("Its id, or the beginning of one; `patchwork runs` lists them")
}

fn tail(help: &'static str) -> Arg {
    Arg::new("words")
        .value_name("key=value")
        .num_args(0..)
        .allow_hyphen_values(true)
        .trailing_var_arg(true)
        .value_parser(value_parser!(std::ffi::OsString))
        .help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_holds_together() {
        patchwork().debug_assert();
        globals_only().debug_assert();
        complete(&[]).debug_assert();
    }
}
