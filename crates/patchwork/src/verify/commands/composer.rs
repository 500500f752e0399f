//! PHP with Composer.

use super::{Folder, Line, Lines, Network};

pub(super) fn look(folder: &Folder, _: Network) -> Option<Lines> {
    let manifest = folder.json("composer.json")?;
    let tests = if manifest.pointer("/scripts/test").is_some_and(|script| !script.is_null()) {
        Line::new("composer test", "composer.json scripts.test")
    } else {
        folder
            .first(&["phpunit.xml", "phpunit.xml.dist", "phpunit.dist.xml"])
            .and_then(|because| Line::new("vendor/bin/phpunit", because))
    };
    let setup = Line::new("composer install --no-interaction --no-progress --no-scripts", "composer.json");
    Some(Lines { setup, build: None, tests })
}
