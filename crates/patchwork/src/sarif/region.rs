//! Where in a file a result is.

use serde_json::Value;

/// Lines and columns, 1-based, whole and in order whatever the log says.
pub(super) struct Region {
    pub(super) start_line: u32,
    pub(super) start_column: u32,
    pub(super) end_line: u32,
    pub(super) end_column: u32,
}

impl Region {
    /// What a `region` says; `text` gives that of the whole file, for regions that count characters from its beginning.
    pub(super) fn of(region: &Value, text: impl Fn() -> Option<String>) -> Self {
        if region["startLine"].is_null()
            && let Some(offset) = region["charOffset"].as_u64()
            && let Some(text) = text()
        {
            return Self::at_offset(&text, offset, region["charLength"].as_u64().unwrap_or(0));
        }
        let number = |key: &str| {
            let value = &region[key];
            let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
            // `as` saturates, and 0 or less counts as missing.
            (number >= 1.0).then_some(number as u32)
        };
        let start_line = number("startLine").unwrap_or(1);
        let mut end_line = number("endLine").unwrap_or(start_line).max(start_line);
        // A region that ends before the first column of a line has nothing of that line.
        if end_line > start_line && number("endColumn") == Some(1) {
            end_line -= 1;
        }
        Self {
            start_line,
            start_column: number("startColumn").unwrap_or(1),
            end_line,
            end_column: number("endColumn").unwrap_or(0),
        }
    }

    /// By characters from the beginning of the file.
    fn at_offset(text: &str, offset: u64, length: u64) -> Self {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let line_of = |characters: usize| {
            let before = text.chars().take(characters).filter(|c| *c == '\n').count();
            u32::try_from(before).map_or(u32::MAX, |lines| lines.saturating_add(1))
        };
        let start_line = line_of(offset);
        let last = offset.saturating_add(length.saturating_sub(1));
        Self { start_line, start_column: 1, end_line: line_of(last).max(start_line), end_column: 0 }
    }
}
