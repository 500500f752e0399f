//! A scripted model: a real HTTP server on 127.0.0.1 that speaks the vendors' protocols and polices every request.

mod answer;
mod cut;
mod delivery;
mod judge;
mod reply;
mod request;

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::watch;

pub use self::reply::Reply;
pub use self::request::{SeenRequest, Shape};

use self::cut::{CutListener, CutSwitch};

/// More than any test sends; a larger body is refused as vendors do.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

type Script = dyn Fn(&SeenRequest) -> Reply + Send + Sync;

/// A model under the control of a test.
///
/// It answers `…/chat/completions` and `…/responses` as OpenAI does (and Azure, at `/openai/deployments/NAME/…`),
/// `…/messages` as Anthropic, `…:generateContent` and `…:streamGenerateContent?alt=sse` as the Gemini API and Vertex AI, streamed when
/// asked to, and lists its models at `…/models` and `/api/tags`. It has its own threads, so tests without a runtime can use it too, and
/// stops on drop; a script must not block them.
///
/// A request that its vendor would refuse (not of the vendor's published description, a tool result without its call) or that no
/// careful client would send (no text, two system messages, a system message in the middle) is answered with 400 and kept in
/// [`ModelServer::violations`].
///
/// ```
/// use patchwork_testkit::model::{ModelServer, Reply};
///
/// let server = ModelServer::start(|request| Reply::text(format!("you said {}", request.user())));
/// assert!(server.openai_url().ends_with("/v1"));
/// ```
pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Taken on drop only.
    runtime: Option<Runtime>,
}

struct Shared {
    script: Box<Script>,
    models: Vec<String>,
    lenient: AtomicBool,
    requests: Mutex<Vec<SeenRequest>>,
    violations: Mutex<Vec<String>>,
    listings: AtomicUsize,
    in_flight: AtomicUsize,
    /// The most that were in flight at one time; watched by replies that wait for company.
    max_in_flight: watch::Sender<usize>,
}

impl ModelServer {
    /// Starts a server that answers what `script` says. It lists one model, `test-model`.
    ///
    /// # Panics
    /// When no port on 127.0.0.1 can be had.
    pub fn start(script: impl Fn(&SeenRequest) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_listing(&["test-model"], script)
    }

    /// [`ModelServer::start`] with the models that it lists.
    ///
    /// # Panics
    /// When no port on 127.0.0.1 can be had.
    #[expect(clippy::expect_used, reason = "a test that has no server must fail loudly")]
    pub fn start_listing(
        models: &[&str],
        script: impl Fn(&SeenRequest) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            script: Box::new(script),
            models: models.iter().map(|&model| model.to_owned()).collect(),
            lenient: AtomicBool::new(false),
            requests: Mutex::default(),
            violations: Mutex::default(),
            listings: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            max_in_flight: watch::Sender::new(0),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("model-server")
            .enable_all()
            .build()
            .expect("a runtime for the model server");
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port on 127.0.0.1");
        listener.set_nonblocking(true).expect("a non-blocking listener");
        let address = listener.local_addr().expect("the listener's address");
        let listener = {
            let _guard = runtime.enter();
            tokio::net::TcpListener::from_std(listener).expect("a listener on the runtime")
        };
        let app = axum::Router::new().fallback(answer).with_state(Arc::clone(&shared));
        runtime.spawn(async move {
            let app = app.into_make_service_with_connect_info::<CutSwitch>();
            // Serving ends with the runtime; its result says nothing that a test wants to know.
            let _ = axum::serve(CutListener(listener), app).await;
        });
        Self { address, shared, runtime: Some(runtime) }
    }

    /// A server that gives these replies in turn, the last one for ever.
    ///
    /// # Panics
    /// When `replies` is empty, or no port on 127.0.0.1 can be had.
    pub fn replying(replies: Vec<Reply>) -> Self {
        assert!(!replies.is_empty(), "a model server needs at least one reply");
        Self::start(move |request| {
            let index = request.index.min(replies.len() - 1);
            replies[index].clone()
        })
    }

    /// Takes fields that the vendor's published description does not know, as servers do that are only compatible with it. The
    /// other rules stay.
    #[must_use]
    pub fn lenient(self) -> Self {
        self.shared.lenient.store(true, Ordering::SeqCst);
        self
    }

    /// `http://127.0.0.1:PORT`, as for Ollama and llama.cpp.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base URL of the OpenAI protocol (`client_base_url`), also right for Anthropic's.
    pub fn openai_url(&self) -> String {
        format!("{}/v1", self.url())
    }

    /// The base URL of the Gemini protocol.
    pub fn gemini_url(&self) -> String {
        format!("{}/v1beta", self.url())
    }

