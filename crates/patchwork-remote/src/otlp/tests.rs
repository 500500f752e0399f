use patchwork_core::event::EventBody;
use patchwork_core::run::{NodePath, RunStatus};
use patchwork_core::secret::Secret;
use patchwork_testkit::otlp::{OtlpReceiver, Scripted};

use super::*;

/// Nothing is sent before the end unless a batch has come together.
const CALM: Pace = Pace {
    spans: Duration::from_secs(3_600),
    metrics: Duration::from_secs(3_600),
    batch: 512,
    queue: 8_192,
    flush: Duration::from_secs(30),
};

struct Setup {
    otlp: Otlp,
    warnings: Arc<Mutex<Vec<String>>>,
    seq: u64,
}

impl Setup {
    fn new(endpoint: &str, more: &[(&str, &str)], pace: Pace) -> Self {
        let found = Settings::read(|name| {
            let base = (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then_some(endpoint);
            base.or_else(|| more.iter().find(|(known, _)| *known == name).map(|(_, value)| *value))
                .map(str::to_owned)
        });
        let secrets = Secrets::new();
        secrets.insert("key", Secret::new("sk-0123456789"));
        let warnings = Arc::<Mutex<Vec<String>>>::default();
        let heard = warnings.clone();
        let warn = Box::new(move |text: &str| heard.lock().unwrap().push(text.to_owned()));
        let otlp = Otlp::with_pace(found.settings.unwrap(), &secrets, pace, warn);
        otlp.begin(&RunId::parse("run-1").unwrap(), "AutoFix");
        Self { otlp, warnings, seq: 0 }
    }

    fn tell(&mut self, body: EventBody) {
        self.seq += 1;
        let at_ms = SystemClock.now_ms();
        self.otlp.event(&Event { seq: self.seq, at_ms, node: NodePath::root().child("scan"), body });
    }

    fn run(&mut self, nodes: usize) {
        self.tell(EventBody::RunStarted { patchflow: "AutoFix".to_owned() });
        self.nodes(nodes);
        self.tell(EventBody::RunFinished { status: RunStatus::Done, failure: None });
    }

    fn nodes(&mut self, nodes: usize) {
        for _ in 0..nodes {
            let uses = || "Scan sk-0123456789".to_owned();
            self.tell(EventBody::NodeStarted { uses: uses(), attempt: 1 });
            self.tell(EventBody::NodeCompleted { uses: uses(), recorded: false });
        }
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap().clone()
    }
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(tokio::time::Instant::now() < deadline, "in a minute there was no {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn everything_arrives_once_with_the_headers_and_without_secrets() {
    let receiver = OtlpReceiver::start().unwrap();
    let more = [
        ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20abc,content-type=text/html"),
        ("OTEL_SERVICE_NAME", "ci sk-0123456789"),
    ];
    let mut setup = Setup::new(receiver.url(), &more, CALM);
    setup.run(3);
    setup.otlp.close().await;

    assert_eq!(receiver.faults(), [""; 0]);
    assert_eq!(setup.warnings(), [""; 0]);
    let spans = receiver.spans();
    assert_eq!(spans.len(), 4);
    assert_eq!(spans[0].resource["service.name"], "ci ***");
    assert_eq!(spans[0].resource["service.instance.id"], "run-1");
    assert_eq!(receiver.points().len(), 2);
    let requests = receiver.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(request.headers["authorization"], "Bearer abc");
        assert!(!String::from_utf8_lossy(&request.body).contains("sk-01"));
    }
}

#[tokio::test]
async fn a_long_run_is_sent_while_it_goes_on() {
    let receiver = OtlpReceiver::start().unwrap();
    let mut setup = Setup::new(receiver.url(), &[], Pace { batch: 2, ..CALM });
    setup.tell(EventBody::RunStarted { patchflow: "AutoFix".to_owned() });
    setup.nodes(5);
    until("batch", || receiver.spans().len() >= 4).await;
    setup.tell(EventBody::RunFinished { status: RunStatus::Done, failure: None });
    setup.otlp.close().await;
    // What was under way at the end is sent again: better twice than not at all.
    let spans: std::collections::BTreeSet<String> =
        receiver.spans().into_iter().map(|span| span.id).collect();
    assert_eq!(spans.len(), 6);

    let receiver = OtlpReceiver::start().unwrap();
    let often = Pace { spans: Duration::from_millis(10), metrics: Duration::from_millis(10), ..CALM };
    let mut setup = Setup::new(receiver.url(), &[], often);
    setup.tell(EventBody::RunStarted { patchflow: "AutoFix".to_owned() });
    setup.nodes(1);
    until("span at its time", || receiver.spans().len() == 1).await;
    setup.otlp.close().await;
}

#[tokio::test]
async fn a_collector_that_is_busy_is_asked_again() {
    let receiver = OtlpReceiver::start().unwrap();
    let wait = || ("retry-after", "0".to_owned());
    receiver.script([Scripted::Status(503, vec![]), Scripted::Status(429, vec![wait()])]);
    let only_spans = [("OTEL_METRICS_EXPORTER", "none")];
    let mut setup = Setup::new(receiver.url(), &only_spans, CALM);
    setup.run(1);
    setup.otlp.close().await;
    let statuses: Vec<_> = receiver.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [503, 429, 200]);
    assert_eq!(receiver.spans().len(), 2);
    assert_eq!(setup.warnings(), [""; 0]);
}

