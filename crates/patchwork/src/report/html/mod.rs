//! A report as one HTML file that needs nothing else: no script, no picture, no font from elsewhere.

mod diff;
mod view;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, State, Value, context};
use sha2::{Digest, Sha256};

use self::view::View;
use super::run_report::RunReport;

const PAGE: &str = include_str!("page.html");
/// What the page calls as functions.
const PIECES: [(&str, &str, &str); 4] = [
    ("ladder", "ladder.html", include_str!("pieces/ladder.html")),
    ("checks", "checks.html", include_str!("pieces/checks.html")),
    ("diff", "diff.html", include_str!("pieces/diff.html")),
    ("amount", "amount.html", include_str!("pieces/amount.html")),
];
const STYLE: &str = include_str!("page.css");

/// The name decides that everything is escaped.
const NAME: &str = "page.html";

/// The report as a page.
pub fn render(report: &RunReport) -> String {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.unwrap_or_default());
    for (function, name, text) in PIECES {
        let piece = move |state: &State<'_, '_>, of: Value| {
            let text = state.env().render_named_str(name, text, context! { of })?;
            // Its own values were escaped when it was written.
            Ok::<_, minijinja::Error>(Value::from_safe_string(text))
        };
        environment.add_function(function, piece);
    }
    let page = environment.render_named_str(
        NAME,
        PAGE,
        context! {
            view => Serde(View::of(report)),
            style => Value::from_safe_string(STYLE.to_owned()),
            // The only style that a browser takes: none that came in with a text.
            style_hash => STANDARD.encode(Sha256::digest(STYLE)),
        },
    );
    // The page is ours and its values are plain data; should it not render, the fault is told and not hidden.
    let page = page.unwrap_or_else(|error| {
        let text = error.to_string().replace('&', "&amp;").replace('<', "&lt;");
        format!("<!doctype html><title>Patchwork</title><p>The report can't be shown: {text}</p>")
    });
    format!("{}\n", page.trim_end())
}
