//! Changed units of related files, put into as few prompts as hold them.

mod related;

use patchwork_core::change::ChangeStatus;
use patchwork_core::engine::hex;
use patchwork_core::tokens::estimate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::context;
use super::index::{Index, folder, shared};
use super::rows;
use super::unit::{FileUnits, ReviewUnit};

/// Files in one bundle at most.
const MOST_FILES: usize = 16;

/// What one call of the model is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bundle {
    /// Digest of what is asked about, 16 hex digits.
    pub id: String,
    /// Its files, by their new paths.
    pub paths: Vec<String>,
    /// Hashes of its units, for [`State`](super::state::State).
    pub units: Vec<String>,
    /// The changed lines with their numbers, and the unchanged ones around them.
    pub diff: String,
    /// What the changed code calls, and what calls it; may be empty.
    #[serde(default)]
    pub context: String,
    /// About how many tokens `diff` and `context` have.
    pub tokens: usize,
}

/// How large bundles are, in tokens. Instructions and rules come on top: about 2,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of the changed lines; one unit alone may have more.
    pub diff: usize,
    /// Of what they call and what calls them.
    pub context: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { diff: 4_500, context: 1_200 }
    }
}

/// Some units of one file.
#[derive(Debug, Clone)]
struct Piece {
    file: usize,
    units: Vec<usize>,
    tokens: usize,
}

/// A bundle that is being filled.
#[derive(Debug, Default)]
struct Open {
    pieces: Vec<Piece>,
    tokens: usize,
}

/// Puts the units for which `wanted` is true into bundles: related files together, the files with the most risk in the first
/// bundles. The same files give the same bundles.
pub fn bundle(
    files: &[FileUnits<'_>],
    index: &Index<'_>,
    limits: Limits,
    wanted: impl Fn(&ReviewUnit) -> bool,
) -> Vec<Bundle> {
    let pieces: Vec<Vec<Piece>> =
        files.iter().enumerate().map(|(at, file)| pieces(at, file, limits.diff, &wanted)).collect();
    let mut open: Vec<Open> = Vec::new();
    for cluster in related::clusters(files, &pieces, limits.diff) {
        // Those of one cluster follow each other, so that they come into one bundle if they fit.
        let total: usize =
            cluster.iter().flat_map(|file| pieces.get(*file)).flatten().map(|p| p.tokens).sum();
        let members = cluster.iter().flat_map(|file| pieces.get(*file)).flatten();
        let whole = total <= limits.diff;
        let mut target =
            whole.then(|| roomy(&open, files, &cluster, total, cluster.len(), limits.diff)).flatten();
        for piece in members {
            let fits = |open: &Open| {
                open.pieces.len() < MOST_FILES
                    && (open.pieces.is_empty() || open.tokens + piece.tokens <= limits.diff)
            };
            let place = target
                .filter(|at| open.get(*at).is_some_and(fits))
                .or_else(|| {
                    (!whole).then(|| roomy(&open, files, &cluster, piece.tokens, 1, limits.diff)).flatten()
                })
                .unwrap_or_else(|| {
                    open.push(Open::default());
                    open.len() - 1
                });
            if let Some(bundle) = open.get_mut(place) {
                bundle.tokens += piece.tokens;
                bundle.pieces.push(piece.clone());
            }
            target = Some(place);
        }
    }
    for bundle in &mut open {
        bundle.pieces.sort_by_key(|piece| (piece.file, piece.units.first().copied()));
    }
    open.sort_by_key(|open| open.pieces.first().map(|piece| (piece.file, piece.units.first().copied())));
    super::parallel::map(&open, |open| write(files, index, limits, open))
}

/// The bundle with room that is nearest by folder.
fn roomy(
    open: &[Open],
    files: &[FileUnits<'_>],
    cluster: &[usize],
    tokens: usize,
    pieces: usize,
    limit: usize,
) -> Option<usize> {
    let path = |file: usize| files.get(file).map_or("", |file| file.file.path());
    let own = folder(path(*cluster.first()?));
    let fits = |open: &Open| open.tokens + tokens <= limit && open.pieces.len() + pieces <= MOST_FILES;
    let near = |open: &Open| {
        open.pieces.iter().map(|piece| shared(folder(path(piece.file)), own)).max().unwrap_or(0)
    };
    let candidates = open.iter().enumerate().filter(|(_, open)| fits(open));
    candidates.max_by_key(|(at, open)| (near(open), std::cmp::Reverse(*at))).map(|(at, _)| at)
}

/// The wanted units of a file, in pieces that fit.
fn pieces(
    at: usize,
    file: &FileUnits<'_>,
    limit: usize,
    wanted: &impl Fn(&ReviewUnit) -> bool,
) -> Vec<Piece> {
    let heading = estimate(heading(file).len());
    let mut pieces: Vec<Piece> = Vec::new();
    for (place, unit) in file.units.iter().enumerate().filter(|(_, unit)| wanted(unit)) {
        match pieces.last_mut() {
            Some(piece) if piece.tokens + unit.tokens <= limit => {
                piece.tokens += unit.tokens;
                piece.units.push(place);
            }
            _ => pieces.push(Piece { file: at, units: vec![place], tokens: heading + unit.tokens }),
        }
    }
    pieces
}

fn write(files: &[FileUnits<'_>], index: &Index<'_>, limits: Limits, open: &Open) -> Bundle {
    let mut by_file: Vec<(usize, Vec<usize>)> = Vec::new();
    for piece in &open.pieces {
        match by_file.last_mut() {
            Some((file, units)) if *file == piece.file => units.extend(&piece.units),
            _ => by_file.push((piece.file, piece.units.clone())),
        }
    }
    let (mut diff, mut paths, mut hashes) = (String::new(), Vec::new(), Vec::new());
    for (at, units) in &by_file {
        let Some(file) = files.get(*at) else { continue };
        let units: Vec<&ReviewUnit> = units.iter().filter_map(|unit| file.units.get(*unit)).collect();
        let shown = rows::merged(units.iter().flat_map(|unit| unit.shown.iter().cloned()).collect());
        diff.push_str(&heading(file));
        rows::write(&file.rows, &shown, &mut diff);
        diff.push('\n');
        paths.push(file.file.path().to_owned());
        hashes.extend(units.iter().map(|unit| unit.hash.clone()));
    }
    let context = context::write(index, files, &by_file, limits.context);
    let mut id = Sha256::new();
    for text in [&diff, &context] {
        id.update((text.len() as u64).to_le_bytes());
        id.update(text);
    }
    Bundle {
        id: hex(&id.finalize()).chars().take(16).collect(),
        tokens: estimate(diff.len() + context.len()),
        paths,
        units: hashes,
        diff,
        context,
    }
}

/// What stands above a file's lines.
fn heading(file: &FileUnits<'_>) -> String {
    let change = &file.file.change;
    let status = match change.status {
        ChangeStatus::Added => "new file".to_owned(),
        ChangeStatus::Renamed => format!("renamed from {}", shown_path(change.path_before())),
        ChangeStatus::Copied => format!("copied from {}", shown_path(change.path_before())),
        ChangeStatus::Modified | ChangeStatus::Deleted | ChangeStatus::TypeChanged => "changed".to_owned(),
    };
    format!("file {} ({status}, +{} -{})\n", shown_path(&change.path), change.additions, change.deletions)
}

/// A path on one line, whatever is in it.
pub(super) fn shown_path(path: &str) -> String {
    if path.chars().any(char::is_control) { path.escape_debug().to_string() } else { path.to_owned() }
}

#[cfg(test)]
mod tests;
