//! A local stand-in for GitHub: it keeps pull requests, judges every request as strictly as GitHub does and speaks real
//! HTTP on 127.0.0.1.

mod github;
mod judge;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use serde_json::Value;
use tokio::sync::oneshot;

/// A request as it came in. The token is not kept; whether it was right is.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path without `/api/v3`.
    pub path: String,
    /// The query, unescaped, in order.
    pub query: Vec<(String, String)>,
    /// The body; null when it had none.
    pub body: Value,
    /// Headers with lower-case names, without `authorization`.
    pub headers: Vec<(String, String)>,
    /// The status of the answer.
    pub status: u16,
}

/// A pull request that the stand-in keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// Whether it is open.
    pub open: bool,
    /// `owner/name` of the repository that holds the head; the stand-in's own, or a fork.
    pub head_repository: String,
    /// The branch with the changes.
    pub head: String,
    /// The branch to merge into.
    pub base: String,
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
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
    Rival(Pull),
}

impl Scripted {
    /// An answer with GitHub's kind of message.
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

/// What the stand-in knows.
#[derive(Debug)]
struct Site {
    url: String,
    /// `owner/name`, as it is now.
    slug: String,
    /// A name it had before; requests for it are redirected.
    old_slug: Option<String>,
    token: String,
    may_push: bool,
    installation: bool,
    archived: bool,
    pulls: Vec<Pull>,
    script: Vec<(String, VecDeque<Scripted>)>,
    requests: Vec<Recorded>,
}

/// The stand-in. It stops when it is dropped.
#[derive(Debug)]
pub struct ForgeServer {
    site: Arc<Mutex<Site>>,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ForgeServer {
    /// Starts a GitHub that holds the repository `slug` (`owner/name`) and takes one token, which may push.
    pub fn github(slug: &str, token: &str) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let site = Arc::new(Mutex::new(Site {
            url: url.clone(),
            slug: slug.to_owned(),
            old_slug: None,
            token: token.to_owned(),
            may_push: true,
            installation: false,
            archived: false,
            pulls: Vec::new(),
            script: Vec::new(),
            requests: Vec::new(),
        }));
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let router = Router::new().fallback(serve).with_state(site.clone());
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
        Ok(Self { site, url, stop: Some(stop), thread: Some(thread) })
    }

    /// Its address: what tests give as `scm_url`. `/api/v3` below it works too.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Takes the right to push from the token.
    pub fn read_only(&self) {
        self.site().may_push = false;
    }

    /// Makes the token one of an app's installation: its `permissions` say `push: false`, though it may.
    pub fn installation_token(&self) {
        let mut site = self.site();
        site.may_push = false;
        site.installation = true;
    }

    /// Archives the repository.
    pub fn archive(&self) {
        self.site().archived = true;
    }

    /// Renames the repository; the old name is redirected.
    pub fn rename(&self, slug: &str) {
        let mut site = self.site();
        site.old_slug = Some(std::mem::replace(&mut site.slug, slug.to_owned()));
    }

    /// Puts a pull request there. Its number is given by the stand-in when it is 0.
    pub fn add(&self, mut pull: Pull) -> u64 {
        let mut site = self.site();
        if pull.number == 0 {
            pull.number = site.next_number();
        }
        let number = pull.number;
        site.pulls.push(pull);
        number
    }

    /// A pull request of this repository that is open, for [`ForgeServer::add`] and [`Scripted::Rival`].
    pub fn pull(&self, base: &str, head: &str, title: &str, body: &str) -> Pull {
        Pull {
            number: 0,
            open: true,
            head_repository: self.site().slug.clone(),
            head: head.to_owned(),
            base: base.to_owned(),
            title: title.to_owned(),
            body: body.to_owned(),
        }
    }

    /// What happens to the next requests of a method (`POST`), in order; later ones are served as usual.
    pub fn script(&self, method: &str, next: impl IntoIterator<Item = Scripted>) {
        let mut site = self.site();
        match site.script.iter_mut().find(|(m, _)| m == method) {
            Some((_, queue)) => queue.extend(next),
            None => site.script.push((method.to_owned(), next.into_iter().collect())),
        }
    }

    /// All pull requests.
    pub fn pulls(&self) -> Vec<Pull> {
        self.site().pulls.clone()
    }

    /// All requests, in order.
    pub fn requests(&self) -> Vec<Recorded> {
        self.site().requests.clone()
    }

    /// The requests in short (`POST /repos/owner/name/pulls 201`), in order.
    pub fn log(&self) -> Vec<String> {
        self.requests().iter().map(|r| format!("{} {} {}", r.method, r.path, r.status)).collect()
    }

    fn site(&self) -> MutexGuard<'_, Site> {
        lock(&self.site)
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
    }
}

impl Site {
    fn next_number(&self) -> u64 {
        self.pulls.iter().map(|p| p.number).max().unwrap_or(0) + 1
    }

    fn scripted(&mut self, method: &str) -> Option<Scripted> {
        self.script.iter_mut().find(|(m, _)| m == method)?.1.pop_front()
    }
}

/// An answer before it is sent.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string() }
    }

    fn into_response(self, cut: bool) -> Response {
        let mut response = Response::new(if cut {
            let part = Bytes::from(self.body.into_bytes().into_iter().take(1).collect::<Vec<_>>());
            let lost = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            Body::from_stream(futures_util::stream::iter([Ok(part), Err(lost)]))
        } else {
            Body::from(self.body)
        });
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::IM_A_TEAPOT);
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) =
                (name.parse::<axum::http::HeaderName>(), value.parse::<axum::http::HeaderValue>())
            {
                response.headers_mut().insert(name, value);
            }
        }
        response
            .headers_mut()
            .entry("content-type")
            .or_insert_with(|| axum::http::HeaderValue::from_static("application/json; charset=utf-8"));
        response
    }
}

async fn serve(
    State(site): State<Arc<Mutex<Site>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut site = lock(&site);
    let mut cut = false;
    let request = github::Request::new(&method, &uri, &headers, &body);
    let answer = match site.scripted(method.as_str()) {
        Some(Scripted::Answer { status, headers, body }) => Answer { status, headers, body },
        Some(Scripted::LostAnswer) => {
            cut = true;
            github::answer(&mut site, &request)
        }
        Some(Scripted::Rival(mut pull)) => {
            pull.number = site.next_number();
            site.pulls.push(pull);
            github::answer(&mut site, &request)
        }
        None => github::answer(&mut site, &request),
    };
    site.requests.push(request.recorded(answer.status));
    answer.into_response(cut)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
