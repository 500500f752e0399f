//! From a SARIF artifact location to a file of the repository.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::bases::{Bases, below, has_drive, is_absolute, path_of_uri};
use super::read::Files;
use super::slim::LONGEST_URI;

/// Last folders of a path in which sources of a language with packages begin.
const SOURCE_ROOTS: [&str; 11] =
    ["java", "kotlin", "scala", "groovy", "src", "source", "sources", "main", "test", "lib", "app"];

/// Locations that are looked at to find the folder that they all are below.
const LOOKED_AT: usize = 1_000;

/// A path below the root of the repository, or why there is none.
type Resolved = Result<String, String>;

/// Resolves the artifact locations of one run.
pub(super) struct Locations<'a, F> {
    bases: Bases<'a>,
    files: &'a F,
    /// Reports name one file in many results.
    known: RefCell<HashMap<(&'a str, &'a str), Resolved>>,
    /// See [`Self::assumed_root`].
    assumed: OnceCell<Option<String>>,
}

impl<'a, F: Files> Locations<'a, F> {
    pub(super) fn new(run: &'a Value, files: &'a F) -> Self {
        Self { bases: Bases::of(run), files, known: RefCell::default(), assumed: OnceCell::new() }
    }

    /// The file that an artifact location is about, or why there is none.
    pub(super) fn resolve(&self, location: &'a Value) -> Resolved {
        let (uri, base) = self.uri(location)?;
        if let Some(known) = self.known.borrow().get(&(uri, base)) {
            return known.clone();
        }
        let answer = self.resolve_uri(uri, &self.bases.folder(base).unwrap_or_default());
        self.known.borrow_mut().insert((uri, base), answer.clone());
        answer
    }

    /// The URI of a location and the id of its base, empty without one.
    fn uri(&self, location: &'a Value) -> Result<(&'a str, &'a str), String> {
        let mut location = location;
        if location["uri"].as_str().is_none_or(str::is_empty) {
            let Some(index) = location.get("index").filter(|index| !index.is_null()) else {
                return Err("its location names no file".into());
            };
            location = match index.as_u64().and_then(|index| self.bases.artifact(index)) {
                Some(artifact) => artifact,
                None => {
                    let count = self.bases.artifact_count();
                    return Err(format!("its location is artifact {index}, but the run lists {count}"));
                }
            };
        }
        let Some(uri) = location["uri"].as_str().filter(|uri| !uri.is_empty()) else {
            return Err("its artifact has no location".into());
        };
        if uri.len() > LONGEST_URI {
            return Err(format!("its location has more than {LONGEST_URI} characters, which no path has"));
        }
        Ok((uri, location["uriBaseId"].as_str().unwrap_or_default()))
    }

    fn resolve_uri(&self, uri: &str, base: &str) -> Resolved {
        if let Some((scheme, _)) = uri.split_once("://")
            && !scheme.eq_ignore_ascii_case("file")
        {
            return Err(format!("`{uri}` is not a file"));
        }
        let decoded = path_of_uri(uri);
        // Some tools write paths, not URIs: a `%20` is then part of the name. The file that exists decides.
        let plain = uri.replace('\\', "/");
        let names =
            if plain == decoded || uri.contains("://") { vec![decoded] } else { vec![decoded, plain] };
        let mut first_refusal = None;
        let mut missing = None;
        for (spelling, name) in names.iter().enumerate() {
            let place = joined(base, name);
            // Absolute folders of the machine that scanned are taken off where the report itself says that they were the
            // root of the sources.
            let moved = self.bases.roots.iter().filter_map(|root| below(&place, root));
            let absolute = is_absolute(&place);
            for candidate in std::iter::once(place.clone()).chain(moved) {
                match self.files.resolve(&candidate) {
                    Ok(path) if absolute || self.exists(&path) => return Ok(path),
                    Ok(path) if spelling == 0 => {
                        missing.get_or_insert(path);
                    }
                    Ok(_) => {}
                    Err(failure) => {
                        first_refusal.get_or_insert_with(|| failure.to_string());
                    }
                }
            }
        }
        let name = names.first().map(String::as_str).unwrap_or_default();
        let elsewhere =
            self.below_assumed_root(&joined(base, name)).or_else(|| self.in_source_root(name, base));
        if let Some(path) = elsewhere.or_else(|| self.in_other_case(name, uri)) {
            return Ok(path);
        }
        missing.ok_or_else(|| first_refusal.unwrap_or_else(|| format!("`{uri}` is no path")))
    }

