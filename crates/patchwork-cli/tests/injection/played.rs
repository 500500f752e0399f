//! Every case against the binary: nothing comes of it. `cargo xtask bench injection` prints the figures.

use std::path::Path;

use crate::case::Case;
use crate::stage::play_all;
use crate::table::Table;

#[test]
fn nothing_that_hostile_text_wants_is_done() {
    let mut table = Table::default();
    for (case, verdict) in play_all(Case::all(), Path::new(env!("CARGO_BIN_EXE_patchwork"))) {
        table.add(case, verdict);
    }
    assert!(table.is_held(), "{table}");
}
