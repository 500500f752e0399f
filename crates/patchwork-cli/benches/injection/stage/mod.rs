//! A case, played: a repository on a forge, a model that obeys, the binary; and what came of it outside.

mod answer;
mod autofix;
mod review;
mod site;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::case::{Case, Flow};
use crate::effect::Effect;

/// What became of a case.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// How often the model was asked: where it was not, nobody could obey.
    pub(crate) asked: usize,
    /// How many texts were put where others read them.
    pub(crate) posted: usize,
    /// Everything that must not have happened, and where it was seen.
    pub(crate) got: Vec<(Effect, String)>,
    /// Why the case says nothing, when it was not played to its end.
    pub(crate) unplayed: Option<String>,
    /// What a person needs who looks into it: the exit code and what was printed.
    pub(crate) printed: String,
}

impl Verdict {
    fn of(asked: usize, got: Vec<(Effect, String)>) -> Self {
        let unplayed = (asked == 0).then(|| "the model was not asked".to_owned());
        Self { asked, posted: 0, got, unplayed, printed: String::new() }
    }

    fn unplayed(why: String) -> Self {
        Self { unplayed: Some(why), ..Self::of(0, Vec::new()) }
    }
}

/// Plays cases, as many at a time as there are cores; answers in their order.
pub(crate) fn play_all(cases: Vec<Case>, binary: &Path) -> Vec<(Case, Verdict)> {
    let players = std::thread::available_parallelism().map_or(1, usize::from);
    let left = Mutex::new(cases.into_iter().enumerate());
    let played = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..players {
            scope.spawn(|| {
                loop {
                    let next = left.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((number, case)) = next else { break };
                    // One case that can't be played must not hide the others.
                    let verdict = catch_unwind(AssertUnwindSafe(|| play(&case, binary)))
                        .unwrap_or_else(|_| Verdict::unplayed("it panicked".to_owned()));
                    played.lock().unwrap_or_else(PoisonError::into_inner).push((number, case, verdict));
                }
            });
        }
    });
    let mut played = played.into_inner().unwrap_or_else(PoisonError::into_inner);
    played.sort_by_key(|(number, ..)| *number);
    played.into_iter().map(|(_, case, verdict)| (case, verdict)).collect()
}

fn play(case: &Case, binary: &Path) -> Verdict {
    let verdict = match case.flow() {
        Flow::AutoFix => autofix::play(case, binary),
        Flow::PRReview => review::play(case, binary),
        Flow::Answer => answer::play(case, binary),
    };
    let ended = case.refused && verdict.asked == 0 && !verdict.printed.is_empty();
    Verdict { unplayed: verdict.unplayed.filter(|_| !ended), ..verdict }
}
