//! What people see of a run.

pub(crate) mod failure;
pub(crate) mod files;
pub(crate) mod lines;
pub(crate) mod plain;
pub(crate) mod style;
pub(crate) mod summary;
pub(crate) mod tally;
pub(crate) mod terminal;
