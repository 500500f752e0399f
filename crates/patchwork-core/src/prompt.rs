//! Prompts: templates of messages with declared variables, in files that people may change.
//!
//! The file is a list of `{"id", "prompts": [{"role", "content"}]}` in JSON or YAML, the form of the Python original.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::message::{Message, Role};
use crate::template::{self, Rendered};

/// A prompt by its id: the messages to render.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prompt {
    /// Its name (`fixprompt`).
    pub id: String,
    /// The messages, in order; `content` is a template.
    pub prompts: Vec<Message>,
}

impl Prompt {
    /// Reads a prompt file. `origin` names it in errors.
    pub fn read_file(text: &str, origin: &str) -> Result<Vec<Self>, Failure> {
        let prompts: Vec<Self> = serde_saphyr::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            Failure::configuration(format!("{origin} is not a prompt file"))
                .cause(error.to_string().trim().to_owned())
                .hint("expected: a list of {\"id\": …, \"prompts\": [{\"role\": \"system\" | \"user\", \"content\": …}]}")
        })?;
        for prompt in &prompts {
            prompt.check(origin)?;
        }
        Ok(prompts)
    }

    /// Refuses messages that can't be templates. `origin` names where the prompt is from in errors.
    pub fn check(&self, origin: &str) -> Result<(), Failure> {
        for message in &self.prompts {
            check(message).map_err(|problem| {
                Failure::configuration(format!("prompt `{}` in {origin}: {}", self.id, problem.0))
                    .hint(problem.1)
            })?;
        }
        Ok(())
    }

    /// The messages with their variables filled in, and what of them may be cut: see [`template::render`]. A variable that is
    /// not in `values` is an error.
    pub fn render(&self, values: &serde_json::Value) -> Result<Vec<Message>, Failure> {
        self.prompts
            .iter()
            .map(|message| {
                let Rendered { text: content, shrinkable } = template::render(&message.content, values)
                    .map_err(|error| self.explain(&error, values))?;
                Ok(Message { content, shrinkable, ..message.clone() })
            })
            .collect()
    }

    /// The names that the prompt reads.
    pub fn variables(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .prompts
            .iter()
            .flat_map(|m| template::prompt_reads(&m.content).unwrap_or_default())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    fn explain(&self, error: &template::TemplateError, values: &serde_json::Value) -> Failure {
        let mut failure = Failure::configuration(format!("prompt `{}` can't be rendered", self.id))
            .cause(error.message.clone());
        if let Some(map) = values.as_object() {
            let names: Vec<_> = map.keys().map(String::as_str).collect();
            failure = failure.hint(format!(
                "values given: {}",
                if names.is_empty() { "none".into() } else { names.join(", ") }
            ));
        }
        failure
    }
}

