//! Outputs as runners print them.
