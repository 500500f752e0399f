//! Steps that read from forges and write to them.

pub mod access;
