//! The code chosen for a prompt.
