//! What a run says about its rules: severity, weakness ids, words.

use std::collections::HashMap;

use patchwork_core::finding::Severity;
use serde_json::Value;

/// The rules of a run's tool and of its extensions.
pub(super) struct Rules<'a> {
    driver: &'a Value,
    extensions: &'a [Value],
    by_id: HashMap<&'a str, &'a Value>,
    /// Levels that the user of the tool has set, by the rule's id.
    overrides: HashMap<&'a str, &'a str>,
}

impl<'a> Rules<'a> {
    pub(super) fn of(run: &'a Value) -> Self {
        let driver = &run["tool"]["driver"];
        let extensions = run["tool"]["extensions"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut by_id = HashMap::new();
        for component in std::iter::once(driver).chain(extensions) {
            for rule in component["rules"].as_array().into_iter().flatten() {
                if let Some(id) = rule["id"].as_str() {
                    by_id.entry(id).or_insert(rule);
                }
            }
        }
        let mut this = Self { driver, extensions, by_id, overrides: HashMap::new() };
        for invocation in run["invocations"].as_array().into_iter().flatten() {
            for one in invocation["ruleConfigurationOverrides"].as_array().into_iter().flatten() {
                let descriptor = &one["descriptor"];
                let rule = this.indexed(descriptor, descriptor["index"].as_u64());
                let id = descriptor["id"].as_str().or_else(|| rule?["id"].as_str());
                if let (Some(id), Some(level)) = (id, one["configuration"]["level"].as_str()) {
                    this.overrides.insert(id, level);
                }
            }
        }
        this
    }

    /// The level that the user of the tool has set for a rule.
    pub(super) fn overridden(&self, id: &str) -> Option<&'a str> {
        self.overrides.get(id).copied()
    }

    /// The text of a message by its id, as it is for all rules of the tool.
    fn global_message(&self, id: &str) -> &'a Value {
        &self.driver["globalMessageStrings"][id]
    }

    /// The rule at an index of the component that a reference names, else of the driver.
    fn indexed(&self, reference: &'a Value, index: Option<u64>) -> Option<&'a Value> {
        let component = &reference["toolComponent"];
        let by = |key: &str| {
            let value = component[key].as_str()?;
            self.extensions.iter().find(|one| one[key].as_str() == Some(value))
        };
        let component = match component["index"].as_u64() {
            Some(index) => usize::try_from(index).ok().and_then(|i| self.extensions.get(i)),
            None => by("guid").or_else(|| by("name")),
        };
        component.unwrap_or(self.driver)["rules"].as_array()?.get(usize::try_from(index?).ok()?)
    }

    /// The id of the rule of a result and its description, `null` when the run has none. An index that leads nowhere
    /// or to another rule than the id says is ignored.
    pub(super) fn of_result(&self, result: &'a Value) -> (String, &'a Value) {
        let reference = &result["rule"];
        let text = |value: &'a Value| value.as_str().filter(|text| !text.is_empty());
        let id = text(&result["ruleId"]).or_else(|| text(&reference["id"]));
        let index = reference["index"].as_u64().or_else(|| result["ruleIndex"].as_u64());
        let indexed = self.indexed(reference, index).filter(|rule| {
            id.is_none_or(|id| rule["id"].as_str().is_some_and(|of_rule| covers(of_rule, id)))
        });
        let rule = indexed.or_else(|| {
            let id = id?;
            // A result may be about a part of a rule: `CA1000/1`.
            self.by_id.get(id).or_else(|| self.by_id.get(id.rsplit_once('/')?.0)).copied()
        });
        let id = id.or_else(|| rule.and_then(|rule| text(&rule["id"]))).unwrap_or("unnamed-rule");
        (shortened(id, ID_LIMIT), rule.unwrap_or(&Value::Null))
    }
}

fn covers(rule: &str, id: &str) -> bool {
    id == rule || id.strip_prefix(rule).is_some_and(|rest| rest.starts_with('/'))
}

/// How bad a result is. A score says more than SARIF's three levels, and what a result says of itself more than its rule.
/// Without any statement it is SARIF's default, a warning.
pub(super) fn severity(result: &Value, rule: &Value, overridden: Option<&str>) -> Severity {
    let properties = [&result["properties"], &rule["properties"]];
    let score = |value: &Value| {
        let score = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
        Some(Severity::from_score(score)).filter(|severity| *severity != Severity::Unknown)
    };
    if let Some(severity) = properties.iter().find_map(|p| score(&p["security-severity"])) {
        return severity;
    }
    let words = properties.iter().flat_map(|p| ["problem.severity", "severity"].map(|key| p[key].as_str()));
    // Bandit has three words of its own, of which SARIF's levels tell only two from less.
    let stated = [
        result["properties"]["issue_severity"].as_str(),
        result["level"].as_str(),
        overridden,
        rule["defaultConfiguration"]["level"].as_str(),
    ];
    let stated = stated.into_iter().chain(words).flatten().find_map(Severity::parse);
    stated.unwrap_or(Severity::Low)
}

