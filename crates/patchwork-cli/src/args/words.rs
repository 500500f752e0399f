//! The words after a patchflow's name: `key=value`, `--key=value`, `--key value`, `--flag` and bare `flag`.

use patchwork_core::failure::{Failure, nearest};
use patchwork_core::patchflow::plan::{InputSpec, Plan};

use super::grammar::{globals, input_type};

/// What the words say about the inputs of a patchflow.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Assigned {
    /// Values as they were typed, by input name; the last one typed for a name counts, except for lists.
    pub(crate) values: Vec<(String, String)>,
    /// Whether help was asked for.
    pub(crate) help: bool,
}

/// Takes the global options out of the words: `(global, rest)`.
pub(crate) fn split_globals(words: Vec<String>) -> (Vec<String>, Vec<String>) {
    let known = globals();
    let (mut global, mut rest) = (Vec::new(), Vec::new());
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let word = as_global(&known, word);
        let found = known.iter().find(|arg| {
            let short = arg.get_short().is_some_and(|short| word == format!("-{short}"));
            let named = word.strip_prefix("--").map(|long| long.split('=').next().unwrap_or(long));
            short
                || named.is_some_and(|name| {
                    arg.get_long() == Some(name) || arg.get_all_aliases().unwrap_or_default().contains(&name)
                })
        });
        match found {
            None => rest.push(word),
            Some(arg) => {
                let takes_next = arg.get_action().takes_values() && !word.contains('=');
                global.push(word);
                if takes_next {
                    global.extend(words.next());
                }
            }
        }
    }
    (global, rest)
}

/// `patched_api_key=x` as `--patched_api_key=x`: what the original took and has no effect here is never an unknown option.
fn as_global(known: &[clap::Arg], word: String) -> String {
    let name = word.split('=').next().unwrap_or_default();
    let is_one = |arg: &clap::Arg| {
        arg.is_hide_set() && arg.get_action().takes_values() && name == arg.get_id().as_str()
    };
    if word.contains('=') && known.iter().any(is_one) { format!("--{word}") } else { word }
}

/// Gives each word to an input of the patchflow.
pub(crate) fn assign(words: &[String], plan: &Plan) -> Result<Assigned, Failure> {
    let mut out = Assigned::default();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        if word == "-h" || word == "--help" {
            out.help = true;
            continue;
        }
        let bare = word.trim_start_matches('-');
        let dashed = bare.len() < word.len();
        let (name, value) = match bare.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (bare, None),
        };
        let Some(input) = find(plan, name) else {
            return Err(unknown(plan, word, name));
        };
        let value = match value {
            Some(value) => value,
            None if input_type(&input.schema) == "boolean" => {
                let next = words.next_if(|next| dashed && is_boolean(next));
                next.cloned().unwrap_or_else(|| "true".to_owned())
            }
            None if dashed => words
                .next_if(|next| !next.starts_with("--") || next.len() == 2)
                .cloned()
                .ok_or_else(|| missing_value(input))?,
            None => return Err(missing_value(input)),
        };
        out.values.push((input.name.clone(), value));
    }
    Ok(out)
}

fn find<'a>(plan: &'a Plan, name: &str) -> Option<&'a InputSpec> {
    plan.input(name).or_else(|| plan.input(&name.replace('-', "_")))
}

