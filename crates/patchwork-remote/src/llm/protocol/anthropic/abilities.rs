//! What models of the Claude family take, by their version: names change every month, the rules change with versions.

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

/// `(4, 5)` for `claude-sonnet-4-5-20250929`, `claude-4.5-sonnet` and `claude-sonnet-4-5@20250929`.
fn version(model: &str) -> Option<(u32, u32)> {
    let number = |word: &str| word.parse().ok().filter(|_| word.len() <= 2);
    let mut words = model.split(['-', '.', '@', '/', ':', '_']);
    let major = words.find_map(number)?;
    Some((major, words.next().and_then(number).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_every_way_to_write_a_name() {
        for (name, expected) in [
            ("claude-sonnet-4-5-20250929", Some((4, 5))),
            ("claude-sonnet-4-5@20250929", Some((4, 5))),
            ("anthropic/claude-sonnet-4.5", Some((4, 5))),
            ("claude-opus-4-20250514", Some((4, 0))),
            ("claude-3-7-sonnet-latest", Some((3, 7))),
            ("claude-3-haiku-20240307", Some((3, 0))),
            ("claude-opus-5", Some((5, 0))),
            ("claude-haiku-5-5", Some((5, 5))),
            ("claude-instant-1.2", Some((1, 2))),
            ("claude-mythos-preview", None),
        ] {
            assert_eq!(version(name), expected, "{name}");
        }
    }

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
