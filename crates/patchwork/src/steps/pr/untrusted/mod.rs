//! Text from models and repositories, made fit for places where text can give orders: pull requests and commits.

pub(super) mod commit;
pub(crate) mod markdown;

pub(crate) use patchwork_core::effect::reach::is_hidden;

/// The text without characters that change how others are read: control characters, and those that hide text or turn its
/// direction. Line ends become `\n`, tabs spaces.
pub(crate) fn visible(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .filter_map(|c| match c {
            '\n' => Some('\n'),
            '\r' | '\u{2028}' | '\u{2029}' | '\u{85}' => Some('\n'),
            '\t' => Some(' '),
            c if c.is_control() || is_hidden(c) => None,
            c => Some(c),
        })
        .collect()
}

/// The first `limit` characters, with `…` in place of what follows.
fn shortened(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
    }
}
