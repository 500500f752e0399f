//! What models of the Claude family take, by their version: names change every month, the rules change with versions.

use super::super::version::version;
use crate::llm::catalog::{self, Profile};

/// What a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Abilities {
    /// `temperature` and `top_p` may be set.
    pub(super) sampling: bool,
    /// How it is told how much to think.
    pub(super) thinking: Thinking,
    /// An answer can be bound to a schema (`output_config.format`).
    pub(super) schema: bool,
}

/// How a model is told how much to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thinking {
    /// It does not think.
    Never,
    /// With a number of tokens.
    Budget,
    /// With a word; it decides itself when to think.
    Adaptive,
}

impl Abilities {
    /// The version of a Claude decides. Without one in the name the catalogue does, and where it says nothing either, a Claude
    /// is taken for a new one; what is no Claude takes what the protocol had first, which other servers that speak it know.
    pub(super) fn of(model: &str, profile: &Profile) -> Self {
        let claude = model.contains("claude");
        let Some(version) = version(model).filter(|_| claude) else {
            let thinking = match profile.quirks.thinking {
                Some(catalog::Thinking::Budget) => Thinking::Budget,
                Some(catalog::Thinking::Effort) => Thinking::Adaptive,
                None if claude => Thinking::Adaptive,
                None => Thinking::Budget,
            };
            return Self {
                sampling: profile.abilities.sampling.unwrap_or(!claude),
                thinking,
                schema: profile.abilities.schema.unwrap_or(claude),
            };
        };
        Self {
            sampling: version < (4, 7),
            thinking: match version {
                (0..=2, _) | (3, 0..=6) => Thinking::Never,
                (3, _) | (4, 0..=5) => Thinking::Budget,
                _ => Thinking::Adaptive,
            },
            schema: version >= (4, 5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abilities_follow_from_the_version() {
        let of = |model| {
            let Abilities { sampling, thinking, schema } = Abilities::of(model, &Profile::default());
            (sampling, thinking, schema)
        };
        assert_eq!(of("claude-3-5-sonnet-latest"), (true, Thinking::Never, false));
        assert_eq!(of("claude-opus-4-1"), (true, Thinking::Budget, false));
        assert_eq!(of("claude-haiku-4-5"), (true, Thinking::Budget, true));
        assert_eq!(of("claude-sonnet-4-6"), (true, Thinking::Adaptive, true));
        assert_eq!(of("claude-opus-4-7"), (false, Thinking::Adaptive, true));
        assert_eq!(of("claude-mythos-preview"), (false, Thinking::Adaptive, true));
        assert_eq!(of("some-other-model-2"), (true, Thinking::Budget, false));
    }
}
