//! Landlock: which files a process and all that comes from it may touch.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible as _, LandlockStatus, PathBeneath, PathFd,
    Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus, Scope,
};

use super::policy::Policy;
use super::view::DEVICES;

/// The newest version whose rights are known here. Older kernels know fewer and hold those.
const NEWEST: ABI = ABI::V7;
/// With this version signals and abstract sockets are held as well.
const HOLDS_SIGNALS: i32 = 6;
/// With this version files can't be cut short that may not be written.
const HOLDS_LENGTH: i32 = 3;

/// Holds this process; answers the version in force, none when the kernel has none, and what it lacks.
pub(super) fn build(policy: &Policy) -> Result<(Option<i32>, Vec<String>), String> {
    build_with(policy).map_err(|error| format!("Landlock can't be set up: {error}"))
}

fn build_with(policy: &Policy) -> Result<(Option<i32>, Vec<String>), landlock::RulesetError> {
    let read = AccessFs::from_read(NEWEST);
    // Devices are never made.
    let write = AccessFs::from_all(NEWEST) & !(AccessFs::MakeChar | AccessFs::MakeBlock);
    let device = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::IoctlDev;
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?;
    for (paths, access) in [(&policy.read, read), (&policy.write, write)] {
        for path in paths {
            ruleset = add(ruleset, path, access)?;
        }
    }
    for name in DEVICES {
        ruleset = add(ruleset, &Path::new("/dev").join(name), device)?;
    }
    // Semaphores of Python's and others' processes are files there.
    ruleset = add(ruleset, Path::new("/dev/shm"), write)?;
    if policy.view.is_some() {
        // The system's own terminals are the user's.
        ruleset = add(ruleset, Path::new("/dev/pts"), write)?;
    }
    let status = ruleset.restrict_self()?;
    let version = match status.landlock {
        LandlockStatus::Available { effective_abi, kernel_abi }
            if status.ruleset != RulesetStatus::NotEnforced =>
        {
            Some(kernel_abi.unwrap_or(effective_abi as i32))
        }
        _ => None,
    };
    let mut missing = Vec::new();
    if policy.view.is_none() {
        missing.push(
            "modes and times of the user's files can be changed, though not what is in them".to_owned(),
        );
        missing.push("shared memory of the user's other programs can be reached".to_owned());
    }
    let lacks = |least: i32| version.is_none_or(|version| version < least);
    if policy.view.is_none() && lacks(HOLDS_LENGTH) {
        missing.push("files outside can be emptied: Linux 6.2 is needed".to_owned());
    }
    if policy.view.is_none() && lacks(HOLDS_SIGNALS) {
        missing
            .push("signals to other processes are held back only in part: Linux 6.12 is needed".to_owned());
    }
    Ok((version, missing))
}

/// What is not there needs no rule.
fn add(
    ruleset: landlock::RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<landlock::RulesetCreated, landlock::RulesetError> {
    let Ok(place) = PathFd::new(path) else { return Ok(ruleset) };
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(NEWEST) };
    ruleset.add_rule(PathBeneath::new(place, access))
}
