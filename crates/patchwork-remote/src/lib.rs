//! The HTTP door, model providers and forges of Patchwork.
