//! Quick actions: lines of texts that GitLab carries out instead of keeping them.

use patchwork_core::port::forge::Thing;

use crate::forge::state::State;

/// Those that do harm in the wrong hands.
const COMMANDS: &[&str] = &[
    "approve",
    "assign",
    "assign_reviewer",
    "award",
    "close",
    "confidential",
    "copy_metadata",
    "due",
    "duplicate",
    "estimate",
    "label",
    "lock",
    "merge",
    "milestone",
    "move",
    "react",
    "rebase",
    "relabel",
    "reopen",
    "reassign",
    "shrug",
    "spend",
    "subscribe",
    "target_branch",
    "title",
    "todo",
    "unassign",
    "unlabel",
    "unlock",
];

/// What is left of a text when its commands are taken out; they are kept, and some are carried out.
pub(super) fn carried_out(state: &mut State, on: Option<Thing>, text: &str) -> String {
    let (mut kept, mut fence) = (Vec::new(), None);
    for line in text.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            None if ticks >= 3 => fence = Some(ticks),
            Some(open) if ticks >= open => fence = None,
            _ => {}
        }
        let word = line.strip_prefix('/').and_then(|rest| rest.split_whitespace().next());
        if fence.is_none() && word.is_some_and(|word| COMMANDS.contains(&word)) {
            state.gitlab.commands.push(line.to_owned());
            carry_out(state, on, word.unwrap_or_default());
        } else {
            kept.push(line);
        }
    }
    if kept.len() == text.lines().count() { text.to_owned() } else { kept.join("\n") }
}

fn carry_out(state: &mut State, on: Option<Thing>, word: &str) {
    match (on, word) {
        (Some(Thing::PullRequest(number)), "close" | "reopen") => {
            if let Some(pull) = state.pull_mut(number).filter(|pull| !pull.merged) {
                pull.open = word == "reopen";
            }
        }
        (Some(Thing::PullRequest(number)), "merge") => {
            if let Some(pull) = state.pull_mut(number) {
                (pull.open, pull.merged) = (false, true);
            }
        }
        (Some(Thing::Issue(number)), "close" | "reopen") => {
            if let Some(issue) = state.issue_mut(number) {
                issue.open = word == "reopen";
            }
        }
        _ => {}
    }
}