/// Refuses what only Mustache understands, with the way to write it here, what does not compile, filters that do not exist, and
/// marks at what is never cut.
fn check(message: &Message) -> Result<(), (String, String)> {
    let content = message.content.as_str();
    const TAGS: [(&str, &str); 7] = [
        ("{{{", "write {{ name }}: nothing is escaped here"),
        ("{{&", "write {{ name }}: nothing is escaped here"),
        ("{{^", "write {% if not name %} … {% endif %}"),
        ("{{/", "write {% endfor %} or {% endif %}"),
        ("{{>", "partials do not exist here: put the text in place"),
        ("{{!", "write {# a comment #}"),
        ("{{=", "delimiters can't be changed"),
    ];
    if let Some(at) = content.find("{{#") {
        let name: String =
            content[at + 3..].trim_start().chars().take_while(|c| !"} ".contains(*c)).collect();
        return Err((
            format!("`{{{{#{name}}}}}` is a Mustache section"),
            format!(
                "write {{% for item in {name} %}} … {{{{ item.field }}}} … {{% endfor %}} for a list, or {{% if {name} %}} … {{% endif %}}"
            ),
        ));
    }
    for (tag, hint) in TAGS {
        if content.contains(tag) {
            return Err((format!("`{tag}` is a Mustache tag"), hint.to_owned()));
        }
    }
    template::prompt_reads(content).map_err(|error| {
        (error.message, "templates are MiniJinja: {{ name }}, {% if %}, {% for %}".to_owned())
    })?;
    let filters = template::filters(content);
    if let Some(name) = filters.unknown.first() {
        return Err((
            format!("there is no filter or test `{name}`"),
            "the filters are those of MiniJinja, and shrink".to_owned(),
        ));
    }
    if let Some(word) = filters.shrinks.iter().flatten().find(|word| template::how(word).is_none()) {
        return Err((format!("`shrink` knows no way `{word}`"), format!("it can be {}", template::HOWS)));
    }
    if message.role == Role::System && !filters.shrinks.is_empty() {
        return Err((
            "`shrink` in a system message: instructions are never cut".to_owned(),
            "show what may be cut in a user message".to_owned(),
        ));
    }
    if !message.shrinkable.is_empty() {
        return Err((
            "`shrinkable` can't be given: it follows from the template".to_owned(),
            format!("mark values with {{{{ name | shrink(\"…\") }}}}: {}", template::HOWS),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::message::{Shrink, Shrinkable};

    const FILE: &str = r#"[{"id": "fixprompt", "prompts": [
        {"role": "system", "content": "Fix it."},
        {"role": "user", "content": "{{messageText}}\n```\n{{ affectedCode }}\n```"}]}]"#;

    #[test]
    fn the_original_form_is_read_and_rendered() {
        let prompts = Prompt::read_file(FILE, "prompt.json").unwrap();
        assert_eq!(prompts[0].variables(), ["affectedCode", "messageText"]);
        let messages = prompts[0].render(&json!({"messageText": "{{ x }}", "affectedCode": "a"})).unwrap();
        assert_eq!(messages[1].content, "{{ x }}\n```\na\n```");
    }

    #[test]
    fn a_missing_value_is_named() {
        let prompts = Prompt::read_file(FILE, "prompt.json").unwrap();
        let failure = prompts[0].render(&json!({"affectedCode": "a"})).unwrap_err();
        assert!(failure.to_string().contains("messageText"), "{failure}");
        assert_eq!(failure.hints, ["values given: affectedCode"]);
    }

    #[test]
    fn mustache_only_tags_get_an_error_that_says_how_to_write_it() {
        let text =
            r##"[{"id": "x", "prompts": [{"role": "user", "content": "{{#Updates}}a{{/Updates}}"}]}]"##;
        let failure = Prompt::read_file(text, "prompt.json").unwrap_err();
        assert!(failure.message.contains("{{#Updates}}"), "{failure}");
        assert!(failure.hints[0].contains("{% for item in Updates %}"), "{:?}", failure.hints);
    }

    #[test]
    fn what_may_be_cut_is_marked_in_the_messages() {
        let text = "- id: x\n  prompts: [{role: user, content: 'log: {{ log | shrink(\"head_tail\") }}.'}]";
        let messages = Prompt::read_file(text, "p.yml").unwrap()[0].render(&json!({"log": "a\nb"})).unwrap();
        assert_eq!(messages[0].content, "log: a\nb.");
        assert_eq!(messages[0].shrinkable, [Shrinkable { start: 5, end: 8, how: Shrink::HeadTail }]);
    }

    #[test]
    fn marks_that_can_not_be_are_refused() {
        for (message, problem) in [
            (
                r#"{"role": "user", "content": "{{ a | shrink('middle') }}"}"#,
                "`shrink` knows no way `middle`",
            ),
            (r#"{"role": "system", "content": "{{ a | shrink('head') }}"}"#, "instructions are never cut"),
            (r#"{"role": "user", "content": "{{ a | shrnk('head') }}"}"#, "no filter or test `shrnk`"),
            (
                r#"{"role": "user", "content": "abc", "shrinkable": [{"start": 0, "end": 9, "how": "head"}]}"#,
                "`shrinkable` can't be given",
            ),
        ] {
            let text = format!(r#"[{{"id": "x", "prompts": [{message}]}}]"#);
            let failure = Prompt::read_file(&text, "p.json").unwrap_err();
            assert!(failure.message.contains(problem), "{message}: {failure}");
        }
    }

    #[test]
    fn a_file_of_another_form_is_refused() {
        let failure = Prompt::read_file("{\"id\": 1}", "prompt.json").unwrap_err();
        assert!(failure.message.contains("prompt.json"), "{failure}");
    }
}
