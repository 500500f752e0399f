//! `PreparePrompt`: renders a prompt over a list of values.

use std::path::Path;

use async_trait::async_trait;
use patchwork_core::failure::nearest;
use patchwork_core::message::Message;
use patchwork_core::prompt::Prompt;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Renders a prompt once for each of a list of values.
pub struct PreparePrompt;

/// Renders a prompt once for each of a list of values.
///
/// The prompt comes from `prompt_template` when that is given, else it is the one called `prompt_id` in
/// `prompt_template_file`, else the one called `prompt_id` among the prompts of the patchflow.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreparePromptInput {
    /// Which prompt and which values.
    #[serde(flatten)]
    pub prompt: PromptOptions,
}

/// Which prompt is rendered over which values.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct PromptOptions {
    /// A JSON or YAML file with prompts: a list of `{"id", "prompts": [{"role", "content"}]}`. A relative path starts
    /// at the root of the repository.
    #[serde(default)]
    pub prompt_template_file: Option<String>,
    /// Which prompt of the file, or of the patchflow.
    #[serde(default)]
    pub prompt_id: Option<String>,
    /// The messages themselves, in place of a file and an id.
    #[serde(default)]
    pub prompt_template: Option<Vec<Message>>,
    /// The variables of each prompt: one prompt is made for each object. Next to its own names each has `fence`, a run of
    /// backticks longer than any in its values, to put code between.
    #[serde(default)]
    pub prompt_values: Option<Vec<Map<String, Value>>>,
    /// A JSON or YAML file with the list of values, when `prompt_values` is absent. A relative path starts at the root of
    /// the repository.
    #[serde(default)]
    pub prompt_value_file: Option<String>,
}

/// The prompts.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct PreparePromptOutput {
    /// One conversation for each value, in their order.
    pub prompts: Vec<Vec<Message>>,
}

#[async_trait]
impl Step for PreparePrompt {
    type Input = PreparePromptInput;
    type Output = PreparePromptOutput;

    const ID: &'static str = "PreparePrompt";
    // Not pure even when no file is named: prompts that depend on a file must be in the journal, or a resumed run
    // could pay for other ones.
    const EFFECTS: Effects = Effects::READS_CHECKOUT;

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let prompts = prepare(ctx, &input.prompt).await?;
        if prompts.is_empty() {
            ctx.skip("there are no values to make a prompt of");
        }
        Ok(PreparePromptOutput { prompts })
    }
}

/// The prompts of these options; none when there are no values.
pub(super) async fn prepare(ctx: &Context, options: &PromptOptions) -> Result<Vec<Vec<Message>>, StepError> {
    let prompt = find_prompt(ctx, options).await?;
    let from_file;
    let values = match (&options.prompt_values, &options.prompt_value_file) {
        (Some(values), _) => values,
        (None, Some(path)) => {
            from_file = read_values(ctx, path).await?;
            &from_file
        }
        (None, None) => {
            return Err(StepError::input(
                "prompt_values",
                "nothing given: expected a list of objects here, or a file in `prompt_value_file`",
            ));
        }
    };
    let render = |value| {
        let mut messages = prompt.render(&with_fence(value))?;
        ctx.mask_prompt(&mut messages);
        Ok(messages)
    };
    values.iter().map(render).collect()
}

async fn find_prompt(ctx: &Context, options: &PromptOptions) -> Result<Prompt, StepError> {
    if let Some(messages) = &options.prompt_template {
        // By way of the reader of files, so that an inline prompt is checked like any other.
        let id = options.prompt_id.clone().unwrap_or_else(|| "prompt_template".to_owned());
        let prompt = Prompt { id, prompts: messages.clone() };
        prompt.check("`prompt_template`")?;
        return Ok(prompt);
    }
    let Some(id) = &options.prompt_id else {
        return Err(StepError::input(
            "prompt_id",
            "nothing given: expected the id of a prompt, or messages in `prompt_template`",
        ));
    };
    let Some(path) = &options.prompt_template_file else {
        return ctx
            .prompt(id)
            .cloned()
            .ok_or_else(|| unknown_prompt(id, "this patchflow", &ctx.prompt_ids()));
    };
    let text = read(ctx, "prompt_template_file", path).await?;
    let prompts = Prompt::read_file(&text, path)?;
    let ids: Vec<&str> = prompts.iter().map(|prompt| prompt.id.as_str()).collect();
    prompts.iter().find(|prompt| prompt.id == *id).cloned().ok_or_else(|| unknown_prompt(id, path, &ids))
}

fn unknown_prompt(id: &str, place: &str, known: &[&str]) -> StepError {
    let mut problem = format!("{place} has no prompt `{id}`");
    match (nearest(id, known.iter().copied()), known) {
        (Some(near), _) => problem.push_str(&format!(": did you mean `{near}`?")),
        (None, []) => problem.push_str(", nor any other"),
        (None, _) => problem.push_str(&format!(": it has {}", known.join(", "))),
    }
    StepError::input("prompt_id", problem)
}

