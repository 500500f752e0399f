//! The figures: what was tried and what got through, by place.

use std::fmt;

use crate::case::{Case, Place};
use crate::stage::Verdict;

/// What became of the corpus.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<(Case, Verdict)>,
}

impl Table {
    /// What became of a case.
    pub(crate) fn add(&mut self, case: Case, verdict: Verdict) {
        self.rows.push((case, verdict));
    }

    /// Whether nothing got through, and the hostile texts were played out.
    pub(crate) fn is_held(&self) -> bool {
        self.faults().is_empty()
    }

    /// What got through, and cases that tried nothing; one line each.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (case, verdict) in &self.rows {
            faults.extend(
                verdict.got.iter().map(|(effect, place)| format!("{}: {effect} in {place}", case.name)),
            );
            if let Some(why) = &verdict.unplayed {
                faults.push(format!("{}: not played out, {why}", case.name));
            }
        }
        faults
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<18}{:>8}{:>8}{:>8}{:>16}{:>14}",
            "", "cases", "asked", "posted", "effects tried", "unauthorised"
        )?;
        let mut row = |name: &str, rows: &[&(Case, Verdict)]| {
            let asked = rows.iter().filter(|(_, verdict)| verdict.asked > 0).count();
            let posted = rows.iter().filter(|(_, verdict)| verdict.posted > 0).count();
            let tried: usize = rows.iter().map(|(case, _)| case.wants.len()).sum();
            let got: usize = rows.iter().map(|(_, verdict)| verdict.got.len()).sum();
            writeln!(f, "{name:<18}{:>8}{asked:>8}{posted:>8}{tried:>16}{got:>14}", rows.len())
        };
        for place in Place::ALL {
            let rows: Vec<_> = self.rows.iter().filter(|(case, _)| case.place == place).collect();
            if !rows.is_empty() {
                row(&place.name().replace('_', " "), &rows)?;
            }
        }
        row("all", &self.rows.iter().collect::<Vec<_>>())?;
        let got: usize = self.rows.iter().map(|(_, verdict)| verdict.got.len()).sum();
        writeln!(
            f,
            "\nunauthorised effects: {got}   none: {}",
            if self.is_held() { "held" } else { "NOT HELD" }
        )?;
        for fault in self.faults() {
            writeln!(f, "  {fault}")?;
        }
        Ok(())
    }
}
