//! A git remote over HTTP: git's own `http-backend` behind a small server on 127.0.0.1, with authentication.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::runtime::Runtime;

/// Serves the bare repositories below a folder at `http://127.0.0.1:PORT/<path>`, to whoever gives the token as the
/// password of basic authentication. Stops on drop.
pub struct GitHttp {
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

struct Shared {
    root: PathBuf,
    token: String,
    pushes: Mutex<Vec<String>>,
    fetches: Mutex<Vec<String>>,
}

impl GitHttp {
    /// Starts serving.
    ///
    /// # Panics
    /// When no port on 127.0.0.1 can be had.
    #[expect(clippy::expect_used, reason = "a test that has no server must fail loudly")]
    pub fn start(root: &Path, token: &str) -> Self {
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            token: token.to_owned(),
            pushes: Mutex::default(),
            fetches: Mutex::default(),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("git-http")
            .enable_all()
            .build()
            .expect("a runtime for the git server");
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)))
            .expect("a free port on 127.0.0.1");
        let address = listener.local_addr().expect("the listener's address");
        let app = axum::Router::new().fallback(answer).with_state(shared.clone());
        runtime.spawn(async move {
            // Serving ends with the runtime; its result says nothing that a test wants to know.
            let _ = axum::serve(listener, app).await;
        });
        Self { address, shared, runtime: Some(runtime) }
    }

    /// The URL of a repository below the folder.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// The paths of all requests for objects or lists of references that were answered, in order.
    pub fn fetches(&self) -> Vec<String> {
        self.shared.fetches.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The paths of all pushes that were received, in order.
    pub fn pushes(&self) -> Vec<String> {
        self.shared.pushes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for GitHttp {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    if !authorized(&head.headers, &shared.token) {
        return Response::builder()
            .status(StatusCode::UNAUTHORIZED)
            .header("www-authenticate", "Basic realm=\"git\"")
            .body(Body::empty())
            .unwrap_or_default();
    }
    let Ok(body) = axum::body::to_bytes(body, 256 << 20).await else { return failed() };
    let path = head.uri.path().to_owned();
    if head.method == axum::http::Method::POST && path.ends_with("/git-receive-pack") {
        shared.pushes.lock().unwrap_or_else(PoisonError::into_inner).push(path.clone());
    }
    if head.method == axum::http::Method::POST && path.ends_with("/git-upload-pack") {
        shared.fetches.lock().unwrap_or_else(PoisonError::into_inner).push(path.clone());
    }
    let header =
        |name: &str| head.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let spawned = Command::new("git")
        .arg("http-backend")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_PROJECT_ROOT", &shared.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", &path)
        .env("QUERY_STRING", head.uri.query().unwrap_or_default())
        .env("REQUEST_METHOD", head.method.as_str())
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("REMOTE_USER", "test")
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let Ok(mut child) = spawned else { return failed() };
    let Some(mut stdin) = child.stdin.take() else { return failed() };
    let feed = tokio::spawn(async move {
        // A backend that refuses early closes its end; its answer says why.
        let _ = stdin.write_all(&body).await;
    });
    let Ok(output) = child.wait_with_output().await else { return failed() };
    let _ = feed.await;
    cgi_response(&output.stdout).unwrap_or_else(failed)
}

fn failed() -> Response<Body> {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

/// Whether the password of `Authorization: Basic …` is the token.
fn authorized(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let Some(encoded) = given.strip_prefix("Basic ") else { return false };
    let plain = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    plain.is_some_and(|plain| plain.split_once(':').is_some_and(|(_, password)| password == token))
}

/// The answer of a CGI program: headers, an empty line, the body.
fn cgi_response(bytes: &[u8]) -> Option<Response<Body>> {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")?;
    let mut response = Response::builder();
    for line in std::str::from_utf8(&bytes[..end]).ok()?.split("\r\n") {
        let (name, value) = line.split_once(": ")?;
        if name.eq_ignore_ascii_case("status") {
            response = response.status(value.split(' ').next()?.parse::<u16>().ok()?);
        } else {
            response = response.header(name, value);
        }
    }
    response.body(Body::from(bytes[end + 4..].to_vec())).ok()
}
