//! Scanners: what finds weaknesses.

mod recorded;
pub mod rules;
pub mod semgrep;

use std::sync::Arc;

use patchwork_core::port::scanner::Scanner;
use patchwork_core::step::{Context, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use recorded::recorded;
use semgrep::Semgrep;

/// Which scanner to use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// Semgrep where it is installed and has its rules or can get them, else Patchwork's own rules.
    #[default]
    Auto,
    /// Semgrep; with `uvx` or `pipx` when it is not installed.
    Semgrep,
    /// Patchwork's own rules: no program and no network needed.
    Rules,
}

/// The scanner for a choice, ready to run. With [`Choice::Auto`] the user is told which it is and why: once it is known
/// which one scanned, later scans of the run should ask for that one, because two scanners' reports can't be
/// compared.
pub async fn choose(
    ctx: &Context,
    choice: Choice,
    semgrep_extra_args: &str,
) -> Result<(Choice, Arc<dyn Scanner>), StepError> {
    match choice {
        Choice::Rules => Ok((Choice::Rules, rules::scanner())),
        Choice::Semgrep => Ok((Choice::Semgrep, Arc::new(Semgrep::find(ctx, semgrep_extra_args)?))),
        Choice::Auto => match Semgrep::ready(ctx, semgrep_extra_args).await? {
            Ok(semgrep) => {
                ctx.note(format!("scanning with {}, which is installed", semgrep.name()));
                Ok((Choice::Semgrep, Arc::new(semgrep)))
            }
            // Whoever names rules for Semgrep should not overlook that others were used.
            Err(why) if !semgrep_extra_args.trim().is_empty() => {
                ctx.warn(format!("{why}: scanning with Patchwork's own rules, without semgrep_extra_args"));
                Ok((Choice::Rules, rules::scanner()))
            }
            Err(why) => {
                ctx.note(format!("{why}: scanning with Patchwork's own rules"));
                Ok((Choice::Rules, rules::scanner()))
            }
        },
    }
}
