//! Changes that hold one by one, built and tested together; bisection finds those that do not hold with the others.

use patchwork_core::port::trial::Change;
use patchwork_core::step::{Context, StepError};

use super::{Judgement, Ladder, Seen};

/// Which of several changes hold together.
#[derive(Debug, Default)]
pub struct Together {
    /// The positions of those that do not hold with the ones before them, and what was seen.
    pub left_out: Vec<(usize, Seen)>,
    /// What was seen of the others together; none when there was no need to look.
    pub judgement: Option<Judgement>,
}

impl Ladder {
    /// Finds out which of so many changes hold together, each of which holds alone. `changes_of` makes the changes of some of
    /// them, given by position; `fails` is what speaks against them.
    pub async fn together(
        &self,
        ctx: &Context,
        count: usize,
        changes_of: impl Fn(&[usize]) -> Result<Vec<Change>, StepError>,
        fails: impl Fn(&Judgement) -> Option<&Seen>,
    ) -> Result<Together, StepError> {
        let mut all: Vec<usize> = (0..count).collect();
        let mut out = Together::default();
        while all.len() > 1 {
            let judgement = self.judge(ctx, &changes_of(&all)?).await?;
            let Some(mut seen) = fails(&judgement).cloned() else {
                out.judgement = Some(judgement);
                return Ok(out);
            };
            // The first `holding` of them hold, the first `failing` do not.
            let (mut holding, mut failing) = (1, all.len());
            while failing - holding > 1 {
                let middle = holding + (failing - holding) / 2;
                let first = all.get(..middle).unwrap_or_default();
                match fails(&self.judge(ctx, &changes_of(first)?).await?) {
                    Some(worse) => (failing, seen) = (middle, worse.clone()),
                    None => holding = middle,
                }
            }
            out.left_out.push((all.remove(failing - 1), seen));
        }
        Ok(out)
    }
}
