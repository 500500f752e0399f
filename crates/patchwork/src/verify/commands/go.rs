//! Go with modules.

use super::{Folder, Line, Lines, Network};

pub(super) fn look(folder: &Folder, _: Network) -> Option<Lines> {
    // A workspace has no packages of its own: `./...` at its root names none.
    let because = folder.first(&["go.mod"])?;
    let setup = match folder.read("go.mod") {
        Some(text) if text.lines().any(|line| line.trim_start().starts_with("require")) => {
            Line::new("go mod download", because)
        }
        _ => None,
    };
    Some(Lines {
        setup,
        build: Line::new("go build ./...", because),
        tests: Line::new("go test ./...", because),
    })
}
