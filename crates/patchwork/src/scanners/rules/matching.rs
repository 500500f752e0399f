//! One file under the rules.

use ast_grep_config::CombinedScan;
use ast_grep_core::NodeMatch;
use ast_grep_core::replacer::Replacer;
use ast_grep_core::tree_sitter::StrDoc;
use ast_grep_language::{LanguageExt, SupportLang};
use patchwork_repo::text::SourceText;

use super::catalogue::{Catalogue, Rule, language_of};
use super::files::SourcePath;
use crate::sarif::{Replacement, ScanResult};

/// The places of a file where rules fire, or why it can't be looked at. A comment `ast-grep-ignore` or
/// `ast-grep-ignore: rule-id` on the line, or alone on the line before, silences it.
pub(super) fn scan_file(catalogue: &Catalogue, file: &SourcePath) -> Result<Vec<ScanResult>, String> {
    let Some(language) = language_of(&file.path) else { return Ok(Vec::new()) };
    let bytes = std::fs::read(&file.full).map_err(|error| error.to_string())?;
    let text = SourceText::decode(bytes).map_err(|error| error.to_string())?;
    Ok(scan_text(catalogue, language, &file.path, &text))
}

/// The places of a text where rules fire.
pub(super) fn scan_text(
    catalogue: &Catalogue,
    language: SupportLang,
    path: &str,
    text: &SourceText,
) -> Vec<ScanResult> {
    let rules = catalogue.rules(language);
    let tree = language.ast_grep(text.text());
    let scan = CombinedScan::new(rules.iter().map(|rule| &rule.config).collect());
    let mut results = Vec::new();
    for (config, matches) in scan.scan(&tree, false).matches {
        // The scan answers references into `rules`; the address is what tells variants of one id apart.
        let Some(rule) = rules.iter().find(|rule| std::ptr::eq(&rule.config, config)) else { continue };
        for found in matches {
            results.push(result(rule, &found, path, text));
        }
    }
    results.sort();
    results
}

fn result(
    rule: &Rule,
    found: &NodeMatch<'_, StrDoc<SupportLang>>,
    path: &str,
    text: &SourceText,
) -> ScanResult {
    let range = found.range();
    let fixer = rule.config.fixer.first();
    // Bytes that could not be read would be lost in a line that is written anew.
    let fix = fixer.filter(|_| !text.is_damaged()).and_then(|fixer| {
        let replaced = fixer.get_replaced_range(found, &rule.config.matcher);
        let (start, end) = (place(text.text(), replaced.start), place(text.text(), replaced.end));
        let replacement = Replacement {
            path: path.to_owned(),
            start_line: start.0,
            start_column: start.1,
            end_line: end.0,
            end_column: end.1,
            text: String::from_utf8(fixer.generate_replacement(found)).ok()?,
        };
        Some((rule.fix.clone().unwrap_or_default(), vec![replacement]))
    });
    ScanResult {
        path: path.to_owned(),
        start: place(text.text(), range.start),
        end: place(text.text(), range.end),
        rule: rule.text,
        message: rule.config.get_message(found),
        fix,
    }
}

/// Line and column, 1-based, in characters, of a byte offset.
fn place(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}
