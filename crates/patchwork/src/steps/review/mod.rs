//! Steps of a review.

pub mod conclude_review;
mod gate;
pub mod place_findings;
pub mod remember_dismissals;
pub mod select_changes;
pub mod target;
pub mod try_suggestions;

use patchwork_core::step::{ErasedStep, erase};

/// The steps of this group.
pub fn steps() -> Vec<Box<dyn ErasedStep>> {
    vec![
        erase(select_changes::SelectChanges),
        erase(place_findings::PlaceFindings),
        erase(try_suggestions::TrySuggestions),
        erase(conclude_review::ConcludeReview),
        erase(remember_dismissals::RememberDismissals),
    ]
}
