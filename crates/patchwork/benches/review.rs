//! How long a pull request of 300 files and 30,000 changed lines takes until its questions are written, without the model; and how
//! many questions an update of one file costs.
//!
//! `cargo xtask bench review` runs it in release. It prints figures and whether they are within their limit; it is no test.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench prints, and stops when it can't go on"
)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use patchwork::review::bundle::{Bundle, Limits, bundle};
use patchwork::review::file::ReviewFile;
use patchwork::review::index::{Index, wanted};
use patchwork::review::prompt::{ReviewQuestion, Subject};
use patchwork::review::rules;
use patchwork::review::selection::Selection;
use patchwork::review::state::{Kept, MOST_BYTES, State};
use patchwork::review::unit::cut;
use patchwork_core::change::{ChangeStatus, FileChange, read_hunks};
use patchwork_core::prompt::Prompt;
use similar::TextDiff;

/// Files that change, and those beside them.
const FILES: usize = 300;
const OTHERS: usize = 900;
/// Functions of a file, and changed lines of each: 100 changed lines a file.
const FUNCTIONS: usize = 10;
/// How often it is done, of which the best counts: whatever else runs only makes it slower.
const TIMES: usize = 5;
/// Time until the questions are written.
const ASKED: Duration = Duration::from_secs(2);

/// What git gives for a file: the change, and the bytes on both sides.
type Given = (FileChange, Vec<u8>, Vec<u8>);

fn main() {
    let given: Vec<Given> = (0..FILES).map(|file| given(file, 1)).collect();
    let others: Vec<(String, Vec<u8>)> =
        (FILES..FILES + OTHERS).map(|file| (path(file), text(file, 0).into_bytes())).collect();
    let lines: u32 = given.iter().map(|(change, ..)| change.additions + change.deletions).sum();
    println!("{:<64} {:>12}   limit", "", "");
    let (mut best, mut first) = (Duration::MAX, Vec::new());
    let mut tokens = 0;
    for _ in 0..TIMES {
        let copy = given.clone();
        let start = Instant::now();
        let asked = questions(copy, &others, &State::default());
        best = best.min(start.elapsed());
        (first, tokens) = asked;
    }
    let verdict = if best <= ASKED { "held" } else { "NOT HELD" };
    println!(
        "{:<64} {best:>12.1?}   {ASKED:?}: {verdict}",
        format!("{FILES} files, {lines} changed lines, {OTHERS} beside them: until all is asked")
    );
    println!("{:<64} {:>12}", "questions", first.len());
    println!("{:<64} {tokens:>12}", "tokens of them, about");
    println!("{:<64} {:>12}", "tokens of each, about", tokens / first.len().max(1));

    let answered: Vec<String> = first.iter().flat_map(|bundle| bundle.units.clone()).collect();
    let state = with_files(given.clone(), |files| {
        State::default().after(&cut(files), &answered, "0123", "rules", Kept::default())
    });
    let written = state.write();
    println!(
        "{:<64} {:>12}   24000: {}",
        "bytes of the state",
        written.len(),
        if written.len() <= MOST_BYTES { "held" } else { "NOT HELD" }
    );
    let state = State::read(&written).expect("a state");
    let mut update = given;
    update[7] = self::given(7, 2);
    let start = Instant::now();
    let (second, _) = questions(update, &others, &state);
    let took = start.elapsed();
    let limit = first.len() / 10;
    let verdict = if second.len() <= limit { "held" } else { "NOT HELD" };
    println!(
        "{:<64} {:>12}   {limit}: {verdict}",
        format!("questions for an update of one file ({took:.1?})"),
        second.len()
    );
}

