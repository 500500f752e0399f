//! Every journal format that was ever released can still be read. A folder each, with the journal of one AutoFix run
//! that fixed one finding.

use std::path::Path;

use patchwork_core::event::EventBody;
use patchwork_core::journal::{FILE, Journal, JournalOptions};
use patchwork_core::run::RunStatus;

#[tokio::test]
async fn every_format_is_read() {
    let formats = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats");
    let mut read = 0;
    for folder in std::fs::read_dir(formats).unwrap() {
        let folder = folder.unwrap().path();
        // Opening may migrate: never in the repository itself.
        let state = tempfile::tempdir().unwrap();
        std::fs::copy(folder.join(FILE), state.path().join(FILE)).unwrap();
        let journal = Journal::open(state.path(), JournalOptions::default()).unwrap();

        let runs = journal.runs().await.unwrap();
        assert_eq!(runs.len(), 1, "{}", folder.display());
        let run = &runs[0];
        assert_eq!((run.patchflow.as_str(), run.status), ("AutoFix", RunStatus::Done));
        let result = run.result.as_ref().unwrap();
        assert_eq!(result["outputs"]["counts"]["fixed"], 1);
        assert_eq!(result["totals"]["calls"], 1);

        let spec = journal.spec(&run.id).await.unwrap();
        assert_eq!(spec.plan.name, "AutoFix");
        assert_eq!(spec.inputs["openai_api_key"]["$secret"], "openai_api_key");

        let events = journal.events(&run.id).await.unwrap();
        assert!(matches!(events[0].body, EventBody::RunStarted { .. }));
        assert!(matches!(
            events.last().unwrap().body,
            EventBody::RunFinished { status: RunStatus::Done, .. }
        ));
        let keys = journal.keys(&run.id).await.unwrap();
        let (answer, _) = keys.iter().find(|(key, _)| key.contains("#call")).unwrap();
        let stored = journal.get(&run.id, answer).await.unwrap().unwrap();
        assert!(stored.value["text"].as_str().unwrap().contains("D. Fixed Code:"));
        read += 1;
    }
    assert!(read > 0);
}
