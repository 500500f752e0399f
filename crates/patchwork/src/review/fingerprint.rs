//! By what a finding is known again after a rebase, a move, a new indentation, a new file name.

/// The parts of a fingerprint, written as `lines-place-rule-count.number`, each hexadecimal but the last two:
/// `3f09ab12cd34-77aa01b2-9c3e11-2.0`; `o` before it for lines of the old side.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    /// The text of the lines without white space.
    pub lines: String,
    /// The file, by the name it had before the change, and the unit that the lines are in.
    pub place: String,
    /// The rule.
    pub rule: String,
    /// How many lines there are.
    pub count: u32,
    /// Which one it is of those that are equal in everything above, from 0, in the order of the file.
    pub number: u32,
    /// Whether the lines are removed ones.
    pub old_side: bool,
}
