//! Templates of paths: `/repos/{owner}/{repo}/compare/{base}...{head}`; `{path*}` takes slashes too.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub(super) struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Literal(String),
    Parameter { name: String, slashes: bool },
}

impl From<String> for Template {
    fn from(text: String) -> Self {
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some((literal, (name, after))) =
            rest.split_once('{').and_then(|(literal, open)| Some((literal, open.split_once('}')?)))
        {
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            }
            let slashes = name.ends_with('*');
            parts.push(Part::Parameter { name: name.trim_end_matches('*').to_owned(), slashes });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Self { text, parts }
    }
}

impl Template {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// How much of it is literal: of two templates that match a path, the one with more is meant.
    pub(super) fn weight(&self) -> usize {
        self.parts.iter().map(|part| if let Part::Literal(text) = part { text.len() } else { 0 }).sum()
    }

    /// The parameters, unescaped, when the path is of this form; `ignore_case` says that literals come in any case.
    pub(super) fn matches(&self, path: &str, ignore_case: bool) -> Option<BTreeMap<String, String>> {
        let mut values = Vec::new();
        fits(&self.parts, path, ignore_case, &mut values).then(|| {
            values.reverse();
            values
                .into_iter()
                .map(|(name, text)| (name, percent_decode_str(text).decode_utf8_lossy().into_owned()))
                .collect()
        })
    }
}

/// Whether the path is of this form; the parameters are pushed last first.
fn fits<'a>(parts: &[Part], path: &'a str, ignore_case: bool, values: &mut Vec<(String, &'a str)>) -> bool {
    match parts.split_first() {
        None => path.is_empty(),
        Some((Part::Literal(text), rest)) => {
            let after = path
                .split_at_checked(text.len())
                .filter(|(start, _)| *start == text || ignore_case && start.eq_ignore_ascii_case(text));
            after.is_some_and(|(_, path)| fits(rest, path, ignore_case, values))
        }
        Some((Part::Parameter { name, slashes }, rest)) => {
            let reach = if *slashes { path.len() } else { path.find('/').unwrap_or(path.len()) };
            for end in (1..=reach).rev() {
                if let Some((value, after)) = path.split_at_checked(end)
                    && fits(rest, after, ignore_case, values)
                {
                    values.push((name.clone(), value));
                    return true;
                }
            }
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(template: &str, path: &str) -> Option<String> {
        let values = Template::from(template.to_owned()).matches(path, false)?;
        Some(values.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn parameters_end_at_a_slash_unless_they_take_slashes() {
        assert_eq!(matched("/repos/{owner}/{repo}", "/repos/a/b").as_deref(), Some("owner=a repo=b"));
        assert_eq!(matched("/repos/{owner}/{repo}", "/repos/a/b/c"), None);
        assert_eq!(matched("/repos/{owner}/{repo}", "/repos/a/"), None);
        assert_eq!(
            matched("/contents/{path*}", "/contents/src/a%20b.rs").as_deref(),
            Some("path=src/a b.rs")
        );
        assert_eq!(matched("/projects/{id}/labels", "/projects/a%2Fb/labels").as_deref(), Some("id=a/b"));
        assert_eq!(
            matched("/compare/{base}...{head}", "/compare/v1.0...main").as_deref(),
            Some("base=v1.0 head=main")
        );
    }
}
