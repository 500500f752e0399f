//! Every journal format that was ever released can still be read. A folder each, with the journal of one AutoFix run
//! that fixed one finding. That of format 2 had a second finding, whose calls were refused, a limit on cost, and kept its
//! answers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

use patchwork_core::event::EventBody;
use patchwork_core::journal::{FILE, FORMAT, Journal, JournalOptions, Recording, TryState};
use patchwork_core::port::provider::ProviderErrorKind;
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

        let recording = journal.recording(&run.id).await.unwrap();
        assert_eq!((recording.outcomes.len(), recording.status), (keys.len(), RunStatus::Done));
        let file = state.path().join("run.cassette");
        recording.write(std::fs::File::create(&file).unwrap()).unwrap();
        assert_eq!(Recording::read(&file).unwrap(), recording);
        if folder.ends_with("1") {
            assert_eq!(recording.calls, []);
        } else {
            calls_are_read(&journal, &recording).await;
            kept_answers_are_read(&journal).await;
        }
        read += 1;
    }
    assert_eq!(read, FORMAT);
}

/// What format 2 added.
async fn calls_are_read(journal: &Journal, recording: &Recording) {
    let run = &recording.spec.id;
    assert_eq!(journal.spec(run).await.unwrap().limits.cost.unwrap().0, 1_000_000);
    let tries = journal.tries(run).await.unwrap();
    let of = |state| tries.iter().filter(|entry| entry.state == state).collect::<Vec<_>>();
    let (answered, lost) = (of(TryState::Answered), of(TryState::Lost));
    assert_eq!((tries.len(), answered.len(), lost.len()), (3, 1, 2));
    assert_eq!(answered[0].answer.unwrap().usage.input_tokens, 400);
    assert_eq!(answered[0].amount.tokens, 490);
    assert_eq!(lost[0].amount.tokens, 0);

    // Answered calls first, each with its request, which stands compressed among the blobs.
    let [fixed, refused, again] = recording.calls.as_slice() else { panic!("{:?}", recording.calls) };
    assert!(fixed.asked.request.messages.iter().any(|message| message.content.contains("hashlib.md5")));
    assert!(fixed.error.is_none());
    for call in [refused, again] {
        assert_eq!(call.error.as_ref().unwrap().kind, ProviderErrorKind::InvalidRequest);
        assert_eq!(call.asked.request.messages, refused.asked.request.messages);
    }
}

async fn kept_answers_are_read(journal: &Journal) {
    let db = rusqlite::Connection::open(journal.state_dir().join(FILE)).unwrap();
    let digest: String = db.query_row("select digest from answers", [], |row| row.get(0)).unwrap();
    let answer = journal.kept_answer(&digest, 0..i64::MAX).await.unwrap().unwrap();
    assert!(answer.text.contains("D. Fixed Code:"));
    assert_eq!(journal.kept_answer(&digest, 0..1).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_broken_inside_is_called_damage() {
    let state = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/2").join(FILE);
    std::fs::copy(source, state.path().join(FILE)).unwrap();
    let db = rusqlite::Connection::open(state.path().join(FILE)).unwrap();
    db.execute("update blobs set body = substr(body, 1, 20)", []).unwrap();
    drop(db);
    let journal = Journal::open(state.path(), JournalOptions::default()).unwrap();
    let run = journal.runs().await.unwrap().remove(0).id;
    let failure = journal.recording(&run).await.unwrap_err();
    assert!(failure.message.contains("is damaged"), "{failure}");
    assert_eq!(failure.exit_code(), 3);
}
