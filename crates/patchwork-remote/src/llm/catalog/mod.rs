//! The catalogue: who sells models, under which names, at what price, and how they want to be asked. Rows of data, which users
//! add to.

mod rows;
#[cfg(test)]
mod tests;
mod traits;
mod vendor;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde_json::Value;

pub use self::rows::RowFault;
pub use self::traits::{
    Abilities, Auth, Effort, MaxTokensField, Quirks, SeedField, SystemRole, Temperature, Thinking, Tokenizer,
};
pub use self::vendor::{LongPrompt, Model, Profile, Protocol, Vendor, VendorLimits};

static BUILT_IN: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the program; a test reads it")]
    let rows = serde_saphyr::from_str(include_str!("catalog.yml")).expect("the built-in catalogue is YAML");
    #[expect(clippy::expect_used, reason = "the file is part of the program; a test reads it")]
    Arc::new(Catalog::read(rows).expect("the built-in catalogue is well-formed"))
});

/// Vendors and their models.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalog {
    /// As they are written.
    rows: Value,
    /// In the order in which a default is looked for.
    vendors: Vec<Arc<Vendor>>,
    /// Hosts of no vendor here where `openai/` is part of a model's name.
    prefixed_hosts: Vec<String>,
}

impl Catalog {
    /// The catalogue that comes with the program.
    pub fn built_in() -> Arc<Self> {
        BUILT_IN.clone()
    }

    /// This catalogue with rows of the user's: a list of vendors of the same shape, merged by id, their models by name. What
    /// a row leaves out stays as it was; `null` takes it away. All that is wrong is told.
    pub fn with_rows(&self, rows: &Value) -> Result<Arc<Self>, Vec<RowFault>> {
        rows::merged(self.rows.clone(), rows).map(Arc::new)
    }

    /// All vendors, in the order in which a default is looked for.
    pub fn vendors(&self) -> &[Arc<Vendor>] {
        &self.vendors
    }

    /// The servers on the user's own machine that are looked for.
    pub fn local(&self) -> impl Iterator<Item = &Arc<Vendor>> {
        self.vendors.iter().filter(|vendor| vendor.local)
    }

    /// The options that hold keys, each with the environment variables that set it, the strongest first.
    pub fn keys(&self) -> BTreeMap<String, Vec<String>> {
        vendor::keys(&self.vendors)
    }

    /// The vendor of this id or alias.
    pub fn vendor(&self, id: &str) -> Option<&Arc<Vendor>> {
        self.vendors.iter().find(|vendor| vendor.id == id || vendor.aliases.iter().any(|alias| alias == id))
    }

    /// The vendor whose model this bare name is.
    pub fn vendor_of(&self, model: &str) -> Option<&Arc<Vendor>> {
        self.vendors.iter().find(|vendor| vendor.sells(model))
    }

    /// The vendor that is at a host.
    pub fn vendor_at(&self, host: &str) -> Option<&Arc<Vendor>> {
        self.vendors.iter().find(|vendor| vendor.is_at(host))
    }

    /// Whether `openai/` is part of a model's name at a host.
    pub fn is_prefixed(&self, host: &str) -> bool {
        self.prefixed_hosts.iter().any(|known| known == host)
            || self.vendor_at(host).is_some_and(|vendor| vendor.models.iter().any(|m| m.name.contains('/')))
    }

    /// What is known of a model wherever it is served: by the vendor's row, or for a vendor that is not known by that of
    /// whoever made the model.
    pub fn profile(&self, vendor: Option<&Vendor>, model: &str) -> Profile {
        match vendor {
            Some(vendor) => vendor.profile(model),
            // Prices and sizes go with the model; what a server of somebody else's can do does not.
            None => {
                let known = self.vendors.iter().find(|vendor| vendor.model(model).is_some());
                let Some(known) = known.map(|vendor| vendor.profile(model)) else {
                    return Profile::default();
                };
                // But whoever passes calls on to a reasoning model must be given the limit as that wants it.
                let reasons = known.abilities.sampling == Some(false);
                let max_tokens_field = known.quirks.max_tokens_field.filter(|_| reasons);
                Profile {
                    abilities: Abilities::default(),
                    quirks: Quirks { max_tokens_field, ..Quirks::default() },
                    ..known
                }
            }
        }
    }

    /// Every name of a model, for "did you mean".
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.vendors.iter().flat_map(|vendor| &vendor.models).map(|model| model.name.as_str())
    }
}
