//! The patchflows that are shipped: a folder each, with `patchflow.yml` and `prompts.yml`.

use patchwork_core::registry::BuiltIn;

/// Every shipped patchflow.
pub const ALL: [BuiltIn; 2] = [
    BuiltIn {
        name: "AutoFix",
        document: include_str!("AutoFix/patchflow.yml"),
        prompts: include_str!("AutoFix/prompts.yml"),
    },
    BuiltIn {
        name: "PRReview",
        document: include_str!("PRReview/patchflow.yml"),
        prompts: include_str!("PRReview/prompts.yml"),
    },
];

#[cfg(test)]
mod tests {
    use patchwork_core::diagnostic::Diagnostic;
    use patchwork_core::patchflow::check::{NoFiles, load};

    use super::ALL;

    /// Every shipped patchflow is checked as a user's is, warnings included.
    #[test]
    fn shipped_patchflows_are_good() {
        let registry = crate::registry();
        for built_in in ALL {
            let said = |faults: &[Diagnostic]| -> Vec<String> {
                faults.iter().map(|fault| format!("{:?} {}", fault.span, fault.message)).collect()
            };
            let loaded = load(built_in.document, built_in.name, &registry, &NoFiles)
                .unwrap_or_else(|faults| panic!("{}: {:#?}", built_in.name, said(&faults)));
            assert_eq!(said(&loaded.warnings), [""; 0], "{}", built_in.name);
            assert_eq!(loaded.plan.name, built_in.name);
        }
    }
}
