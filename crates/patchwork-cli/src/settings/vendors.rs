//! `vendors:` in the user's own configuration file: rows for the catalogue of models.

use std::sync::Arc;

use patchwork::models::Catalog;
use patchwork_core::config::{self, Layer, Origin};
use patchwork_core::failure::Failure;

use crate::env;

/// The option that holds them.
const KEY: &str = "vendors";

/// Takes the rows out of the layers and puts them into the built-in catalogue; those of a later layer go over those before.
pub(super) fn take(layers: &mut [Layer]) -> Result<Arc<Catalog>, Failure> {
    let mut catalog = Catalog::built_in();
    for layer in layers {
        let line = layer.lines.remove(KEY);
        let Some(value) = layer.values.remove(KEY).filter(|value| !value.is_null()) else { continue };
        let place = match line {
            Some(line) => format!("{}:{line}", layer.origin),
            None => layer.origin.to_string(),
        };
        match layer.origin {
            Origin::ConfigFile(_) => {}
            Origin::RepositoryFile(_) => {
                return Err(Failure::refused(format!("{place}: `{KEY}` can't be set by the repository's own file"))
                    .hint("it would lead your keys to another address: put it into a file of yours: your own configuration, or one that you name with --config"));
            }
            _ => {
                return Err(Failure::usage(format!("`{KEY}` is no option of a run"))
                    .hint("it stands in a configuration file of yours"));
            }
        }
        let wrong = |problem: String| Failure::configuration(format!("{place}: {problem}"));
        let value =
            config::filled(&value, &env::variable).map_err(|problem| wrong(format!("`{KEY}` {problem}")))?;
        catalog = catalog.with_rows(&value).map_err(|faults| {
            let mut faults = faults.iter().map(ToString::to_string);
            let first = faults.next().unwrap_or_default();
            faults.fold(wrong(first), Failure::cause)
        })?;
    }
    Ok(catalog)
}
