//! Fingerprints that stay when code moves.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::read::{Files, Located};

/// Gives each finding its fingerprint: from the rule, the path, the text of its lines without white space, and a counter
/// among those that are equal in all of that, in the order they stand in the file.
pub(super) fn assign(found: &mut [Located], files: &impl Files) {
    // File by file: reports are often sorted by rule, and a file should be read once.
    let mut by_file: Vec<usize> = (0..found.len()).collect();
    by_file.sort_by_key(|&i| found.get(i).map(|item| item.finding.path.as_str()));
    let mut keys: Vec<[u8; 32]> = vec![[0; 32]; found.len()];
    for index in by_file {
        let Some((item, key)) = found.get(index).zip(keys.get_mut(index)) else { continue };
        let finding = &item.finding;
        let text = files.lines(&finding.path, finding.start_line, finding.end_line).unwrap_or_default();
        let mut hash = Sha256::new();
        // Lengths between the parts keep (`ab`, `c`) and (`a`, `bc`) apart.
        for part in [rule_suffix(&finding.rule), &finding.path] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        for word in text.split_whitespace() {
            hash.update(word);
        }
        *key = hash.finalize().into();
    }
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by_key(|&i| found.get(i).map(|item| (item.finding.start_line, item.column)));
    let mut seen: HashMap<[u8; 32], u64> = HashMap::new();
    for index in order {
        let (Some(key), Some(item)) = (keys.get(index), found.get_mut(index)) else { continue };
        let count = seen.entry(*key).or_default();
        let digest = Sha256::new().chain_update(key).chain_update(count.to_le_bytes()).finalize();
        *count += 1;
        item.finding.fingerprint = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    }
}

/// What of a rule's id does not depend on where its file lies: Semgrep puts the folders of the configuration, joined
/// with dots, before the id that the rule's author gave.
fn rule_suffix(rule: &str) -> &str {
    rule.rsplit('.').find(|part| !part.is_empty()).unwrap_or(rule)
}
