//! Words of a server, made fit to show: one short line without keys and without the prompt.

use patchwork_core::secret::{MASK, Secret};
use serde_json::Value;

/// Characters of a server's message that are shown.
const SHOWN: usize = 300;
/// Characters of a server's message that are looked at.
const LOOKED_AT: usize = 2_000;
/// A run of so many characters that is in the prompt too is an echo of the prompt.
const ECHO: usize = 24;
/// Shorter keys are not keys but placeholders (`x`, `none`) for servers that want none.
const SHORTEST_KEY: usize = 6;

/// What a server said, as one line of at most 300 characters, without `keys` and without echoes of `prompt`.
pub(super) fn clean<'a>(
    text: &str,
    keys: impl IntoIterator<Item = &'a Secret>,
    prompt: impl IntoIterator<Item = &'a str>,
) -> String {
    let mut line = one_line(text);
    for key in keys.into_iter().map(|key| key.expose().trim()).filter(|key| key.len() >= SHORTEST_KEY) {
        if line.contains(key) {
            line = line.replace(key, MASK);
        }
    }
    let mut line: Vec<char> = line.chars().take(LOOKED_AT).collect();
    for part in prompt {
        line = without_echo(&line, &one_line(part));
    }
    if line.len() > SHOWN {
        line.truncate(SHOWN - 1);
        line.push('…');
    }
    line.into_iter().collect()
}

/// Control characters and runs of white space become one space.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(LOOKED_AT * 4));
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// `line` with every run that is in `prompt` too replaced by an ellipsis.
fn without_echo(line: &[char], prompt: &str) -> Vec<char> {
    let mut echoed = vec![false; line.len()];
    for (start, window) in line.windows(ECHO).enumerate() {
        if prompt.contains(&window.iter().collect::<String>()) {
            echoed.iter_mut().skip(start).take(ECHO).for_each(|mark| *mark = true);
        }
    }
    let mut out = Vec::with_capacity(line.len());
    for (&c, echo) in line.iter().zip(echoed) {
        if !echo {
            out.push(c);
        } else if out.last() != Some(&'…') {
            out.push('…');
        }
    }
    out
}

/// The sentence in an error body: where the vendors put it, else the title of an HTML page, else the body itself.
pub(super) fn message_of(body: &str) -> String {
    if let Ok(json) = serde_json::from_str::<Value>(body) {
        return message_in(&json).unwrap_or_else(|| body.to_owned());
    }
    title_of(body).unwrap_or(body).to_owned()
}

/// [`message_of`] for JSON that is read already; nothing when it holds no message.
pub(super) fn message_in(json: &Value) -> Option<String> {
    let json = json.get(0).unwrap_or(json);
    ["/error/message", "/error", "/message", "/detail", "/detail/0/msg", "/errors/0/message"]
        .iter()
        .filter_map(|pointer| json.pointer(pointer)?.as_str())
        .find(|message| !message.trim().is_empty())
        .map(str::to_owned)
}

fn title_of(html: &str) -> Option<&str> {
    let (_, rest) = html.split_once("<title>")?;
    rest.split_once("</title>").map(|(title, _)| title)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [&str; 0] = [];

    #[test]
    fn it_is_one_short_line() {
        assert_eq!(clean("a\n\tb\u{1b}[31m c\r\n", [], NONE), "a b [31m c");
        let long = clean(&"wörd ".repeat(200), [], NONE);
        assert_eq!(long.chars().count(), SHOWN);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn keys_and_echoes_of_the_prompt_are_masked() {
        let key = Secret::new(" sk-very-secret\n");
        let placeholder = Secret::new("e");
        let keys = [&key, &placeholder];
        assert_eq!(clean("bad key sk-very-secret given", keys, NONE), "bad key *** given");
        let prompt = "first line\npassword = 'correct horse battery staple'\nlast line";
        let said = "invalid content: 'first line\\npassword = 'correct horse battery staple'' at messages.0";
        let shown = clean(said, keys, [prompt]);
        assert!(!shown.contains("horse"), "{shown}");
        assert!(shown.starts_with("invalid content: ") && shown.ends_with(" at messages.0"), "{shown}");
    }

    #[test]
    fn the_message_is_found_where_servers_put_it() {
        for (body, message) in [
            (r#"{"error":{"message":"no credit","type":"x"}}"#, "no credit"),
            (r#"{"type":"error","error":{"type":"x","message":"no credit"}}"#, "no credit"),
            (r#"[{"error":{"code":400,"message":"no credit"}}]"#, "no credit"),
            (r#"{"error":"no credit"}"#, "no credit"),
            (r#"{"detail":[{"msg":"no credit"}]}"#, "no credit"),
            ("<html><head><title>502 Bad Gateway</title></head>", "502 Bad Gateway"),
            ("upstream gone", "upstream gone"),
            ("{}", "{}"),
            ("", ""),
        ] {
            assert_eq!(message_of(body), message, "{body}");
        }
    }
}
