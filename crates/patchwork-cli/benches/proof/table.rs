//! The figures: what was let through at each level, by language and by kind.

use std::collections::BTreeMap;
use std::fmt;

use patchwork_core::evidence::Level;

use super::case::{Case, KINDS, RIGHT};
use super::judge::Ending;

/// Levels that the corpus asks about. Its projects are built by their tests: L1 would say nothing of its own.
const LEVELS: [Level; 5] = [Level::L0, Level::L2, Level::L3, Level::L4, Level::L5];

/// The share of wrong fixes below which a level must stay.
const LIMITS: [(Level, f64); 2] = [(Level::L3, 0.25), (Level::L5, 0.05)];

/// Languages that a complete run covers.
const LANGUAGES: usize = 5;

/// Characters of a reason.
const MAX_WHY: usize = 150;

/// What became of the corpus.
#[derive(Default)]
pub(crate) struct Table {
    /// By case.
    judged: BTreeMap<String, (Case, Vec<Ending>)>,
    /// Cases whose programs are not here, by program.
    left_out: BTreeMap<String, usize>,
    /// Why cases could not be judged.
    failed: Vec<String>,
}

impl Table {
    /// What became of a case.
    pub(crate) fn add(&mut self, case: Case, judged: Result<Vec<Ending>, String>) {
        match judged {
            Ok(endings) => {
                self.judged.insert(case.name.clone(), (case, endings));
            }
            Err(why) => self.failed.push(why),
        }
    }

    /// A case that was not judged, since this machine lacks a program.
    pub(crate) fn leave_out(&mut self, program: &str) {
        *self.left_out.entry(program.to_owned()).or_default() += 1;
    }

    /// Whether every limit is held and every right fix reached the top.
    pub(crate) fn is_held(&self) -> bool {
        let held = LIMITS.iter().all(|(level, limit)| share(&self.wrong(), *level) < *limit);
        held && self.failed.is_empty() && self.refused().next().is_none()
    }

    fn all(&self) -> impl Iterator<Item = (&Case, &Ending)> {
        self.judged.values().flat_map(|(case, endings)| endings.iter().map(move |ending| (case, ending)))
    }

    fn wrong(&self) -> Vec<&Ending> {
        self.all().map(|(_, ending)| ending).filter(|ending| ending.fix != RIGHT).collect()
    }

    /// Right fixes that did not reach the top.
    fn refused(&self) -> impl Iterator<Item = (&Case, &Ending)> {
        self.all().filter(|(_, ending)| ending.fix == RIGHT && ending.level != Some(Level::L5))
    }

    fn languages(&self) -> Vec<&str> {
        let mut languages: Vec<&str> = self.judged.values().map(|(case, _)| case.language()).collect();
        languages.sort_unstable();
        languages.dedup();
        languages
    }

    fn group(&self, f: &mut fmt::Formatter<'_>, name: &str, wrong: &[&Ending]) -> fmt::Result {
        write!(f, "  {name:<12}{:>6}", wrong.len())?;
        for level in LEVELS {
            write!(f, "{:>6}", through(wrong, level))?;
        }
        writeln!(f, "{:>10.1} %{:>8.1} %", share(wrong, Level::L3) * 100.0, share(wrong, Level::L5) * 100.0)
    }
}

fn through(wrong: &[&Ending], level: Level) -> usize {
    wrong.iter().filter(|ending| ending.level >= Some(level)).count()
}

/// The share that is let through at a level.
fn share(wrong: &[&Ending], level: Level) -> f64 {
    if wrong.is_empty() { 0.0 } else { through(wrong, level) as f64 / wrong.len() as f64 }
}

fn brief(why: &str) -> String {
    why.lines().next().unwrap_or_default().chars().take(MAX_WHY).collect()
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wrong = self.wrong();
        let languages = self.languages();
        let rights = self.all().count() - wrong.len();
        writeln!(
            f,
            "{} cases in {} languages, {rights} right fixes, {} wrong ones",
            self.judged.len(),
            languages.len(),
            wrong.len()
        )?;
        for (program, cases) in &self.left_out {
            writeln!(f, "{cases} cases are left out: there is no `{program}`")?;
        }
        let complete = languages.len() >= LANGUAGES && self.left_out.is_empty();
        writeln!(f, "{}\n", if complete { "complete" } else { "not complete" })?;
        writeln!(f, "wrong fixes let through, if the ladder ended at")?;
        for level in LEVELS {
            let (through, share) = (through(&wrong, level), share(&wrong, level));
            write!(f, "  {level:?}  {:<40}{through:>4}{:>8.1} %", level.meaning(), share * 100.0)?;
            if let Some((_, limit)) = LIMITS.iter().find(|(known, _)| *known == level) {
                let verdict = if share < *limit { "held" } else { "NOT HELD" };
                write!(f, "   under {:.0} %: {verdict}", limit * 100.0)?;
            }
            writeln!(f)?;
        }
        let refused: Vec<(&Case, &Ending)> = self.refused().collect();
        let verdict = if refused.is_empty() { "held" } else { "NOT HELD" };
        writeln!(f, "right fixes that do not reach L5: {} of {rights}   none: {verdict}\n", refused.len())?;
        writeln!(
            f,
            "  {:<12}{:>6}    L0    L2    L3    L4    L5{:>12}{:>10}",
            "", "wrong", "at L3", "at L5"
        )?;
        for language in languages {
            let of = self.all().filter(|(case, ending)| case.language() == language && ending.fix != RIGHT);
            self.group(f, language, &of.map(|(_, ending)| ending).collect::<Vec<_>>())?;
        }
        writeln!(f)?;
        for kind in KINDS {
            let of = |ending: &&&Ending| ending.fix.strip_prefix("wrong-") == Some(kind);
            self.group(f, kind, &wrong.iter().filter(of).copied().collect::<Vec<_>>())?;
        }
        if !refused.is_empty() {
            writeln!(f, "\nright fixes refused:")?;
        }
        for (case, ending) in refused {
            writeln!(f, "  {} ({}): {}", case.name, level_of(ending), brief(&ending.why))?;
        }
        writeln!(f, "\nwrong fixes that reach L3 and more:")?;
        for (case, ending) in self.all() {
            if let Some(wrong) = case.sheet.wrong.get(&ending.fix).filter(|_| ending.level >= Some(Level::L3))
            {
                writeln!(f, "  {} {} {}: {}", level_of(ending), case.name, ending.fix, brief(wrong))?;
            }
        }
        for why in &self.failed {
            writeln!(f, "NOT JUDGED: {why}")?;
        }
        Ok(())
    }
}

fn level_of(ending: &Ending) -> String {
    ending.level.map_or_else(|| "none".to_owned(), |level| format!("{level:?}"))
}
