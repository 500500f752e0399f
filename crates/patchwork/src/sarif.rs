//! SARIF 2.1.0, read leniently and written strictly.
