//! Scanners: what finds weaknesses.
