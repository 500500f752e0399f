//! Where names are defined and called in the files of a commit: only names that are asked for, only as far as that is near.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use patchwork_repo::excerpt::{Names, SourceFile};
use patchwork_repo::language::Language;

use super::file::ReviewFile;
use super::selection::names;
use super::unit::FileUnits;

/// Files that are read for an index, beside the changed ones.
const MOST_READ: usize = 3_000;

/// Files that are parsed for it, and bytes of them.
const MOST_PARSED: usize = 120;
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// Bytes of a file that is parsed at most.
const LARGEST: usize = 512 * 1024;

/// A name that more files say tells nothing.
const COMMON: usize = 60;

/// Shorter names tell nothing either.
const SHORTEST: usize = 3;

/// Where a name is: the file, and its place in the list of its [`Names`].
pub(super) type Place = (usize, usize);

/// Where names are defined and called.
#[derive(Debug, Default)]
pub struct Index<'a> {
    /// The changed files in their order, the others behind them.
    files: Vec<Source<'a>>,
    definitions: HashMap<String, Vec<Place>>,
    calls: HashMap<String, Vec<Place>>,
}

#[derive(Debug)]
enum Source<'a> {
    Changed(&'a ReviewFile),
    Other(Box<(SourceFile, Names)>),
}

/// Which files of the commit an index needs, from the paths of all: those of the languages that changed, the nearest first,
/// without the changed ones; 3,000 at most.
pub fn wanted<'a>(paths: &'a [String], files: &[FileUnits<'_>]) -> Vec<String> {
    let changed: HashSet<&str> = files.iter().map(|units| units.file.path()).collect();
    let families: HashSet<Language> =
        changed.iter().filter_map(|path| Language::of_path(path)).map(family).collect();
    let folders: BTreeSet<&str> = changed.iter().map(|path| folder(path)).collect();
    // Repositories have many files in few folders.
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut near = |path: &'a str| {
        let folder = folder(path);
        let nearest = || folders.iter().map(|other| shared(folder, other)).max().unwrap_or(0);
        *known.entry(folder).or_insert_with(nearest)
    };
    let mut wanted: Vec<(usize, &String)> = paths
        .iter()
        .filter(|path| Language::of_path(path).is_some_and(|language| families.contains(&family(language))))
        .filter(|path| !changed.contains(path.as_str()) && names::reason(path).is_none())
        .map(|path| (near(path), path))
        .collect();
    wanted.sort_by_key(|(near, path)| (Reverse(*near), *path));
    wanted.into_iter().take(MOST_READ).map(|(_, path)| path.clone()).collect()
}

impl<'a> Index<'a> {
    /// Finds what the units call and what calls them, in the changed files and in others (paths and bytes of what [`wanted`]
    /// names). Of the others only files that say one of these names are parsed: those that say the most of them first, 120
    /// or 2 MiB at most.
    pub fn new(files: &[FileUnits<'a>], others: &[(String, Vec<u8>)]) -> Self {
        let asked = asked_for(files);
        let chosen = choose(&asked, others);
        let parsed = super::parallel::map(&chosen, |(path, bytes)| {
            let file = SourceFile::new(path.as_str(), bytes.as_slice()).ok()?;
            let names = file.names();
            Some(Source::Other(Box::new((file, names))))
        });
        let changed = files.iter().map(|units| Source::Changed(units.file));
        let mut index =
            Self { files: changed.chain(parsed.into_iter().flatten()).collect(), ..Self::default() };
        for (at, source) in index.files.iter().enumerate() {
            for (place, definition) in source.names().definitions.iter().enumerate() {
                if asked.contains(definition.name.as_str()) {
                    index.definitions.entry(definition.name.clone()).or_default().push((at, place));
                }
            }
            for (place, call) in source.names().calls.iter().enumerate() {
                if asked.contains(call.name.as_str()) {
                    index.calls.entry(call.name.clone()).or_default().push((at, place));
                }
            }
        }
        index
    }

    /// Where a name is defined, seen from a file: the nearest first. Only in languages that can call it.
    pub(super) fn definitions(&self, name: &str, from: &str) -> Vec<Place> {
        self.near(self.definitions.get(name), from)
    }

    /// Where a name is called.
    pub(super) fn calls(&self, name: &str, from: &str) -> Vec<Place> {
        self.near(self.calls.get(name), from)
    }

    fn near(&self, places: Option<&Vec<Place>>, from: &str) -> Vec<Place> {
        let language = Language::of_path(from).map(family);
        let mut near: Vec<(bool, Reverse<usize>, Place)> = places
            .into_iter()
            .flatten()
            .filter_map(|place| {
                let path = self.file(place.0)?.path();
                let fits = Language::of_path(path).map(family) == language;
                let distance = Reverse(shared(folder(path), folder(from)));
                fits.then_some((path != from, distance, *place))
            })
            .collect();
        near.sort();
        near.into_iter().map(|(_, _, place)| place).collect()
    }

    /// A file.
    pub(super) fn file(&self, at: usize) -> Option<&SourceFile> {
        self.files.get(at).map(|source| match source {
            Source::Changed(file) => &file.new,
            Source::Other(other) => &other.0,
        })
    }

    /// What a file defines and calls.
    pub(super) fn names(&self, at: usize) -> Option<&Names> {
        self.files.get(at).map(Source::names)
    }
}

impl Source<'_> {
    fn names(&self) -> &Names {
        match self {
            Self::Changed(file) => file.new_names(),
            Self::Other(other) => &other.1,
        }
    }
}

