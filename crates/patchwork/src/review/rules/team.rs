//! Rules of a team: `review_rules` of its configuration, or what its `AGENTS.md` says about reviews.

use serde::Deserialize;
use serde_json::Value;

use super::ReviewRule;
use crate::review::globs::Globs;

/// Rules of a team at most, and characters of each.
const MOST: usize = 40;
const LONGEST: usize = 800;

/// Words and letters of an id that is made of a text.
const ID_WORDS: usize = 6;
const ID_LETTERS: usize = 48;

/// Rules, and what is wrong with those that are not among them: a sentence each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TeamRules {
    /// The rules.
    pub rules: Vec<ReviewRule>,
    /// What could not be used.
    pub faults: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    id: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    severity: Option<String>,
    #[serde(default)]
    languages: Vec<String>,
    #[serde(default)]
    paths: Vec<String>,
}

/// The value of `review_rules`: a text with a rule on each line or list item, or a list of texts and of
/// `{ id, title, text, severity, languages, paths }`, of which only `text` must be there. Read it from the default branch:
/// whoever writes the change must not write its rules. `origin` is the file.
pub fn from_config(value: &Value, origin: &str) -> TeamRules {
    let mut team = TeamRules::default();
    match value {
        Value::Null => {}
        Value::String(text) => items(text).iter().for_each(|item| team.add_text(item, origin)),
        Value::Array(list) => {
            for (at, item) in list.iter().enumerate() {
                match item {
                    Value::String(text) => team.add_text(text, origin),
                    _ => match Written::deserialize(item) {
                        Ok(written) => team.add(written, origin, at + 1),
                        Err(error) => {
                            team.faults.push(format!("{origin}: `review_rules` item {}: {error}", at + 1))
                        }
                    },
                }
            }
        }
        _ => team.faults.push(format!("{origin}: `review_rules`: expected a text or a list of rules")),
    }
    team
}

/// The list items and paragraphs below headings that speak of reviews.
pub fn from_agents(markdown: &str, origin: &str) -> TeamRules {
    let mut team = TeamRules::default();
    let mut section = String::new();
    let mut depth = None;
    let mut fence = false;
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            fence = !fence;
            continue;
        }
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        let heading =
            !fence && (1..=6).contains(&level) && line.get(level..).is_some_and(|rest| rest.starts_with(' '));
        if heading {
            let inside = depth.is_some_and(|outer| level > outer);
            if !inside {
                depth = line.to_lowercase().contains("review").then_some(level);
            }
            section.push('\n');
        } else if depth.is_some() && !fence {
            section.push_str(line);
            section.push('\n');
        }
    }
    items(&section).iter().for_each(|item| team.add_text(item, origin));
    team
}

impl TeamRules {
    fn add_text(&mut self, text: &str, origin: &str) {
        let written = Written {
            id: String::new(),
            title: String::new(),
            text: text.to_owned(),
            severity: None,
            languages: Vec::new(),
            paths: Vec::new(),
        };
        self.add(written, origin, self.rules.len() + 1);
    }

    fn add(&mut self, written: Written, origin: &str, number: usize) {
        let mut fault =
            |problem: String| self.faults.push(format!("{origin}: `review_rules` item {number}: {problem}"));
        let text = one_line(if written.text.trim().is_empty() { &written.title } else { &written.text });
        if text.is_empty() {
            return fault("it says nothing: expected `text`".to_owned());
        }
        if self.rules.len() >= MOST {
            return fault(format!("there are more than {MOST} rules: it is left out"));
        }
        let severity = match written
            .severity
            .as_deref()
            .map(|word| (word, patchwork_core::finding::Severity::parse(word)))
        {
            Some((word, None)) => {
                return fault(format!(
                    "`severity` is `{word}`: expected info, low, medium, high or critical"
                ));
            }
            Some((_, severity)) => severity,
            None => None,
        };
        if let Err(problem) = Globs::new(written.paths.iter().map(String::as_str)) {
            return fault(format!("`paths`: {problem}"));
        }
        let given = slug(&written.id);
        let id = if given.is_empty() { format!("team-{}", slug(&text)) } else { given };
        if self.rules.iter().any(|known| known.id == id) {
            return fault(format!("there is a rule `{id}` already: give each an `id`"));
        }
        let title = one_line(&written.title);
        let title = if title.is_empty() {
            text.split(['.', ':', ';']).next().unwrap_or(&text).to_owned()
        } else {
            title
        };
        self.rules.push(ReviewRule {
            id,
            title: title.chars().take(80).collect(),
            text: text.chars().take(LONGEST).collect(),
            severity,
            languages: written.languages,
            paths: written.paths,
            origin: Some(origin.to_owned()),
        });
    }
}

/// The items of lists and the paragraphs of a text, each on one line.
fn items(text: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    let mut open = false;
    let listed = text.lines().any(|line| item_of(line).is_some());
    for line in text.lines() {
        let said = line.trim();
        match item_of(line) {
            _ if said.is_empty() => open = false,
            Some(item) => {
                items.push(item.to_owned());
                open = true;
            }
            // Without a list, each line is a rule; with one, a line goes on with what is above it.
            None if open && (listed || line.starts_with("  ")) => {
                if let Some(last) = items.last_mut() {
                    last.push(' ');
                    last.push_str(said);
                }
            }
            None => {
                items.push(said.to_owned());
                open = listed;
            }
        }
    }
    // What introduces a list is no rule.
    items.retain(|item| !(item.is_empty() || listed && item.ends_with(':')));
    items
}

fn item_of(line: &str) -> Option<&str> {
    let text = line.trim_start();
    if line.len() - text.len() > 3 {
        return None;
    }
    let bullet = text.strip_prefix(['-', '*', '+']).and_then(|rest| rest.strip_prefix(' '));
    bullet
        .or_else(|| {
            text.trim_start_matches(|c: char| c.is_ascii_digit())
                .strip_prefix(['.', ')'])
                .filter(|_| text.starts_with(|c: char| c.is_ascii_digit()))?
                .strip_prefix(' ')
        })
        .map(str::trim)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lower case letters, digits and `-`.
fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut slug = words.take(ID_WORDS).collect::<Vec<_>>().join("-");
    slug.truncate(ID_LETTERS);
    slug.trim_end_matches('-').to_owned()
}