    /// Every request for an answer so far, in the order of arrival.
    pub fn requests(&self) -> Vec<SeenRequest> {
        lock(&self.shared.requests).clone()
    }

    /// How many requests for an answer came.
    pub fn count(&self) -> usize {
        lock(&self.shared.requests).len()
    }

    /// How often the list of models was asked for.
    pub fn listings(&self) -> usize {
        self.shared.listings.load(Ordering::SeqCst)
    }

    /// The most requests that were waiting for their answer at one time.
    pub fn max_in_flight(&self) -> usize {
        *self.shared.max_in_flight.borrow()
    }

    /// What was wrong with requests, each named by its number.
    pub fn violations(&self) -> Vec<String> {
        lock(&self.shared.violations).clone()
    }

    /// Fails the test when any request broke the rules.
    ///
    /// # Panics
    /// When [`ModelServer::violations`] is not empty.
    #[track_caller]
    pub fn assert_polite(&self) {
        let violations = self.violations();
        assert!(violations.is_empty(), "impolite requests to the model: {violations:#?}");
    }

    /// Fails the test when a secret is anywhere but in the header that authorizes.
    ///
    /// # Panics
    /// When one of `secrets` is in a path, a body or another header.
    #[track_caller]
    pub fn assert_no_secret(&self, secrets: &[&str]) {
        for request in lock(&self.shared.requests).iter() {
            for secret in secrets {
                let place = request.place_of(secret);
                assert!(place.is_none(), "request {} has a secret in its {place:?}", request.index);
            }
        }
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A plain drop would block, which is not allowed inside another runtime.
            runtime.shutdown_background();
        }
    }
}

/// Counts a request as in flight until its answer is there or its client is gone.
struct InFlight<'a>(&'a Shared);

impl<'a> InFlight<'a> {
    fn new(shared: &'a Shared) -> Self {
        let now = shared.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        shared.max_in_flight.send_if_modified(|max| {
            let more = now > *max;
            *max = now.max(*max);
            more
        });
        Self(shared)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(switch): ConnectInfo<CutSwitch>,
    request: Request<Body>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    if head.method == Method::GET {
        return list_models(&shared, head.uri.path());
    }
    let Some(shape) = Shape::of_path(head.uri.path()) else {
        return reply::json_response(StatusCode::NOT_FOUND, &json!({"error": {"message": "no such path"}}));
    };
    let _in_flight = InFlight::new(&shared);
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return reply::json_response(
            StatusCode::PAYLOAD_TOO_LARGE,
            &json!({"error": {"message": "too large"}}),
        );
    };
    let seen = {
        let mut requests = lock(&shared.requests);
        let seen = SeenRequest::new(requests.len(), shape, &head, &body);
        requests.push(seen.clone());
        seen
    };
    let fault = || (!shared.lenient.load(Ordering::SeqCst)).then(|| seen.fault()).flatten();
    let reply = match seen.violation().or_else(fault) {
        Some(violation) => refuse(&shared, &seen, &violation),
        None => catch_unwind(AssertUnwindSafe(|| (shared.script)(&seen)))
            .unwrap_or_else(|_| refuse(&shared, &seen, "the script of the test panicked")),
    };
    reply.send(&seen, &switch, shared.max_in_flight.subscribe()).await
}

fn refuse(shared: &Shared, seen: &SeenRequest, violation: &str) -> Reply {
    lock(&shared.violations).push(format!("request {}: {violation}", seen.index));
    Reply::error(400, violation)
}

fn list_models(shared: &Shared, path: &str) -> Response<Body> {
    let list = |entry: fn(&str) -> Value| shared.models.iter().map(|model| entry(model)).collect::<Vec<_>>();
    let body = match path {
        "/api/tags" => json!({"models": list(|model| json!({"name": model}))}),
        "/v1beta/models" => json!({"models": list(|model| json!({"name": format!("models/{model}")}))}),
        _ if path.ends_with("/models") => {
            json!({"object": "list", "data": list(|model| json!({"id": model, "object": "model"}))})
        }
        _ => {
            let body = json!({"error": {"message": "no such path"}});
            return reply::json_response(StatusCode::NOT_FOUND, &body);
        }
    };
    shared.listings.fetch_add(1, Ordering::SeqCst);
    reply::json_response(StatusCode::OK, &body)
}

/// An answer in the four-section format that AutoFix asks for. The fence is longer than any in `code`.
pub fn fix_reply(commit: &str, summary: &str, risk: &str, code: &str) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let newline = if code.ends_with('\n') { "" } else { "\n" };
    format!(
        "A. Commit message:\n{commit}\n\nB. Change summary:\n{summary}\n\nC. Compatibility Risk:\n{risk}\n\n\
         D. Fixed Code:\n{fence}\n{code}{newline}{fence}\n"
    )
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
