//! What `.gitattributes` says about files: generated, vendored, or neither.

use globset::{GlobBuilder, GlobMatcher};

/// Lines that are read.
const MOST: usize = 2_000;

/// What is said about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Nothing,
    Generated,
    Vendored,
    /// That it is neither, whatever it looks like.
    OurOwn,
}

/// The lines of the file that matter here.
#[derive(Debug, Clone, Default)]
pub(super) struct Attributes {
    lines: Vec<(GlobMatcher, Option<bool>, Option<bool>)>,
}

impl Attributes {
    pub(super) fn read(text: &str) -> Self {
        Self { lines: text.lines().take(MOST).filter_map(line).collect() }
    }

    /// Of several lines the last decides, each attribute for itself.
    pub(super) fn of(&self, path: &str) -> Said {
        let (mut generated, mut vendored) = (None, None);
        for (glob, is_generated, is_vendored) in &self.lines {
            if glob.is_match(path) {
                generated = is_generated.or(generated);
                vendored = is_vendored.or(vendored);
            }
        }
        match (generated, vendored) {
            (Some(true), _) => Said::Generated,
            (_, Some(true)) => Said::Vendored,
            (Some(false), _) | (_, Some(false)) => Said::OurOwn,
            (None, None) => Said::Nothing,
        }
    }
}

fn line(text: &str) -> Option<(GlobMatcher, Option<bool>, Option<bool>)> {
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return None;
    }
    let mut words = text.split_whitespace();
    let pattern = words.next()?.trim_matches('"');
    let (mut generated, mut vendored) = (None, None);
    for word in words {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, !matches!(value, "false" | "0")),
            None => (word.trim_start_matches(['-', '!']), !word.starts_with(['-', '!'])),
        };
        match name {
            "linguist-generated" | "gitlab-generated" => generated = Some(value),
            "linguist-vendored" => vendored = Some(value),
            _ => {}
        }
    }
    if generated.is_none() && vendored.is_none() {
        return None;
    }
    let anchored = pattern.trim_end_matches('/').contains('/');
    let bare = pattern.trim_start_matches('/');
    let form = if anchored { bare.to_owned() } else { format!("**/{bare}") };
    let glob = GlobBuilder::new(&form).literal_separator(true).build().ok()?;
    Some((glob.compile_matcher(), generated, vendored))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_decides_each_attribute_for_itself() {
        let attributes = Attributes::read(
            "# c\n*.pb.go linguist-generated\n/api/** linguist-generated=true\napi/own.go -linguist-generated\n\
             third/** linguist-vendored text\n*.x text=auto\n[ linguist-generated\n",
        );
        for (path, said) in [
            ("a/b.pb.go", Said::Generated),
            ("api/x/y.go", Said::Generated),
            ("lib/api/y.go", Said::Nothing),
            ("api/own.go", Said::OurOwn),
            ("third/a.c", Said::Vendored),
            ("a.x", Said::Nothing),
        ] {
            assert_eq!(attributes.of(path), said, "{path}");
        }
    }
}
