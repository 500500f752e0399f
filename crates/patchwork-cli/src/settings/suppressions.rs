//! The option `suppressions`, checked before a run begins: what is wrong is told with the file and the line.

use patchwork::suppressions;
use patchwork_core::config::Effective;
use patchwork_core::failure::Failure;
use patchwork_core::patchflow::plan::Plan;

/// The name of the option.
const OPTION: &str = "suppressions";

/// The step that takes it.
const STEP: &str = "ExtractCode";

/// The faults of the option, when the patchflow hands one of this name to the step that takes it.
pub(super) fn faults(plan: &Plan, effective: &Effective) -> Vec<Failure> {
    let Some(setting) = effective.values.get(OPTION).filter(|_| plan.uses().contains(&STEP)) else {
        return Vec::new();
    };
    let faults = suppressions::check(&setting.value).err().unwrap_or_default();
    let placed = |fault: suppressions::SuppressionError| {
        let failure = Failure::from(fault);
        Failure { message: format!("{}: {}", setting.place, failure.message), ..failure }
    };
    faults.into_iter().map(placed).collect()
}
