//! Which state the worktree must be in before a step may look at it.
//!
//! Each node that writes the checkout leaves a checkpoint with its outcome. When outcomes are taken from the journal
//! the files may be anything (the process was killed in the middle of a write, the worktree is gone): they are brought
//! back to the newest checkpoint before the first step that looks at them.

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::failure::Failure;
use crate::port::checkout::{Checkout, Checkpoint};

pub(super) struct CheckoutState(RwLock<State>);

pub(super) struct State {
    /// The newest checkpoint, with its place among the outcomes.
    newest: Option<(u64, Checkpoint)>,
    /// Whether the files may differ from it.
    stale: bool,
}

impl CheckoutState {
    /// `stale` when the worktree was used before this process.
    pub(super) fn new(stale: bool) -> Self {
        Self(RwLock::new(State { newest: None, stale }))
    }

    /// Takes note of a checkpoint from the journal.
    pub(super) async fn recalled(&self, seq: u64, checkpoint: Checkpoint) {
        let mut state = self.0.write().await;
        if state.newest.as_ref().is_none_or(|(newest, _)| seq > *newest) {
            state.newest = Some((seq, checkpoint));
            state.stale = true;
        }
    }

    /// The tree that the last writer left.
    pub(super) async fn tree(&self) -> Option<String> {
        self.0.read().await.newest.as_ref().map(|(_, checkpoint)| checkpoint.tree.clone())
    }

    /// For a step that reads files: nobody writes meanwhile.
    pub(super) async fn read(&self, checkout: &dyn Checkout) -> Result<RwLockReadGuard<'_, State>, Failure> {
        let state = self.0.read().await;
        if !state.stale {
            return Ok(state);
        }
        drop(state);
        Ok(self.write(checkout).await?.downgrade())
    }

    /// For a step that writes files: it is alone.
    pub(super) async fn write(
        &self,
        checkout: &dyn Checkout,
    ) -> Result<RwLockWriteGuard<'_, State>, Failure> {
        let mut state = self.0.write().await;
        if state.stale {
            let target = match &state.newest {
                Some((_, checkpoint)) => checkpoint.clone(),
                None => {
                    let commit = checkout.base().commit.clone();
                    Checkpoint { tree: format!("{commit}^{{tree}}"), commit }
                }
            };
            checkout.restore(&target).await?;
            state.stale = false;
        }
        Ok(state)
    }
}

impl State {
    /// A step wrote, and this is what it left.
    pub(super) fn written(&mut self, checkpoint: Checkpoint) {
        let seq = self.newest.as_ref().map_or(0, |(seq, _)| *seq);
        self.newest = Some((seq, checkpoint));
    }

    /// A step failed and may have left anything.
    pub(super) fn spoiled(&mut self) {
        self.stale = true;
    }
}
