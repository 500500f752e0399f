//! Texts without which a rule can't match: a file that holds none of them need not be parsed for it. Most files hold none
//! of any rule.

use regex_syntax::hir::literal::Extractor;
use serde_json::{Map, Value};

/// Letters of a text that is worth looking for.
const MIN: usize = 3;

/// Texts of one rule at most: more of them are found in nearly every file.
const MAX: usize = 64;

/// Utilities that use each other, at most.
const MAX_DEPTH: usize = 16;

/// A text that is looked for in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Literal {
    pub(super) text: String,
    /// Whether it is a word, not a part of one.
    pub(super) word: bool,
}

impl Literal {
    /// Whether it counts where it was found.
    pub(super) fn fits(&self, text: &str, start: usize, end: usize) -> bool {
        let byte = |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at)).copied().unwrap_or(b' ');
        let (before, after) = (byte(start.checked_sub(1)), byte(Some(end)));
        // A digit may stand before a word that is none of its own: `1and 2`.
        let joined =
            before.is_ascii_alphabetic() || before == b'_' || after.is_ascii_alphanumeric() || after == b'_';
        !(self.word && joined)
    }
}

/// Texts of which a file must hold one for the rule to match; none when nothing is known. `fields` are those of the rule's
/// document.
pub(super) fn needed(fields: &Map<String, Value>) -> Option<Vec<Literal>> {
    let part = |name: &str| fields.get(name).and_then(Value::as_object);
    let rule = Reader { utils: part("utils"), constraints: part("constraints") };
    rule.of(fields.get("rule")?, MAX_DEPTH)
}

struct Reader<'a> {
    utils: Option<&'a Map<String, Value>>,
    constraints: Option<&'a Map<String, Value>>,
}

impl Reader<'_> {
    /// All fields of a rule must hold, so one that is known is enough: that with the longest texts is the rarest.
    fn of(&self, rule: &Value, depth: usize) -> Option<Vec<Literal>> {
        let depth = depth.checked_sub(1)?;
        let fields = rule.as_object()?;
        let each = fields.iter().filter_map(|(name, value)| match name.as_str() {
            "pattern" => self.of_pattern(value.as_str()?, depth),
            "regex" => of_regex(value.as_str()?),
            "all" => rarest(value.as_array()?.iter().filter_map(|rule| self.of(rule, depth))),
            "any" => {
                let each: Option<Vec<_>> =
                    value.as_array()?.iter().map(|rule| self.of(rule, depth)).collect();
                Some(each?.concat())
            }
            "has" | "inside" | "precedes" | "follows" => self.of(value, depth),
            "matches" => self.of(self.utils?.get(value.as_str()?)?, depth),
            _ => None,
        });
        rarest(each)
    }

    /// The words of a pattern, which stand in the code as they do here, and what its metavariables are held to.
    fn of_pattern(&self, pattern: &str, depth: usize) -> Option<Vec<Literal>> {
        // Comments are passed over when code is compared.
        if ["#", "//", "/*"].iter().any(|sign| pattern.contains(sign)) {
            return None;
        }
        let mut each = Vec::new();
        let mut before = ' ';
        for word in pattern.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_') {
            let end = word.chars().last().filter(|c| !c.is_alphanumeric() && *c != '_');
            let word = word.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_');
            match before {
                '$' => each.extend(self.constraints.and_then(|all| self.of(all.get(word)?, depth))),
                _ => each.extend(useful(vec![Literal { text: word.to_owned(), word: true }])),
            }
            before = end.unwrap_or(' ');
        }
        rarest(each.into_iter())
    }
}

/// Texts that every match of an expression begins with.
fn of_regex(expression: &str) -> Option<Vec<Literal>> {
    let hir = regex_syntax::parse(expression).ok()?;
    let found = Extractor::new().extract(&hir);
    let texts = found
        .literals()?
        .iter()
        .map(|text| Some(Literal { text: String::from_utf8(text.as_bytes().to_vec()).ok()?, word: false }));
    useful(texts.collect::<Option<_>>()?)
}

fn useful(texts: Vec<Literal>) -> Option<Vec<Literal>> {
    let fits =
        !texts.is_empty() && texts.len() <= MAX && texts.iter().all(|literal| literal.text.len() >= MIN);
    fits.then_some(texts)
}

fn rarest(each: impl Iterator<Item = Vec<Literal>>) -> Option<Vec<Literal>> {
    each.filter_map(useful).max_by_key(|texts| texts.iter().map(|literal| literal.text.len()).min())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_needs(document: &str, expected: &[&str]) {
        let fields: Value = serde_saphyr::from_str(document).unwrap();
        let found = needed(fields.as_object().unwrap()).unwrap_or_default();
        let found: Vec<_> = found.into_iter().map(|literal| literal.text).collect();
        assert_eq!(found, expected, "{document}");
    }

    #[test]
    fn a_word_is_no_part_of_another() {
        let exec = Literal { text: "exec".to_owned(), word: true };
        for (text, fits) in [
            ("exec", true),
            ("a.exec(", true),
            ("1exec ", true),
            ("execute", false),
            ("my_exec", false),
            ("éexec", true),
        ] {
            let start = text.find("exec").unwrap();
            assert_eq!(exec.fits(text, start, start + 4), fits, "{text}");
        }
    }

    #[test]
    fn what_must_be_there_is_found() {
        for (document, expected) in [
            ("rule: { pattern: yaml.load($X) }", vec!["load"]),
            ("rule: { pattern: $A == $B }", vec![]),
            (
                "rule: { pattern: $F($X) }\nconstraints: { F: { regex: '^(eval|exec)$' } }",
                vec!["eval", "exec"],
            ),
            ("rule: { pattern: $$$F }\nconstraints: { G: { regex: '^eval$' } }", vec![]),
            ("rule: { any: [{ pattern: eval($X) }, { kind: call, regex: '^exec' }] }", vec!["eval", "exec"]),
            ("rule: { any: [{ pattern: eval($X) }, { kind: call }] }", vec![]),
            ("rule: { all: [{ pattern: $X }, { has: { regex: '^verify=' } }] }", vec!["verify="]),
            ("rule: { kind: call, not: { pattern: eval($X) } }", vec![]),
            (
                "rule: { kind: call, inside: { stopBy: { pattern: x }, matches: u } }\nutils: { u: { regex: 'abc' } }",
                vec!["abc"],
            ),
            ("rule: { matches: u }\nutils: { u: { matches: u } }", vec![]),
            ("rule: { regex: '.*eval' }", vec![]),
            ("rule: { regex: '(?i)^token_of_everything$' }", vec![]),
            ("rule: { pattern: 'a // long' }", vec![]),
            ("rule: { pattern: { context: 'class A { long }', selector: identifier } }", vec![]),
            ("rule: { pattern: 'a.b(c)' }", vec![]),
        ] {
            assert_needs(document, &expected);
        }
    }
}