async fn read_values(ctx: &Context, path: &str) -> Result<Vec<Map<String, Value>>, StepError> {
    let text = read(ctx, "prompt_value_file", path).await?;
    serde_saphyr::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
        StepError::input(
            "prompt_value_file",
            format!("{path} is not a list of objects: {}", error.to_string().trim()),
        )
    })
}

/// Reads a text file that an option names: by its absolute path, or inside the checkout.
pub(super) async fn read(ctx: &Context, field: &str, path: &str) -> Result<String, StepError> {
    if Path::new(path).is_absolute() {
        // On another machine, where the run may be replayed, it is not there.
        return ctx.read_outside("text", &(field, path), read_at(Path::new(path), field, path)).await;
    }
    let place = ctx.root()?.join(ctx.checkout()?.resolve(path)?);
    read_at(&place, field, path).await
}

async fn read_at(place: &Path, field: &str, path: &str) -> Result<String, StepError> {
    tokio::fs::read_to_string(place)
        .await
        .map_err(|error| StepError::input(field, format!("can't read {path}: {error}")))
}

/// The value with `fence` added, unless it brings its own.
fn with_fence(value: &Map<String, Value>) -> Value {
    let mut value = value.clone();
    if !value.contains_key("fence") {
        let longest = value.values().map(longest_run).max().unwrap_or(0);
        value.insert("fence".to_owned(), Value::String("`".repeat(longest.max(2) + 1)));
    }
    Value::Object(value)
}

/// The longest run of backticks in any text of a value.
fn longest_run(value: &Value) -> usize {
    match value {
        Value::String(text) => text.split(|c| c != '`').map(str::len).max().unwrap_or(0),
        Value::Array(items) => items.iter().map(longest_run).max().unwrap_or(0),
        Value::Object(map) => map.values().map(longest_run).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use patchwork_testkit::context::TestContext;
    use serde_json::json;

    use super::*;

    fn fixprompt() -> Prompt {
        let text = r#"[{"id": "fixprompt", "prompts": [{"role": "user", "content": "{{ fence }}\n{{ code }}\n{{ fence }}"}]}]"#;
        Prompt::read_file(text, "prompts.yml").unwrap().remove(0)
    }

    async fn prepare(input: Value) -> Result<Vec<String>, String> {
        let test = TestContext::new().prompt(fixprompt());
        let (out, _) = test.run_json(PreparePrompt, input).await.map_err(|e| e.into_failure().to_string())?;
        let prompts = out["prompts"].as_array().unwrap();
        Ok(prompts.iter().map(|prompt| prompt[0]["content"].as_str().unwrap().to_owned()).collect())
    }

    #[tokio::test]
    async fn a_prompt_is_rendered_for_each_value_between_fences_that_are_long_enough() {
        let values = json!([{"code": "a"}, {"code": "x = '````'"}, {"code": "{{ name }}", "fence": "~~~"}]);
        let texts = prepare(json!({"prompt_id": "fixprompt", "prompt_values": values})).await.unwrap();
        assert_eq!(texts, ["```\na\n```", "`````\nx = '````'\n`````", "~~~\n{{ name }}\n~~~"]);
    }

    #[tokio::test]
    async fn prompts_and_values_come_from_files_too() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let prompts =
            file("p.yml", "- id: mine\n  prompts:\n    - role: user\n      content: \"{{ a }}!\"\n");
        let values = file("v.json", "[{\"a\": 1}]");
        let input =
            |id: &str| json!({"prompt_template_file": prompts, "prompt_id": id, "prompt_value_file": values});
        assert_eq!(prepare(input("mine")).await.unwrap(), ["1!"]);
        let error = prepare(input("mien")).await.unwrap_err();
        assert!(error.contains("has no prompt `mien`: did you mean `mine`?"), "{error}");
        let broken = file("b.json", "{\"a\": 1}");
        let input = json!({"prompt_id": "fixprompt", "prompt_value_file": broken});
        let error = prepare(input).await.unwrap_err();
        assert!(error.contains("b.json is not a list of objects"), "{error}");
    }

    #[tokio::test]
    async fn what_is_wrong_is_named() {
        for (input, expected) in [
            (json!({"prompt_id": "fixpromt", "prompt_values": []}), "did you mean `fixprompt`?"),
            (json!({"prompt_values": []}), "`prompt_id`"),
            (json!({"prompt_id": "fixprompt"}), "`prompt_values`"),
            (json!({"prompt_id": "fixprompt", "prompt_values": [{"cod": "a"}]}), "code"),
            (
                json!({"prompt_id": "x", "prompt_template_file": "/none.json", "prompt_values": []}),
                "/none.json",
            ),
            (
                json!({"prompt_template": [{"role": "user", "content": "{{#a}}"}], "prompt_values": []}),
                "Mustache",
            ),
        ] {
            let error = prepare(input.clone()).await.unwrap_err();
            assert!(error.contains(expected), "{input}: {error}");
        }
    }

    #[tokio::test]
    async fn no_values_are_no_prompts() {
        let test = TestContext::new().prompt(fixprompt());
        let input = json!({"prompt_id": "fixprompt", "prompt_values": []});
        let (_, skipped) = test.run_json(PreparePrompt, input).await.unwrap();
        assert_eq!(skipped.as_deref(), Some("there are no values to make a prompt of"));
    }
}
