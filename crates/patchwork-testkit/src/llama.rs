//! A real llama.cpp server with a tiny model of random weights: what it says is noise, how it says it is real.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// Names the Python that has `xllamacpp` and `gguf`; `cargo xtask test` sets it.
const PYTHON: &str = "PATCHWORK_TEST_LLAMA";

/// Set by a person who can't have these: tests that need the server are left out.
const SKIP: &str = "PATCHWORK_TEST_SKIP_LLAMA";

/// The key that the server wants.
pub const KEY: &str = "sk-llama-test-key";

/// The name of its model.
pub const MODEL: &str = "tiny";

/// A server that ends with this value.
pub struct LlamaServer {
    child: Child,
    /// The server reads from it until it is closed: it does not outlive a test that is killed.
    _stdin: Option<ChildStdin>,
    port: u16,
    _dir: tempfile::TempDir,
}

impl LlamaServer {
    /// Starts a server; `None` when whoever runs the tests has said that they can't have one.
    ///
    /// # Panics
    /// When it can't be started, or does not say its port.
    #[expect(clippy::expect_used, clippy::panic, reason = "a test without its server must fail")]
    pub fn start() -> Option<Self> {
        if std::env::var_os(SKIP).is_some() {
            return None;
        }
        let python = std::env::var_os(PYTHON)
            .map(PathBuf::from)
            .unwrap_or_else(|| panic!("{PYTHON} is not set: run `cargo xtask test`, or set {SKIP}=1"));
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("llama");
        let dir = tempfile::tempdir().expect("a temporary folder");
        let model = dir.path().join("tiny.gguf");
        let made =
            Command::new(&python).arg(scripts.join("model.py")).arg(&model).output().expect("python starts");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut child = Command::new(&python)
            .arg(scripts.join("serve.py"))
            .arg(&model)
            .arg(KEY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the server says its port");
        let port =
            line.trim().parse().unwrap_or_else(|_| panic!("llama.cpp's server did not start: {line:?}"));
        let stdin = child.stdin.take();
        Some(Self { child, _stdin: stdin, port, _dir: dir })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The base URL of the OpenAI protocol, and of Anthropic's.
    pub fn openai_url(&self) -> String {
        format!("{}/v1", self.url())
    }
}

impl Drop for LlamaServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
