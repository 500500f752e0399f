//! The repository that `patchwork demo` makes: a small program with its own passing tests and six weaknesses, four of
//! which our rules fix themselves.

macro_rules! files {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../demo/", $path)))),+]
    };
}

const FILES: &[(&str, &str)] = files![
    ".gitignore",
    "README.md",
    "stockroom/__init__.py",
    "stockroom/__main__.py",
    "stockroom/exports.py",
    "stockroom/reports.py",
    "stockroom/store.py",
    "stockroom/suppliers.py",
    "tests/__init__.py",
    "tests/test_store.py",
    "tests/test_suppliers.py",
    "web/dashboard.js",
];

/// The files: their path, with `/`, and their text.
pub fn files() -> &'static [(&'static str, &'static str)] {
    FILES
}

#[cfg(test)]
mod tests;
