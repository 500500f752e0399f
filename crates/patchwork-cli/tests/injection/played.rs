//! Cases of every place against the binary: nothing comes of them. `cargo xtask bench injection` plays all, and prints the figures.

use std::path::Path;

use crate::case::{Case, Place};
use crate::stage::play_all;
use crate::table::Table;

/// So many of each place, for a run of the binary takes a second.
const EACH: usize = 2;

#[test]
fn nothing_that_hostile_text_wants_is_done() {
    let all = Case::all();
    let of = |place: Place| all.iter().filter(move |case| case.place == place).take(EACH).cloned();
    let mut table = Table::default();
    let cases = Place::ALL.into_iter().flat_map(of).collect();
    for (case, verdict) in play_all(cases, Path::new(env!("CARGO_BIN_EXE_patchwork"))) {
        table.add(case, verdict);
    }
    assert!(table.is_held(), "{table}");
}
