//! The shell of every stand-in: real HTTP on 127.0.0.1, every request judged by the site's published description, recorded, and
//! now and then answered by a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use patchwork_core::port::forge::ForgeKind;
use serde_json::Value;
use tokio::sync::oneshot;

use super::answer::{Answer, Request};
use super::dialect::{self, Dialect};
use super::state::{Pull, State};
use crate::described::{Judge, Judgement};

/// A request as it came in. The token is not kept.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// `GET`, `POST`, …; `QUERY` and `MUTATION` for those of GraphQL.
    pub method: String,
    /// The path without the API's base (`/api/v3`).
    pub path: String,
    /// The query, unescaped, in order.
    pub query: Vec<(String, String)>,
    /// The body; null when it had none.
    pub body: Value,
    /// Headers with lower-case names, without those that hold a token.
    pub headers: Vec<(String, String)>,
    /// The status of the answer.
    pub status: u16,
}

/// What happens to a request in place of its work.
#[derive(Debug, Clone)]
pub enum Scripted {
    /// This answer, and nothing is done.
    Answer {
        /// The status.
        status: u16,
        /// Headers.
        headers: Vec<(String, String)>,
        /// The body, sent as it is.
        body: String,
    },
    /// The work is done, but the connection is cut before the answer is through.
    LostAnswer,
    /// Somebody opens this pull request first; then the work is done.
    Rival(Box<Pull>),
    /// The work is done as usual: for a script about a later request.
    Usual,
}

impl Scripted {
    /// An answer with the usual kind of message.
    pub fn status(status: u16, message: &str) -> Self {
        let body = serde_json::json!({ "message": message }).to_string();
        Self::Answer { status, headers: Vec::new(), body }
    }

    /// Adds a header to an answer.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.into()));
        }
        self
    }
}

/// What is scripted for requests of a method whose path contains a text.
#[derive(Debug)]
struct Script {
    method: String,
    part: String,
    next: VecDeque<Scripted>,
}

struct Inner {
    state: State,
    scripts: Vec<Script>,
    requests: Vec<Recorded>,
}

struct Server {
    dialect: &'static dyn Dialect,
    judge: Judge,
    inner: Mutex<Inner>,
}

/// The stand-in. It stops when it is dropped, and fails the test when a request or an answer was not as described.
pub struct ForgeServer {
    server: Arc<Server>,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for ForgeServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForgeServer").field("url", &self.url).finish_non_exhaustive()
    }
}

impl ForgeServer {
    /// Starts a GitHub that holds the repository `slug` (`owner/name`) and takes one token, which may push.
    pub fn github(slug: &str, token: &str) -> std::io::Result<Self> {
        Self::start(ForgeKind::GitHub, slug, token)
    }

    /// Starts a site that holds the repository `slug` and takes one token, which may push.
    pub fn start(kind: ForgeKind, slug: &str, token: &str) -> std::io::Result<Self> {
        let dialect = dialect::of(kind);
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let state = State::new(kind, &url, slug, token);
        let inner = Inner { state, scripts: Vec::new(), requests: Vec::new() };
        let judge = Judge::new(dialect.description());
        let server = Arc::new(Server { dialect, judge, inner: Mutex::new(inner) });
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let router = Router::new()
            .fallback(serve)
            .layer(axum::extract::DefaultBodyLimit::max(64 << 20))
            .with_state(server.clone());
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                tokio::select! {
                    _ = axum::serve(listener, router) => {}
                    // Open connections are not waited for: a client may hold them as long as it likes.
                    _ = stopped => {}
                }
            });
        });
        Ok(Self { server, url, stop: Some(stop), thread: Some(thread) })
    }

    /// Its address: what tests give as `scm_url`. The API's base below it (`/api/v3`) works too.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Looks at what the site holds, or changes it.
    pub fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.server.lock().state)
    }

    /// All requests, in order.
    pub fn requests(&self) -> Vec<Recorded> {
        self.server.lock().requests.clone()
    }

    /// What was not as the site's description has it, so far; it is forgotten: for tests that send such things on purpose.
    pub fn faults(&self) -> Vec<String> {
        self.server.judge.take_faults()
    }

    pub(super) fn scripts(&self, method: &str, part: &str, next: VecDeque<Scripted>) {
        let mut inner = self.server.lock();
        match inner.scripts.iter_mut().find(|script| script.method == method && script.part == part) {
            Some(script) => script.next.extend(next),
            None => inner.scripts.push(Script { method: method.to_owned(), part: part.to_owned(), next }),
        }
    }
}

