//! Every step is in its group's list, and in a file of its name.

use std::path::Path;

use super::sources;

const STEPS: &str = "crates/patchwork/src/steps/";

pub(super) fn check(root: &Path) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    for source in sources::all(root)?.iter().filter(|source| source.path.starts_with(STEPS)) {
        let ids = source.shipped().filter_map(|(_, line)| {
            line.split_once("const ID: &'static str = \"")?.1.split('"').next().map(str::to_owned)
        });
        for id in ids {
            // The schemas are written from the list, and their freshness is another check's work.
            if !root.join(format!("schemas/steps/{id}.json")).is_file() {
                out.push(format!("{}: {id} is not in its group's list", source.path));
            }
            if !in_file_of_its_name(&source.path, &id) {
                out.push(format!("{}: {id} belongs into a file of its name", source.path));
            }
        }
    }
    Ok(out)
}

/// `CallLLM` in `call_llm.rs`, or in the folder `call_llm/`.
fn in_file_of_its_name(path: &str, id: &str) -> bool {
    let wanted = id.to_lowercase();
    path.trim_end_matches(".rs").split('/').any(|part| part.replace('_', "") == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_lives_in_a_file_or_folder_of_its_name() {
        assert!(in_file_of_its_name("crates/patchwork/src/steps/llm/call_llm.rs", "CallLLM"));
        assert!(in_file_of_its_name("crates/patchwork/src/steps/code/extract_code/mod.rs", "ExtractCode"));
        assert!(!in_file_of_its_name("crates/patchwork/src/steps/llm/ask.rs", "CallLLM"));
    }
}