/// The weakness ids (`CWE-79`) that a result or its rule states, in order, each once.
pub(super) fn weaknesses(result: &Value, rule: &Value) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut take = |text: &str, bare: bool| {
        for id in cwe_ids(text, bare) {
            if !found.contains(&id) {
                found.push(id);
            }
        }
    };
    let taxa = result["taxa"].as_array().into_iter().flatten();
    let targets = rule["relationships"].as_array().into_iter().flatten().map(|r| &r["target"]);
    for reference in taxa.chain(targets) {
        let name = reference["toolComponent"]["name"].as_str().unwrap_or_default();
        take(reference["id"].as_str().unwrap_or_default(), name.eq_ignore_ascii_case("cwe"));
    }
    for properties in [&result["properties"], &rule["properties"]] {
        for (key, bare) in [("tags", false), ("cwe", true), ("CWE", true), ("cwes", true)] {
            let value = &properties[key];
            for value in value.as_array().map(Vec::as_slice).unwrap_or(std::slice::from_ref(value)) {
                match value {
                    Value::String(text) => take(text, bare),
                    Value::Number(number) if bare => take(&number.to_string(), true),
                    _ => {}
                }
            }
        }
    }
    found
}

/// `CWE-79`, `external/cwe/cwe-079`, `CWE-79: Improper …`; with `bare` also `79`.
fn cwe_ids(text: &str, bare: bool) -> Vec<String> {
    let lower = text.to_ascii_lowercase();
    let number = |digits: &str| {
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits.get(..end)?.parse::<u32>().ok().filter(|n| *n > 0).map(|n| format!("CWE-{n}"))
    };
    let after = lower.match_indices("cwe").filter_map(|(at, word)| lower.get(at + word.len()..));
    let mut ids: Vec<_> =
        after.filter_map(|rest| number(rest.trim_start_matches(['-', '_', ' ', ':']))).collect();
    if ids.is_empty() && bare {
        ids.extend(number(lower.trim()));
    }
    ids
}

/// What is wrong, in words: the result's message with its arguments filled in, else the rule's description, else its id.
pub(super) fn message(result: &Value, rule: &Value, rules: Option<&Rules<'_>>, id: &str) -> String {
    let text = |message: &Value| {
        let text = message["text"].as_str().or_else(|| message["markdown"].as_str())?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let message = &result["message"];
    let named = || {
        let id = message["id"].as_str()?;
        text(&rule["messageStrings"][id]).or_else(|| text(rules?.global_message(id)))
    };
    let words = text(message)
        .or_else(named)
        .map(|words| with_arguments(words, message["arguments"].as_array().map(Vec::as_slice)))
        .or_else(|| text(&rule["fullDescription"]))
        .or_else(|| text(&rule["shortDescription"]))
        .unwrap_or_else(|| id.to_owned());
    shortened(&words, MESSAGE_LIMIT)
}

/// Characters kept of a message: it goes into a prompt, and some tools put whole manuals there.
pub(super) const MESSAGE_LIMIT: usize = 4_000;

/// Characters kept of a rule's id.
pub(super) const ID_LIMIT: usize = 200;

/// The beginning of a text, with `…` where the rest was.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    // No text has more characters than bytes, and nearly all are short.
    let cut = if text.len() > limit { text.char_indices().nth(limit) } else { None };
    match cut {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Fills `{0}` and the like in; `{{` and `}}` stand for braces.
fn with_arguments(words: String, arguments: Option<&[Value]>) -> String {
    let Some(arguments) = arguments.filter(|_| words.contains('{')) else { return words };
    let mut out = String::with_capacity(words.len() + 40);
    let mut rest = words.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let argument = from.strip_prefix('{').and_then(|inner| {
            let (index, after) = inner.split_once('}')?;
            Some((arguments.get(index.parse::<usize>().ok()?)?.as_str()?, after))
        });
        let doubled =
            ["{{", "}}"].into_iter().find_map(|pair| Some((pair.get(1..)?, from.strip_prefix(pair)?)));
        let (text, after) = argument.or(doubled).unwrap_or_else(|| from.split_at(1));
        out.push_str(text);
        rest = after;
        // The rest would be cut off.
        if out.len() > 4 * MESSAGE_LIMIT {
            return out;
        }
    }
    out.push_str(rest);
    out
}
