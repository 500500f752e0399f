//! Globs over paths and branches, without regard to case.

use globset::{Glob, GlobBuilder, GlobMatcher};

use crate::failure::Failure;

/// Globs, each with the text that people know it by.
pub(super) struct Globs(Vec<(String, GlobMatcher)>);

impl Globs {
    /// Globs that match from the root only.
    pub(super) fn rooted(field: &str, globs: &[String]) -> Result<Self, Failure> {
        Self::new(field, globs, false)
    }

    /// Globs that match in every folder, unless they begin with `/`.
    pub(super) fn anywhere(field: &str, globs: &[String]) -> Result<Self, Failure> {
        Self::new(field, globs, true)
    }

    fn new(field: &str, globs: &[String], anywhere: bool) -> Result<Self, Failure> {
        let mut out = Vec::new();
        for text in globs {
            let bare = text.strip_prefix('/');
            let mut forms = vec![bare.unwrap_or(text).to_owned()];
            if anywhere && bare.is_none() {
                forms.push(format!("**/{text}"));
            }
            // A link in the place of a protected folder would be another folder of that name.
            forms.extend(
                forms
                    .clone()
                    .iter()
                    .filter_map(|form| form.strip_suffix("/**"))
                    .map(str::to_owned)
                    .collect::<Vec<_>>(),
            );
            for form in forms {
                out.push((text.clone(), compile(field, text, &form)?.compile_matcher()));
            }
        }
        Ok(Self(out))
    }

    /// The first glob that matches.
    pub(super) fn find(&self, path: &str) -> Option<&str> {
        // Some file systems read these characters as if they were not there.
        let plain: String = path.chars().filter(|c| !crate::effect::reach::is_hidden(*c)).collect();
        self.0.iter().find(|(_, glob)| glob.is_match(&plain)).map(|(text, _)| text.as_str())
    }
}

fn compile(field: &str, text: &str, form: &str) -> Result<Glob, Failure> {
    GlobBuilder::new(form)
        .case_insensitive(true)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|error| {
            Failure::configuration(format!("policy: {field}: {:?} is no glob", text))
                .cause(error.kind().to_string())
        })
}
