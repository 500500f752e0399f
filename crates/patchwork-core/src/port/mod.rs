//! The doors through which a run reaches the world: traits that `patchwork-repo` and `patchwork-remote` implement.

pub mod checkout;
pub mod clock;
pub mod forge;
pub mod history;
pub mod process;
pub mod provider;
pub mod scanner;
pub mod trial;
