//! A scanner whose reports are in the journal: the same files are not scanned twice in a run, nor when it is replayed.

use std::sync::Arc;

use async_trait::async_trait;
use patchwork_core::engine::hex;
use patchwork_core::port::scanner::{ScanRequest, Scanner};
use patchwork_core::step::{Context, StepError};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::{Choice, choose, rules};

/// What [`choose`] gives for the same words, with its name and its reports recorded. Built-in rules are asked again in
/// place of that: they are as quick as the journal.
pub(crate) async fn recorded(
    ctx: &Context,
    choice: Choice,
    semgrep_extra_args: &str,
) -> Result<Arc<dyn Scanner>, StepError> {
    if choice == Choice::Rules {
        return Ok(rules::scanner_again());
    }
    let live = Arc::new(OnceCell::new());
    let chosen = Chosen { choice, arguments: semgrep_extra_args.to_owned(), live };
    let (in_task, ctx_in_task) = (chosen.clone(), ctx.clone());
    let key = (choice, semgrep_extra_args);
    let (choice, name): (Choice, String) = ctx
        .once("scanner", &key, async move {
            let (choice, scanner) = in_task.get(&ctx_in_task).await?;
            Ok((*choice, scanner.name()))
        })
        .await?;
    if choice == Choice::Rules {
        return Ok(rules::scanner_again());
    }
    Ok(Arc::new(Recorded { chosen, name }))
}

#[derive(Clone)]
struct Chosen {
    choice: Choice,
    arguments: String,
    /// Looked for when the first report is not recorded.
    live: Arc<OnceCell<(Choice, Arc<dyn Scanner>)>>,
}

impl Chosen {
    async fn get(&self, ctx: &Context) -> Result<&(Choice, Arc<dyn Scanner>), StepError> {
        self.live.get_or_try_init(|| choose(ctx, self.choice, &self.arguments)).await
    }
}

struct Recorded {
    chosen: Chosen,
    name: String,
}

#[async_trait]
impl Scanner for Recorded {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn scan(&self, ctx: &Context, request: &ScanRequest) -> Result<Value, StepError> {
        let mut contents = Vec::with_capacity(request.paths.len());
        for path in &request.paths {
            let bytes = tokio::fs::read(ctx.root()?.join(path)).await;
            contents.push(bytes.ok().map(|bytes| hex(&Sha256::digest(&bytes))));
        }
        let (chosen, in_task, asked) = (self.chosen.clone(), ctx.clone(), request.clone());
        ctx.once("scan", &(&self.name, &request.paths, contents), async move {
            let (_, scanner) = chosen.get(&in_task).await?;
            scanner.scan(&in_task, &asked).await
        })
        .await
    }
}
