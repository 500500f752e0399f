//! `patchwork demo`.
use std::path::PathBuf;

use patchwork_core::failure::Failure;

use crate::args::Options;

pub(crate) fn run(_options: &Options, _dir: Option<PathBuf>, _words: &[String]) -> Result<u8, Failure> {
    Err(Failure::failed("there is no demo yet"))
}
