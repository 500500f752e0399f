//! One file under the rules.

use std::time::Duration;

use ast_grep_core::matcher::MatcherExt as _;
use ast_grep_core::replacer::Replacer;
use ast_grep_core::{AstGrep, NodeMatch};
use patchwork_core::failure::Failure;
use patchwork_repo::language::Language;
use patchwork_repo::syntax::tree_for_rules;
use patchwork_repo::text::SourceText;

use super::catalogue::{Catalogue, Rule};
use super::files::SourcePath;
use super::fuel::FueledDoc;
use super::places::Places;
use super::silenced::Silenced;
use crate::sarif::{Replacement, ScanResult};
use crate::suppressions::Suppressions;

/// What matching all rules in one file may take; an ordinary one takes milliseconds.
pub(super) const TIME: Duration = Duration::from_secs(10);

/// Stack of a thread that matches: patterns are walked by recursion, and code is parsed by it.
pub(super) const STACK_BYTES: usize = 32 << 20;

/// Why a file has no results.
#[derive(Debug)]
pub(super) enum Problem {
    /// The file can't be looked at: the reason.
    File(String),
    /// A rule of the repository's own can't be used.
    Rule(Failure),
}

/// The places of a file where rules fire.
pub(super) fn scan_file(catalogue: &Catalogue, file: &SourcePath) -> Result<Vec<ScanResult>, Problem> {
    let Some(language) = Language::of_path(&file.path) else { return Ok(Vec::new()) };
    let bytes = std::fs::read(&file.full).map_err(|error| Problem::File(error.to_string()))?;
    let text = SourceText::decode(bytes).map_err(|error| Problem::File(error.to_string()))?;
    scan_text(catalogue, language, &file.path, &text, TIME)
}

/// The places of a text where rules fire. Must be called on a thread with a stack of [`STACK_BYTES`].
pub(super) fn scan_text(
    catalogue: &Catalogue,
    language: Language,
    path: &str,
    text: &SourceText,
    time: Duration,
) -> Result<Vec<ScanResult>, Problem> {
    let Some(rules) = catalogue.rules(language).and_then(|rules| rules.awake(text.text())) else {
        return Ok(Vec::new());
    };
    let tree = tree_for_rules(language, text.text(), STACK_BYTES / 2).ok_or_else(tangled)?;
    let doc = FueledDoc::new(language.support_lang(), text.text().to_owned(), tree, time);
    let grep = AstGrep::doc(doc);
    let root = grep.root();
    let doc = root.get_doc();
    let mut found: Vec<(&Rule, NodeMatch<'_, FueledDoc>)> = Vec::new();
    for node in root.dfs() {
        for rule in rules.for_kind(node.kind_id()) {
            let matched = rule.config.matcher.match_node(node.clone());
            if doc.is_spent() {
                return Err(out_of_time(rule, path, time));
            }
            found.extend(matched.filter(|_| rule.is_for(path)).map(|matched| (rule, matched)));
        }
    }
    let Some((last, _)) = found.last().filter(|_| !doc.is_spent()) else {
        return if doc.is_spent() { Err(tangled()) } else { Ok(Vec::new()) };
    };
    let last = *last;
    let silenced = Silenced::of(text.text(), &root);
    found.retain(|(rule, found)| !silenced.covers(found.start_pos().line(), &rule.config.id));
    let places = Places::of(text.text());
    let suppressions = Suppressions::default();
    let suppressed = suppressions.in_file(path, text.text());
    let mut results: Vec<ScanResult> = found
        .iter()
        .map(|(rule, found)| {
            let result = result(rule, found, path, text, &places);
            let reason = suppressed.of(&rule.config.id, result.start.0).map(|said| said.reason);
            ScanResult { suppressed: reason, ..result }
        })
        .collect();
    if doc.is_spent() {
        return Err(out_of_time(last, path, time));
    }
    results.sort();
    Ok(results)
}

fn tangled() -> Problem {
    Problem::File("is too tangled to be looked at".to_owned())
}

/// A rule of the repository's own that takes too long is refused; with shipped ones it is the file that is strange.
fn out_of_time(rule: &Rule, path: &str, time: Duration) -> Problem {
    let (id, seconds) = (&rule.config.id, time.as_secs_f32());
    match &rule.own {
        Some(file) => Problem::Rule(
            Failure::configuration(format!("{file}: the rule `{id}` takes more than {seconds} s for {path}"))
                .hint("let `kind` or a pattern decide first, and look only as far as needed (`stopBy`)"),
        ),
        None => Problem::File(format!("takes the rules more than {seconds} s")),
    }
}

fn result(
    rule: &Rule,
    found: &NodeMatch<'_, FueledDoc>,
    path: &str,
    text: &SourceText,
    places: &Places<'_>,
) -> ScanResult {
    let fixer = rule.config.fixer.first();
    // Bytes that could not be read would be lost in a line that is written anew.
    let fix = fixer.filter(|_| !text.is_damaged()).and_then(|fixer| {
        let replaced = fixer.get_replaced_range(found, &rule.config.matcher);
        let (start, end) = (places.at(replaced.start), places.at(replaced.end));
        let replacement = Replacement {
            path: path.to_owned(),
            start_line: start.0,
            start_column: start.1,
            end_line: end.0,
            end_column: end.1,
            text: String::from_utf8(fixer.generate_replacement(found)).ok()?,
        };
        Some((rule.fix.clone(), vec![replacement]))
    });
    let message = &rule.config.message;
    let message = match message.trim() {
        "" => rule.config.id.clone(),
        _ if message.contains('$') => rule.config.get_message(found),
        _ => message.clone(),
    };
    let range = found.range();
    ScanResult {
        path: path.to_owned(),
        start: places.at(range.start),
        end: places.at(range.end),
        rule: rule.text,
        message,
        fix,
        suppressed: None,
    }
}
