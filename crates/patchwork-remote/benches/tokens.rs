//! What counting the tokens of 10 MB of source costs, against the fastest public crate.
//!
//! `cargo xtask bench` runs it in release. It prints figures and whether they are within their limits; it is no test.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench prints, and stops when it can't go on"
)]

use std::path::{Path, PathBuf};
use std::time::Instant;

use patchwork_remote::llm::tokens::{Tokenizer, count};

/// Bytes that are counted.
const BYTES: usize = 10_000_000;
/// How often, of which the fastest counts: whatever else runs only makes it slower.
const TIMES: usize = 7;
/// Of the time of the crate alone: the limit.
const LIMIT: f64 = 1.5;

fn main() {
    let text = source();
    println!(
        "{:<30} {:>9} {:>9} {:>9}   limit",
        format!("tokens of {:.1} MB", megabytes(&text)),
        "ours",
        "crate",
        "ratio"
    );
    for (name, tokenizer) in [("o200k_base", Tokenizer::O200k), ("cl100k_base", Tokenizer::Cl100k)] {
        let start = Instant::now();
        count(tokenizer, "a");
        println!("{:<30} {:>7.3} s", format!("{name}, unpacked"), start.elapsed().as_secs_f64());
        let encoding = tiktoken::get_encoding(name).expect("a dictionary that is built in");
        let (ours, tokens) = fastest(|| count(tokenizer, &text));
        let (alone, whole) = fastest(|| encoding.count(&text) as u64);
        assert_eq!(tokens, whole, "{name}: the same count");
        let ratio = ours / alone;
        let verdict = if ratio <= LIMIT { "held" } else { "NOT HELD" };
        println!(
            "{name:<30} {ours:>7.3} s {alone:>7.3} s {ratio:>9.2}   {LIMIT:.2}: {verdict} ({tokens} tokens)"
        );
    }
    let hostile = "\u{a0} \u{2003}x".repeat(BYTES / 7);
    let start = Instant::now();
    count(Tokenizer::O200k, &hostile);
    println!("{:<30} {:>7.3} s", "whitespace of all kinds", start.elapsed().as_secs_f64());
}

/// Runs it some times; seconds of the fastest.
fn fastest(work: impl Fn() -> u64) -> (f64, u64) {
    let mut best = (f64::INFINITY, 0);
    for _ in 0..TIMES {
        let start = Instant::now();
        let tokens = work();
        best = (best.0.min(start.elapsed().as_secs_f64()), tokens);
    }
    best
}

/// Source of many languages: that of the crates that this one is built of, in the order of their paths.
fn source() -> String {
    let registry = PathBuf::from(std::env::var_os("CARGO_HOME").unwrap_or_else(|| {
        let home = std::env::var_os("HOME").expect("a home");
        Path::new(&home).join(".cargo").into_os_string()
    }))
    .join("registry/src");
    let mut files = Vec::new();
    walk(&registry, &mut files);
    files.sort();
    let mut text = String::with_capacity(BYTES * 2);
    // Every so many-th, so that no crate has it all.
    let step = (files.len() / 4_000).max(1);
    for first in 0..step {
        for file in files.iter().skip(first).step_by(step) {
            if text.len() >= BYTES {
                return text;
            }
            text.push_str(&std::fs::read_to_string(file).unwrap_or_default());
        }
    }
    assert!(!text.is_empty(), "no source in {}", registry.display());
    text.repeat(BYTES / text.len() + 1)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let source = |path: &Path| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        ["rs", "c", "h", "md", "toml", "py", "js", "ts", "go"].contains(&extension)
    };
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, size) = (entry.path(), entry.metadata().map_or(0, |metadata| metadata.len()));
        if path.is_dir() {
            walk(&path, files);
        } else if source(&path) && size < 200_000 {
            files.push(path);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn megabytes(text: &str) -> f64 {
    text.len() as f64 / 1e6
}
