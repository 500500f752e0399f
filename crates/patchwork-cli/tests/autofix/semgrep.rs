//! Real code, scanned by real Semgrep with local rules: a released version of a public package.
//!
//! `cargo xtask test` installs Semgrep and fetches the package's source distribution.