    fn exists(&self, path: &str) -> bool {
        self.files.lines(path, 1, 1).is_some()
    }

    /// The one folder of another machine that the absolute locations of a report are below, when the report does not say
    /// what the root was (MSVC does not): with it taken off, they are files of the repository, two levels deep or more. Where
    /// two folders would do, or only file names agree, there is none: a guess would change a file that nobody
    /// meant.
    pub(super) fn assumed_root(&self) -> Option<&str> {
        self.assumed.get().and_then(Option::as_deref)
    }

    /// Finds [`Self::assumed_root`] by all the locations of the run.
    pub(super) fn assume_root(&self, locations: impl Iterator<Item = &'a Value>) {
        self.assumed.get_or_init(|| {
            if !self.bases.roots.is_empty() {
                return None;
            }
            let absolute = |location| {
                let (uri, base) = self.uri(location).ok()?;
                let place = joined(&self.bases.folder(base).unwrap_or_default(), &path_of_uri(uri));
                (is_absolute(&place) && self.files.resolve(&place).is_err()).then_some(place)
            };
            let places: BTreeSet<String> = locations.filter_map(absolute).take(LOOKED_AT).collect();
            let mut roots = BTreeSet::new();
            for place in &places {
                let deep_enough = |at: &usize| place.get(at + 1..).is_some_and(|rest| rest.contains('/'));
                let splits = place.match_indices('/').map(|(at, _)| at).filter(deep_enough);
                let fits = |at: &usize| place.get(at + 1..).is_some_and(|rest| self.spelled(rest).is_some());
                // The longest path that is there: a shorter one is a file of the same name.
                roots.extend(splits.into_iter().find(fits).and_then(|at| place.get(..at)));
            }
            let mut roots = roots.into_iter();
            roots.next().filter(|_| roots.next().is_none()).map(str::to_owned)
        });
    }

    fn below_assumed_root(&self, place: &str) -> Option<String> {
        self.spelled(&below(place, self.assumed_root()?)?)
    }

    /// The file of this name, which may be written in other case.
    fn spelled(&self, name: &str) -> Option<String> {
        let path = self.files.resolve(name).ok()?;
        if self.exists(&path) {
            return Some(path);
        }
        let same = |found: &String| found.eq_ignore_ascii_case(&path);
        let mut found = self.files.ending_with(&path).into_iter().filter(same);
        found.next().filter(|_| found.next().is_none())
    }

    /// The file of a path that begins at a package, which tools for Java write: there is one folder of sources with it.
    fn in_source_root(&self, name: &str, base: &str) -> Option<String> {
        if is_absolute(name) || !name.contains('/') || name.contains("..") {
            return None;
        }
        let before =
            |path: &String| path.strip_suffix(name).map(|before| before.trim_end_matches('/').to_owned());
        let found: Vec<(String, String)> = self
            .files
            .ending_with(name)
            .into_iter()
            .filter_map(|path| Some((before(&path)?, path)))
            .collect();
        let last = |folder: &str| folder.rsplit('/').next().unwrap_or_default().to_owned();
        // The report may say which folder it was, on the other machine.
        let named = |folder: &str| format!("/{}", base.trim_matches('/')).ends_with(&format!("/{folder}"));
        let mut in_base = found.iter().filter(|(folder, _)| !folder.is_empty() && named(folder));
        if let (Some((_, path)), None) = (in_base.next(), in_base.next()) {
            return Some(path.clone());
        }
        let mut in_roots = found.iter().filter(|(folder, _)| SOURCE_ROOTS.contains(&last(folder).as_str()));
        match (in_roots.next(), in_roots.next()) {
            (Some((_, path)), None) => Some(path.clone()),
            _ => None,
        }
    }

    /// The file of a path that a program on Windows wrote, where case does not tell files apart.
    fn in_other_case(&self, name: &str, uri: &str) -> Option<String> {
        let of_windows = uri.contains('\\') || has_drive(name);
        if !of_windows || is_absolute(name) {
            return None;
        }
        self.spelled(name)
    }
}

fn joined(base: &str, name: &str) -> String {
    match base {
        "" => name.to_owned(),
        _ if is_absolute(name) => name.to_owned(),
        _ => format!("{}/{name}", base.trim_end_matches('/')),
    }
}
