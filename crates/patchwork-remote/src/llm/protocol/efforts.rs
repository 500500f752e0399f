//! How much to think, in what a model knows.

use super::Trouble;
use crate::llm::catalog::{Effort, Quirks};

/// What models know that nothing else is known of.
const USUAL: [Effort; 3] = [Effort::Low, Effort::Medium, Effort::High];

/// An effort that the model knows. `minimal`, which means as little as it can, is its least for a model without that word.
pub(in crate::llm) fn known(effort: Effort, quirks: &Quirks) -> Result<Effort, Trouble> {
    let known = quirks.efforts.as_deref().unwrap_or(&USUAL);
    if known.contains(&effort) {
        return Ok(effort);
    }
    let least = known.iter().filter(|known| **known > Effort::None).min();
    match (effort, least) {
        (Effort::Minimal, Some(least)) => Ok(*least),
        _ => {
            let words: Vec<_> = known.iter().map(|effort| effort.word()).collect();
            let what = format!("it knows no `reasoning_effort` of `{}`", effort.word());
            Err(Trouble::unsupported(what).hint(format!("use {}", words.join(", "))))
        }
    }
}

/// Tokens of thought for an effort, where thoughts count as output: the limit on the answer holds for both together.
pub(in crate::llm) fn budget(effort: Effort, max_tokens: u32) -> u32 {
    match effort {
        Effort::None => 0,
        Effort::Minimal | Effort::Low => max_tokens / 5,
        Effort::Medium => max_tokens / 2,
        Effort::High | Effort::Xhigh | Effort::Max => max_tokens / 5 * 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effort_is_one_that_the_model_knows() {
        let quirks = |efforts: &[Effort]| Quirks { efforts: Some(efforts.to_vec()), ..Quirks::default() };
        let few = quirks(&[Effort::None, Effort::Medium, Effort::High]);
        assert_eq!(known(Effort::High, &few).unwrap(), Effort::High);
        assert_eq!(known(Effort::Minimal, &few).unwrap(), Effort::Medium, "the least that is thinking");
        assert_eq!(known(Effort::Minimal, &Quirks::default()).unwrap(), Effort::Low);
        let trouble = known(Effort::Low, &few).unwrap_err();
        assert!(trouble.problem.contains("`low`"), "{trouble:?}");
        assert_eq!(trouble.hint.as_deref(), Some("use none, medium, high"));
        assert!(known(Effort::Minimal, &quirks(&[])).is_err());
    }
}
