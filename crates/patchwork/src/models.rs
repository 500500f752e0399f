//! Models: who sells them, what is known of them, whether they can be reached.

pub use patchwork_remote::llm::{
    Catalog, GoogleSettings, Model, Models, ModelsSettings, Profile, Reach, RowFault, Standing, Vendor,
};
