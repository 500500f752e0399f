//! The options that say which branches are meant and what may be published: the same for every step of this group.

use patchwork_core::port::checkout::Base;
use patchwork_core::step::StepError;
use schemars::JsonSchema;
use serde::Deserialize;

/// Which branches are meant.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct BranchOptions {
    /// Makes no branch, neither here nor on the forge, and so no pull request: the commits are kept by a ref of the run.
    #[serde(default)]
    pub disable_branch: bool,
    /// Moves a local branch that exists already; its old commits stay reachable. Without it an existing branch is an error.
    #[serde(default = "yes")]
    pub force_branch_creation: bool,
    /// What the new branch's name begins with, before the name of the current branch.
    #[serde(default = "patchwork_prefix")]
    pub branch_prefix: String,
    /// What the new branch's name ends with, after the name of the current branch.
    #[serde(default)]
    pub branch_suffix: String,
    /// The branch to merge into; the current branch when absent. A detached HEAD has none.
    #[serde(default)]
    pub base_branch: Option<String>,
    /// The whole name of the new branch; made of prefix, current branch and suffix when absent.
    #[serde(default)]
    pub target_branch: Option<String>,
}

impl Default for BranchOptions {
    fn default() -> Self {
        Self {
            disable_branch: false,
            force_branch_creation: true,
            branch_prefix: patchwork_prefix(),
            branch_suffix: String::new(),
            base_branch: None,
            target_branch: None,
        }
    }
}

/// What may be published. Where and as whom stands beside it: serde takes no field for known that is two flattened structs down.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct ForgeOptions {
    /// Publishes nothing: nothing is pushed, no pull request is opened.
    #[serde(default)]
    pub disable_pr: bool,
    /// Updates the pull request that is open for the same two branches, and moves its branch. Without it an open pull request
    /// is left as it is.
    #[serde(default)]
    pub force_pr_creation: bool,
}

/// The two branches of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Branches {
    /// To merge into; none on a detached HEAD.
    pub base: Option<String>,
    /// With the changes; none when there shall be no branch.
    pub target: Option<String>,
}

impl Branches {
    /// The branches that the options mean for changes that start at `from`.
    pub(super) fn of(options: &BranchOptions, from: &Base) -> Result<Self, StepError> {
        let wanted_base = given(options.base_branch.as_deref());
        let base = wanted_base.clone().or_else(|| from.branch.clone());
        if options.disable_branch {
            return Ok(Self { base, target: None });
        }
        let target = match given(options.target_branch.as_deref()) {
            Some(target) => target,
            None => {
                let (prefix, suffix) = (options.branch_prefix.trim(), options.branch_suffix.trim());
                if prefix.is_empty() && suffix.is_empty() {
                    return Err(StepError::input(
                        "branch_prefix",
                        "it and `branch_suffix` are both empty: the new branch would have the name of the current one. Give one of them, or `target_branch`, or `disable_branch`",
                    ));
                }
                let short = || from.commit.get(..8).unwrap_or(&from.commit).to_owned();
                let current = from.branch.clone().or(wanted_base).unwrap_or_else(short);
                format!("{prefix}{current}{suffix}")
            }
        };
        if [&base, &from.branch].into_iter().any(|branch| branch.as_ref() == Some(&target)) {
            return Err(StepError::input(
                "target_branch",
                format!("`{target}` is the branch that the changes start from: they need one of their own"),
            ));
        }
        Ok(Self { base, target: Some(target) })
    }
}

/// A text option, unless it is absent or blank.
pub(super) fn given(option: Option<&str>) -> Option<String> {
    option.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

pub(super) fn yes() -> bool {
    true
}

fn patchwork_prefix() -> String {
    "patchwork-".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(branch: Option<&str>) -> Base {
        Base { repository: "/r".into(), commit: "0123456789abcdef".into(), branch: branch.map(str::to_owned) }
    }

    fn names(options: &BranchOptions, from: Option<&str>) -> (Option<String>, Option<String>) {
        let branches = Branches::of(options, &base(from)).unwrap();
        (branches.base, branches.target)
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn names_are_made_of_prefix_branch_and_suffix() {
        let plain = BranchOptions::default();
        assert_eq!(names(&plain, Some("feat/x")), (some("feat/x"), some("patchwork-feat/x")));
        assert_eq!(names(&plain, None), (None, some("patchwork-01234567")));
        let based = BranchOptions { base_branch: some("main"), ..plain.clone() };
        assert_eq!(names(&based, None), (some("main"), some("patchwork-main")));
        assert_eq!(names(&based, Some("dev")), (some("main"), some("patchwork-dev")));
        let suffix =
            BranchOptions { branch_prefix: String::new(), branch_suffix: "-fix".into(), ..plain.clone() };
        assert_eq!(names(&suffix, Some("main")), (some("main"), some("main-fix")));
        let target =
            BranchOptions { target_branch: some("t"), branch_prefix: String::new(), ..plain.clone() };
        assert_eq!(names(&target, Some("main")), (some("main"), some("t")));
        let none = BranchOptions { disable_branch: true, branch_prefix: String::new(), ..plain };
        assert_eq!(names(&none, Some("main")), (some("main"), None));
    }

    #[test]
    fn changes_never_go_to_the_branch_they_start_from() {
        let empty = BranchOptions { branch_prefix: " ".into(), ..BranchOptions::default() };
        let error = Branches::of(&empty, &base(Some("main"))).unwrap_err().to_string();
        assert!(error.contains("branch_prefix"), "{error}");
        for (base_branch, target) in [(None, "main"), (some("dev"), "dev"), (some("dev"), "main")] {
            let options =
                BranchOptions { base_branch, target_branch: some(target), ..BranchOptions::default() };
            let error = Branches::of(&options, &base(Some("main"))).unwrap_err().to_string();
            assert!(error.contains("target_branch"), "{error}");
        }
    }
}