#[tokio::test]
async fn a_collector_that_asks_for_ages_is_asked_once_more_at_the_end() {
    let receiver = OtlpReceiver::start().unwrap();
    receiver.script([Scripted::Status(503, vec![("retry-after", "1e18".to_owned())])]);
    let mut setup =
        Setup::new(receiver.url(), &[("OTEL_METRICS_EXPORTER", "none")], Pace { batch: 1, ..CALM });
    setup.tell(EventBody::RunStarted { patchflow: "AutoFix".to_owned() });
    setup.nodes(1);
    until("first request", || receiver.requests().len() == 1).await;
    setup.tell(EventBody::RunFinished { status: RunStatus::Done, failure: None });
    setup.otlp.close().await;
    assert_eq!(receiver.spans().len(), 2);
    assert_eq!(setup.warnings(), [""; 0]);
}

#[tokio::test]
async fn what_a_collector_refuses_is_told_once() {
    let cases: [(Scripted, &str); 5] = [
        (Scripted::Status(401, vec![]), "answered 401 Unauthorized; check OTEL_EXPORTER_OTLP_HEADERS"),
        (Scripted::Status(404, vec![]), "check OTEL_EXPORTER_OTLP_ENDPOINT"),
        (Scripted::Status(307, vec![("location", "http://127.0.0.1:1/".to_owned())]), "redirects"),
        (Scripted::Status(429, vec![("retry-after", "3600".to_owned())]), "answered 429"),
        (Scripted::Partial(2, "too\nold sk-0123456789"), "left out 2 of them: too old ***"),
    ];
    for (scripted, said) in cases {
        let receiver = OtlpReceiver::start().unwrap();
        let only_spans = [("OTEL_METRICS_EXPORTER", "none")];
        let mut setup = Setup::new(receiver.url(), &only_spans, Pace { batch: 1, ..CALM });
        receiver.script([scripted.clone(), scripted]);
        setup.run(1);
        setup.otlp.close().await;
        let warnings = setup.warnings();
        assert!(matches!(&warnings[..], [warning] if warning.contains(said)), "{said}: {warnings:?}");
    }
}

#[tokio::test]
async fn nobody_there_is_told_once_and_names_only_the_host() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let endpoint = format!("http://user:pa55word-1@{address}");
    let mut setup = Setup::new(&endpoint, &[], CALM);
    setup.run(1);
    setup.otlp.close().await;
    let warnings = setup.warnings();
    let [warning] = &warnings[..] else { panic!("{warnings:?}") };
    assert!(warning.contains(&format!("{address} can't be reached")), "{warning}");
    assert!(!warning.contains("pa55word") && !warning.contains("user"), "{warning}");
}

#[tokio::test]
async fn a_collector_that_never_answers_holds_the_end_up_no_longer_than_the_limit() {
    let receiver = OtlpReceiver::start().unwrap();
    receiver.fall_silent();
    let mut setup = Setup::new(receiver.url(), &[], Pace { flush: Duration::from_millis(50), ..CALM });
    setup.run(1);
    setup.otlp.close().await;
    assert!(
        matches!(&setup.warnings()[..], [w] if w.contains("did not take all of it within 50ms")),
        "{:?}",
        setup.warnings()
    );
}

#[tokio::test]
async fn spans_that_nobody_takes_fill_no_memory() {
    let receiver = OtlpReceiver::start().unwrap();
    receiver.fall_silent();
    let pace = Pace { batch: 4, queue: 8, flush: Duration::from_millis(50), ..CALM };
    let mut setup = Setup::new(receiver.url(), &[], pace);
    setup.run(100);
    let waiting = setup.otlp.shared.state().as_ref().map(|observed| (observed.waiting.len(), observed.lost));
    assert_eq!(waiting, Some((8, 93)));
    setup.otlp.close().await;
    assert_eq!(setup.warnings().len(), 1);
}