fn is_boolean(word: &str) -> bool {
    ["true", "false"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

fn missing_value(input: &InputSpec) -> Failure {
    let name = &input.name;
    Failure::usage(format!("`{name}` needs a value")).hint(format!("write {name}=VALUE or --{name} VALUE"))
}

fn unknown(plan: &Plan, word: &str, name: &str) -> Failure {
    let failure = if word.contains('=') || word.starts_with('-') {
        Failure::usage(format!("{} has no option `{name}`", plan.name))
    } else {
        Failure::usage(format!("can't understand `{word}`: {} has no option of that name", plan.name))
            .hint("options are written key=value, --key=value, --key value or --flag")
    };
    let name = name.replace('-', "_");
    let global = globals().into_iter().find(|arg| arg.get_id().as_str() == name && !arg.is_hide_set());
    let failure = match (global, nearest(&name, plan.inputs.iter().map(|input| input.name.as_str()))) {
        (Some(arg), _) => failure.hint(format!(
            "did you mean `--{}`? It is an option of patchwork itself and is written with dashes",
            arg.get_long().unwrap_or_default()
        )),
        (None, Some(near)) => failure.hint(format!("did you mean `{near}`?")),
        (None, None) => failure,
    };
    failure.hint(format!("`patchwork {} --help` lists its options", plan.name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    fn plan() -> Plan {
        let input = |name: &str, kind: &str| InputSpec {
            name: name.to_owned(),
            schema: json!({"type": kind}),
            default: Value::Null,
            required: false,
            secret: false,
            path: false,
            receives: Vec::new(),
            user_only: false,
            foreign: false,
            heading: String::new(),
            help: String::new(),
        };
        Plan {
            name: "AutoFix".to_owned(),
            summary: String::new(),
            inputs: vec![
                input("severity", "string"),
                input("disable_pr", "boolean"),
                input("dry_run", "boolean"),
                input("vulnerability_limit", "integer"),
                input("semgrep_extra_args", "string"),
            ],
            steps: Vec::new(),
            finally: Vec::new(),
            outputs: Vec::new(),
            prompts: BTreeMap::new(),
        }
    }

    fn typed(line: &str) -> Result<Vec<(String, String)>, Failure> {
        let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        assign(&words, &plan()).map(|assigned| assigned.values)
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn every_way_of_writing_an_option_is_understood() {
        assert_eq!(typed("severity=high").unwrap(), pairs(&[("severity", "high")]));
        assert_eq!(typed("--severity=a=b").unwrap(), pairs(&[("severity", "a=b")]));
        assert_eq!(typed("--severity high").unwrap(), pairs(&[("severity", "high")]));
        assert_eq!(typed("-severity high").unwrap(), pairs(&[("severity", "high")]));
        assert_eq!(typed("disable_pr").unwrap(), pairs(&[("disable_pr", "true")]));
        assert_eq!(typed("--vulnerability-limit -1").unwrap(), pairs(&[("vulnerability_limit", "-1")]));
    }

    #[test]
    fn a_switch_takes_the_next_word_only_when_it_is_true_or_false() {
        let expected = pairs(&[("dry_run", "true"), ("severity", "high")]);
        assert_eq!(typed("--dry-run severity=high").unwrap(), expected);
        assert_eq!(typed("--dry_run False").unwrap(), pairs(&[("dry_run", "False")]));
        assert_eq!(typed("disable_pr=false").unwrap(), pairs(&[("disable_pr", "false")]));
    }

    #[test]
    fn an_unknown_option_gets_the_nearest_name() {
        let failure = typed("--sevrity=high").unwrap_err();
        assert_eq!(failure.message, "AutoFix has no option `sevrity`");
        assert_eq!(failure.hints[0], "did you mean `severity`?");
        assert_eq!(failure.exit_code(), 2);
        let failure = typed("output=x.json").unwrap_err();
        assert!(failure.hints[0].contains("`--output`"), "{failure:?}");
    }

    #[test]
    fn a_missing_value_is_a_fault_and_never_eats_the_next_option() {
        for line in ["severity", "--severity", "--severity --dry-run"] {
            let failure = typed(line).unwrap_err();
            assert_eq!(failure.message, "`severity` needs a value", "{line}");
        }
    }

    #[test]
    fn global_options_are_found_among_the_words() {
        let words = ["severity=high", "--plain", "--config", "dir", "--output=x", "--state_dir", "s", "-q"];
        let (global, rest) = split_globals(words.map(str::to_owned).to_vec());
        assert_eq!(rest, ["severity=high"]);
        assert_eq!(global, ["--plain", "--config", "dir", "--output=x", "--state_dir", "s", "-q"]);
        let (global, rest) = split_globals(vec!["patched_api_key=x".to_owned(), "debug=x".to_owned()]);
        assert_eq!((global, rest), (vec!["--patched_api_key=x".to_owned()], vec!["debug=x".to_owned()]));
    }
}
