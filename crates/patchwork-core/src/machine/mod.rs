//! A patchflow in execution: pure and deterministic.