/// Selects, reads, cuts, bundles and renders; answers the bundles and about how many tokens the prompts have.
fn questions(given: Vec<Given>, others: &[(String, Vec<u8>)], state: &State) -> (Vec<Bundle>, usize) {
    let rules = rules::ours();
    with_files(given, |files| {
        let units = cut(files);
        let paths: Vec<String> = others.iter().map(|(path, _)| path.clone()).collect();
        assert_eq!(wanted(&paths, &units).len(), OTHERS);
        let index = Index::new(&units, others);
        let bundles = bundle(&units, &index, Limits::default(), |unit| state.pending("rules", unit));
        let prompt = Prompt::read_file(include_str!("../src/patchflows/PRReview/prompts.yml"), "prompts.yml");
        let prompt =
            prompt.expect("prompts").into_iter().find(|prompt| prompt.id == "review").expect("the prompt");
        let mut bytes = 0;
        for bundle in &bundles {
            let question = ReviewQuestion::new(bundle, &rules, &Subject::default(), true);
            let values = serde_json::to_value(&question).expect("values");
            let messages = prompt.render(&values).expect("messages");
            bytes += messages.iter().map(|message| message.content.len()).sum::<usize>();
        }
        (bundles, patchwork_core::tokens::estimate(bytes))
    })
}

fn with_files<R>(given: Vec<Given>, work: impl FnOnce(&[ReviewFile]) -> R) -> R {
    let selection = Selection::new(&[], &[], "").expect("a selection");
    let mut texts: Vec<(String, Vec<u8>, Vec<u8>)> = Vec::with_capacity(given.len());
    let mut changes = Vec::with_capacity(given.len());
    for (change, old, new) in given {
        texts.push((change.path.clone(), old, new));
        changes.push(change);
    }
    texts.sort();
    let files: Vec<ReviewFile> = selection
        .select(changes)
        .files
        .into_iter()
        .map(|change| {
            let at = texts.binary_search_by(|(path, ..)| path.as_str().cmp(&change.path)).expect("its texts");
            let (_, old, new) = &texts[at];
            ReviewFile::read(change, Some(old.clone()), Some(new.clone())).expect("a file")
        })
        .collect();
    assert_eq!(files.len(), FILES);
    work(&files)
}

fn path(file: usize) -> String {
    let ending = ["py", "ts", "go", "java"][file % 4];
    format!("src/package_{}/module_{file}.{ending}", file % 40)
}

fn given(file: usize, version: usize) -> Given {
    let (old, new) = (text(file, 0), text(file, version));
    let diff = TextDiff::from_lines(&old, &new).unified_diff().context_radius(3).to_string();
    let count = |sign: char| diff.lines().filter(|line| line.starts_with(sign)).count();
    let change = FileChange {
        path: path(file),
        old_path: None,
        status: ChangeStatus::Modified,
        binary: false,
        old_mode: None,
        new_mode: None,
        additions: u32::try_from(count('+')).expect("few lines"),
        deletions: u32::try_from(count('-')).expect("few lines"),
        hunks: read_hunks(&diff).expect("hunks"),
        left_out: None,
    };
    (change, old.into_bytes(), new.into_bytes())
}

/// A file of ten functions of thirty lines, five of which are others in each version.
fn text(file: usize, version: usize) -> String {
    let mut out = String::new();
    let kind = file % 4;
    out.push_str(["import os\n\n", "import os from 'os';\n\n", "package main\n\n", "class Module {\n"][kind]);
    for function in 0..FUNCTIONS {
        let name = format!("work_{file}_{function}");
        let head = match kind {
            0 => format!("def {name}(value, other):\n"),
            1 => format!("export function {name}(value: number, other: number) {{\n"),
            2 => format!("func {name}(value int, other int) int {{\n"),
            _ => format!("    int {name}(int value, int other) {{\n"),
        };
        out.push_str(&head);
        for line in 0..30 {
            let number = if line % 6 == 2 { version } else { 0 };
            let end = if matches!(kind, 1 | 3) { ";" } else { "" };
            // Each calls functions of files beside it.
            let other = (file * 7 + line * 40 + 40) % (FILES + OTHERS);
            let _ =
                writeln!(out, "    value = work_{other}_{}(value + {line}, {number}){end}", line % FUNCTIONS);
        }
        out.push_str(
            [
                "    return value\n\n",
                "    return value;\n}\n\n",
                "    return value\n}\n\n",
                "    return value;\n    }\n\n",
            ][kind],
        );
    }
    out.push_str(if kind == 3 { "}\n" } else { "" });
    out
}
