//! What GitHub's runner does with what a step prints and writes: workflow commands in lines, and files of names and values.
//!
//! Made after the behaviour of the runner's `ActionCommand`, `ActionCommandManager` and `EnvFileKeyValuePairs`.

use std::collections::BTreeMap;

/// The commands that the runner knows.
const COMMANDS: [&str; 16] = [
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "internal-set-repo-path",
    "notice",
    "remove-matcher",
    "save-state",
    "set-env",
    "set-output",
    "stop-commands",
    "warning",
];

/// A command that was obeyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) name: String,
    pub(crate) properties: BTreeMap<String, String>,
    pub(crate) data: String,
}

/// Reads a log as the runner does; answers the commands that it obeys, but for those that stop and resume it.
pub(crate) fn obeyed(log: &str) -> Vec<Command> {
    let mut stopped: Option<String> = None;
    let mut out = Vec::new();
    for line in log.split(['\n', '\r']) {
        let known = |name: &str| COMMANDS.contains(&name) || stopped.as_deref() == Some(name);
        let Some(command) = second_form(line, known).or_else(|| first_form(line, known)) else { continue };
        match &stopped {
            Some(token) if command.name == *token => stopped = None,
            Some(_) => {}
            None if command.name == "stop-commands" => {
                assert!(command.data.len() >= 32, "a token that can be guessed: {}", command.data);
                stopped = Some(command.data);
            }
            None => out.push(command),
        }
    }
    assert_eq!(stopped, None, "commands stay stopped for the steps that follow:\n{log}");
    out
}

/// `::name key=value,key=value::data`, behind white space.
fn second_form(line: &str, known: impl Fn(&str) -> bool) -> Option<Command> {
    let (head, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let properties = properties.trim().split(',').filter_map(|pair| pair.split_once('='));
    let unescaped = |text: &str| text.replace("%0D", "\r").replace("%0A", "\n");
    let value = |text: &str| unescaped(text).replace("%3A", ":").replace("%2C", ",").replace("%25", "%");
    known(name).then(|| Command {
        name: name.to_owned(),
        properties: properties.map(|(key, text)| (key.to_owned(), value(text))).collect(),
        data: unescaped(data).replace("%25", "%"),
    })
}

/// `##[name key=value;]data`, anywhere in a line.
fn first_form(line: &str, known: impl Fn(&str) -> bool) -> Option<Command> {
    let (_, rest) = line.split_once("##[")?;
    let (head, data) = rest.split_once(']')?;
    let name = head.split(' ').next()?;
    known(name).then(|| Command { name: name.to_owned(), properties: BTreeMap::new(), data: data.to_owned() })
}

/// Reads a file such as `GITHUB_OUTPUT`: `name=value`, or `name<<end`, lines, `end`.
pub(crate) fn pairs(text: &str) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let (equals, here) = (line.find('='), line.find("<<"));
        let (name, value) = match (equals, here) {
            (Some(at), here) if here.is_none_or(|here| at < here) => (&line[..at], line[at + 1..].to_owned()),
            (_, Some(at)) => {
                let end = &line[at + 2..];
                let value: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
                (&line[..at], value.join("\n"))
            }
            _ if line.is_empty() => continue,
            _ => panic!("the runner refuses this line: {line}"),
        };
        out.insert(name.to_owned(), value);
    }
    out
}

#[test]
fn commands_are_found_where_the_runner_finds_them() {
    let names = |log: &str| -> Vec<String> { obeyed(log).into_iter().map(|command| command.name).collect() };
    assert_eq!(
        names("  ::warning file=a::b\ntext ::error::c\nx ##[set-env name=A]b"),
        ["warning", "set-env"]
    );
    assert_eq!(names("::unknown::x\n::error"), [] as [&str; 0]);
    let token = "0123456789abcdef0123456789abcdef";
    assert_eq!(names(&format!("::stop-commands::{token}\n::error::a\n::{token}::\n::error::b")), ["error"]);
    assert_eq!(
        pairs("a=1\nb<<E\n2\n=3\nE\n\nc=x<<y"),
        [("a", "1"), ("b", "2\n=3"), ("c", "x<<y")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    );
}
