//! Which rungs of the ladder a change holds, and which it must hold.

use patchwork_core::evidence::Level;
use patchwork_core::failure::Failure;
use patchwork_core::step::StepError;

use super::ladder::{Judgement, Ladder, Verdict};
use super::options::VerifyOptions;

/// What each rung says about a change that applies and parses; none for a rung that nobody asked about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rungs {
    /// L1.
    pub builds: Option<Verdict>,
    /// L2.
    pub finding_gone: Option<Verdict>,
    /// L3.
    pub tests_pass: Option<Verdict>,
}

impl Rungs {
    /// What the build and the tests say, beside what a scanner says.
    pub fn of(judgement: &Judgement, finding_gone: Option<Verdict>) -> Self {
        Self {
            builds: judgement.build.as_ref().map(|seen| seen.verdict),
            finding_gone,
            tests_pass: judgement.tests.as_ref().map(|seen| seen.verdict),
        }
    }

    /// The highest rung that holds with none below it broken.
    pub fn level(self) -> Level {
        let mut level = Level::L0;
        let rungs = [(self.builds, Level::L1), (self.finding_gone, Level::L2), (self.tests_pass, Level::L3)];
        for (verdict, rung) in rungs {
            match verdict {
                Some(Verdict::Held) => level = rung,
                Some(Verdict::Broken) => break,
                Some(Verdict::Unknown) | None => {}
            }
        }
        level
    }
}

/// The least level that a change must reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// The highest that can be judged: nothing that is judged may be broken.
    Highest,
    /// This one, whatever is broken above it.
    Level(Level),
}

impl Required {
    /// What options ask for. Fails when no change could ever reach it: `ladder` is what was opened by the same options, and
    /// `rescan` whether findings are looked for again.
    pub fn of(options: &VerifyOptions, ladder: Option<&Ladder>, rescan: bool) -> Result<Self, StepError> {
        let Some(least) = options.min_evidence else { return Ok(Self::Highest) };
        if ladder.is_none() && options.runs_commands() {
            // A plan, which runs nothing: what could be reached is not known.
            return Ok(Self::Highest);
        }
        let scanned = if rescan { Level::L2 } else { Level::L0 };
        let highest = ladder.map_or(Level::L0, Ladder::highest).max(scanned);
        if least <= highest {
            return Ok(Self::Level(least));
        }
        let message = format!(
            "`min_evidence` is {least:?} ({}), but the most that can be shown here is {highest:?} ({})",
            least.meaning(),
            highest.meaning()
        );
        let failure = Failure::configuration(message);
        if let Some(why) = ladder.and_then(Ladder::tests_useless).filter(|_| least >= Level::L3) {
            let hint = "mend the tests first, or name some that pass: --test-command";
            return Err(StepError::Failed(
                failure.cause(format!("the tests show nothing: {why}")).hint(hint),
            ));
        }
        let hint = match least {
            Level::L0 => "",
            Level::L1 => "have it built: --verify build, or --build-command",
            Level::L2 => "have findings looked for again: --rescan",
            Level::L3 => "have it tested: --verify tests, or --test-command",
            Level::L4 | Level::L5 => "have a test made for each fix, beside the tests: --evidence-test",
        };
        Err(StepError::Failed(failure.hint(hint)))
    }

    /// Why a change does not reach it; none when it does.
    pub fn missed_by(self, rungs: Rungs) -> Option<String> {
        let level = rungs.level();
        match self {
            Self::Level(least) if level < least => Some(format!(
                "it reached {level:?} ({}), and {least:?} ({}) is required",
                level.meaning(),
                least.meaning()
            )),
            Self::Level(_) => None,
            Self::Highest => {
                let all = [rungs.builds, rungs.finding_gone, rungs.tests_pass];
                all.contains(&Some(Verdict::Broken))
                    .then(|| format!("it reached {level:?} only ({})", level.meaning()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELD: Option<Verdict> = Some(Verdict::Held);
    const BROKEN: Option<Verdict> = Some(Verdict::Broken);
    const UNKNOWN: Option<Verdict> = Some(Verdict::Unknown);

    fn rungs(builds: Option<Verdict>, finding_gone: Option<Verdict>, tests_pass: Option<Verdict>) -> Rungs {
        Rungs { builds, finding_gone, tests_pass }
    }

    #[test]
    fn the_level_is_the_highest_rung_with_none_below_it_broken() {
        for (rungs, level) in [
            (rungs(None, None, None), Level::L0),
            (rungs(HELD, None, None), Level::L1),
            (rungs(None, HELD, None), Level::L2),
            (rungs(None, UNKNOWN, HELD), Level::L3),
            (rungs(UNKNOWN, UNKNOWN, UNKNOWN), Level::L0),
            (rungs(BROKEN, HELD, HELD), Level::L0),
            (rungs(HELD, HELD, BROKEN), Level::L2),
        ] {
            assert_eq!(rungs.level(), level, "{rungs:?}");
        }
    }

    #[test]
    fn what_is_required_decides() {
        assert_eq!(Required::Highest.missed_by(rungs(UNKNOWN, UNKNOWN, UNKNOWN)), None);
        assert!(Required::Highest.missed_by(rungs(HELD, HELD, BROKEN)).is_some());
        assert_eq!(Required::Level(Level::L1).missed_by(rungs(HELD, HELD, BROKEN)), None);
        assert_eq!(
            Required::Level(Level::L3).missed_by(rungs(HELD, HELD, UNKNOWN)).as_deref(),
            Some("it reached L2 (finding gone, no new one), and L3 (tests pass) is required")
        );
    }
}