/// The names that units call and define.
fn asked_for<'a>(files: &'a [FileUnits<'_>]) -> HashSet<&'a str> {
    let units = files.iter().flat_map(|file| &file.units);
    let names = units.flat_map(|unit| unit.calls.iter().chain(&unit.defines));
    names.map(String::as_str).filter(|name| name.len() >= SHORTEST).collect()
}

/// The files that are worth parsing.
fn choose<'a>(asked: &HashSet<&str>, others: &'a [(String, Vec<u8>)]) -> Vec<&'a (String, Vec<u8>)> {
    let said = super::parallel::map(others, |(_, bytes)| said(bytes, asked));
    let mut files_of: HashMap<&str, usize> = HashMap::new();
    for name in said.iter().flatten() {
        *files_of.entry(name).or_default() += 1;
    }
    let tells = |name: &&&str| files_of.get(**name).is_some_and(|files| *files <= COMMON);
    let mut ranked: Vec<(usize, usize)> =
        said.iter().enumerate().map(|(at, names)| (names.iter().filter(tells).count(), at)).collect();
    ranked.retain(|(worth, _)| *worth > 0);
    ranked.sort_by_key(|(worth, at)| (Reverse(*worth), *at));
    let (mut chosen, mut bytes) = (Vec::new(), 0);
    for file in ranked.into_iter().filter_map(|(_, at)| others.get(at)).take(MOST_PARSED) {
        bytes += file.1.len();
        if bytes > MOST_BYTES {
            break;
        }
        chosen.push(file);
    }
    chosen
}

/// Which of the names a text says, as whole words.
fn said<'a>(bytes: &[u8], asked: &HashSet<&'a str>) -> HashSet<&'a str> {
    let mut found = HashSet::new();
    if bytes.len() > LARGEST {
        return found;
    }
    // Letters beyond ASCII are part of a word too.
    for word in bytes.split(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric() && *byte != b'_') {
        if word.len() >= SHORTEST
            && let Ok(word) = std::str::from_utf8(word)
            && let Some(name) = asked.get(word)
        {
            found.insert(*name);
        }
    }
    found
}

/// Languages that call each other count as one.
fn family(language: Language) -> Language {
    match language {
        Language::JavaScript | Language::TypeScript | Language::Tsx => Language::TypeScript,
        Language::C | Language::Cpp => Language::Cpp,
        Language::Java | Language::Kotlin => Language::Java,
        other => other,
    }
}

pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// How many folders two have in common, from the root.
pub(super) fn shared(a: &str, b: &str) -> usize {
    let all = a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b && !a.is_empty()).count();
    // The very same folder is nearer than one inside of it.
    all * 2 + usize::from(a == b)
}