impl Drop for ForgeServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.server.judge.assert_no_faults();
    }
}

impl Server {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the request is one that the site takes, and what it says.
    fn admit(&self, inner: &mut Inner, request: &mut Request, judged: Option<Judgement>) -> Answer {
        let Inner { state, .. } = inner;
        if let Err(refused) = self.dialect.admit(state, request) {
            return refused;
        }
        match judged {
            None => self.undescribed(state, request),
            Some(Judgement::Refused(refused)) => self.dialect.refusal(refused.status, &refused.faults),
            Some(Judgement::Accepted(accepted)) => {
                request.operation = accepted.id();
                request.params = accepted.path_params;
                let answer = self.dialect.answer(state, request);
                if let Ok(body) = serde_json::from_str(&answer.body)
                    && answer.status < 300
                {
                    self.judge.check_answer(request.operation, answer.status, &body);
                }
                let real = state.replays.iter().find(|replay| replay.operation == request.operation);
                match real.filter(|_| answer.status == 200) {
                    Some(real) => real.over(request, answer),
                    None => answer,
                }
            }
        }
    }
}

impl Server {
    /// Answers what the description of the REST API does not hold: GraphQL, which has one of its own, and what redirects lead to.
    fn undescribed(&self, state: &mut State, request: &Request) -> Answer {
        let graphql = matches!(&*request.method, "QUERY" | "MUTATION");
        if graphql && let Err(refused) = self.judge.judge_graphql(request.body.to_string().as_bytes()) {
            let errors = refused.faults.iter().map(|fault| serde_json::json!({ "message": fault }));
            return Answer::json(200, &serde_json::json!({ "errors": errors.collect::<Vec<_>>() }));
        }
        let answer = self.dialect.undescribed(state, request);
        let answer = answer.unwrap_or_else(|| self.dialect.refusal(404, &[]));
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        if let (true, Some(data)) = (graphql, body.get("data").filter(|data| data.is_object())) {
            self.judge.check_graphql_answer(request.text("query").unwrap_or_default(), data);
        }
        answer
    }
}

impl Inner {
    fn scripted(&mut self, request: &Request) -> Option<Scripted> {
        let fits = |script: &&mut Script| {
            script.method == request.method && request.path.contains(&script.part) && !script.next.is_empty()
        };
        self.scripts.iter_mut().find(fits)?.next.pop_front()
    }
}

async fn serve(
    Shared(server): Shared<Arc<Server>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut request = Request::new(&method, &uri, &headers, &body, server.dialect);
    let described = server.dialect.is_described(&request);
    let judged = described.then(|| server.judge.judge_http(&method, &uri, &headers, &body));
    let mut inner = server.lock();
    let (mut cut, mut done) = (false, None);
    match inner.scripted(&request) {
        Some(Scripted::Answer { status, headers, body }) => done = Some(Answer { status, headers, body }),
        Some(Scripted::LostAnswer) => cut = true,
        Some(Scripted::Rival(pull)) => drop(inner.state.add_pull(*pull)),
        Some(Scripted::Usual) | None => {}
    }
    let answer = done.unwrap_or_else(|| server.admit(&mut inner, &mut request, judged));
    let answer = answer.unless_known(&request);
    inner.requests.push(request.recorded(answer.status));
    answer.into_response(cut)
}
