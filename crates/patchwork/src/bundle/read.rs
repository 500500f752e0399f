//! Reading a bundle, which may come from anybody.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use patchwork_core::effect::Effect;
use patchwork_core::engine::hex;
use patchwork_core::failure::Failure;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Bundle, KIND, VERSION};
use crate::sarif;

/// Bytes that a file may have.
const MAX_FILE: u64 = 128 << 20;

/// Bytes of JSON in it: values take several times as much when they are read.
const MAX_JSON: u64 = 384 << 20;

/// How a file begins that is compressed by gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The SHA-256 of a file, in hex.
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

impl Bundle {
    /// Reads a file that holds what [`Bundle::write`] wrote, or its JSON; answers the digest of the file as well. No more of it
    /// is taken than fits, and what is not of the form is refused, naming the field.
    pub fn read(path: &Path) -> Result<(Self, String), Failure> {
        let unread = |error: &io::Error| {
            Failure::usage(format!("the bundle {} can't be read", path.display())).caused_by(error)
        };
        let unfit = |what: String| {
            Failure::usage(format!("{} is not a bundle of Patchwork: {what}", path.display()))
                .hint("`patchwork PATCHFLOW … --propose FILE` writes one")
        };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(|error| unread(&error))?;
        file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|error| unread(&error))?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(unfit(format!("it has more than {} MiB", MAX_FILE >> 20)));
        }
        let digest = digest(&bytes);
        if bytes.starts_with(&GZIP) {
            let mut json = Vec::new();
            let read = GzDecoder::new(bytes.as_slice()).take(MAX_JSON + 1).read_to_end(&mut json);
            read.map_err(|error| unfit(format!("it can't be decompressed ({error})")))?;
            if json.len() as u64 > MAX_JSON {
                return Err(unfit(format!("it holds more than {} MiB", MAX_JSON >> 20)));
            }
            bytes = json;
        }
        let bundle = parse(&bytes).map_err(|problem| match problem {
            Problem::Newer(version) => Failure::configuration(format!(
                "{} has version {version}; this patchwork knows versions up to {VERSION}",
                path.display()
            ))
            .hint("update patchwork"),
            Problem::Unfit(what) => unfit(what),
        })?;
        Ok((bundle, digest))
    }
}

/// Why bytes are no bundle.
pub(super) enum Problem {
    /// It is of a version that nobody knows yet.
    Newer(u32),
    /// It is something else, for this reason.
    Unfit(String),
}

pub(super) fn parse(bytes: &[u8]) -> Result<Bundle, Problem> {
    #[derive(Deserialize)]
    struct Head {
        kind: String,
        version: u32,
    }
    let head: Head = serde_json::from_slice(bytes).map_err(|error| Problem::Unfit(error.to_string()))?;
    if head.kind != KIND {
        return Err(Problem::Unfit(format!("its `kind` is not `{KIND}`")));
    }
    if head.version > VERSION {
        return Err(Problem::Newer(head.version));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let mut bundle: Bundle = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| Problem::Unfit(format!("`{}`: {}", error.path(), error.inner())))?;
    // Fields that nobody knows: serde does not see those inside of an effect.
    let given: Value = serde_json::from_slice(bytes).map_err(|error| Problem::Unfit(error.to_string()))?;
    let known = serde_json::to_value(&bundle.effects).map_err(|error| Problem::Unfit(error.to_string()))?;
    if let Some(field) = unknown(&given["effects"], &known, "effects") {
        return Err(Problem::Unfit(format!("`{field}`: unknown field")));
    }
    for (at, effect) in bundle.effects.iter_mut().enumerate() {
        if let Effect::Sarif(spec) = effect {
            // Only what is understood of it goes on: another reader might see another scanner's name in the rest.
            let report = sarif::parse(spec.sarif.as_bytes(), &format!("`effects[{at}].sarif`"));
            spec.sarif = sarif::to_text(report.map_err(|error| Problem::Unfit(error.to_string()))?);
        }
    }
    Ok(bundle)
}

/// The first field of a value that is not in what was understood of it.
fn unknown(given: &Value, known: &Value, place: &str) -> Option<String> {
    match (given, known) {
        (Value::Object(given), Value::Object(known)) => given.iter().find_map(|(name, value)| {
            let place = format!("{place}.{}", name.escape_debug());
            match known.get(name) {
                Some(known) => unknown(value, known, &place),
                // What says nothing may be left out when it is written again.
                None => (!says_nothing(value)).then_some(place),
            }
        }),
        (Value::Array(given), Value::Array(known)) => given
            .iter()
            .zip(known)
            .enumerate()
            .find_map(|(at, (given, known))| unknown(given, known, &format!("{place}[{at}]"))),
        _ => None,
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
