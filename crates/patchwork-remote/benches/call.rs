//! What a call of a model costs beside the model: CPU time a call, and how much longer many calls at once take than one.
//!
//! `cargo xtask bench` runs it in release. It prints figures and whether they are within their limits; it is no test. The
//! server is another process, so that its time is not ours.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench prints, and stops when it can't go on"
)]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use patchwork_core::message::{Message, Role};
use patchwork_core::port::provider::{ChatRequest, Provider as _, Target, Unwatched};
use patchwork_remote::llm::{Models, ModelsSettings};
use patchwork_testkit::model::{ModelServer, Reply};
use tokio_util::sync::CancellationToken;

/// Makes this program the server.
const SERVE: &str = "--serve";
/// Bytes of a prompt.
const PROMPT: usize = 8 << 10;
/// Calls whose CPU time is measured together.
const CALLS: usize = 1_000;
/// How often, of which the best counts: whatever else runs only makes it slower.
const TIMES: usize = 5;
/// CPU time of a call at most.
const CPU: Duration = Duration::from_millis(1);
/// Calls at the same time.
const AT_ONCE: usize = 64;
/// How long the model takes for one, and how many times as long all may take.
const LATENCY: Duration = Duration::from_millis(500);
const FACTOR: f64 = 1.1;

fn main() {
    if std::env::args().any(|word| word == SERVE) {
        serve();
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let server = Server::start();
    println!("{:<60} {:>12}   limit", "", "best");
    for (name, answer) in [("answer in 1 event", "one"), ("answer of 2 KiB in 32 events", "many")] {
        let best = runtime.block_on(cpu(&server, answer));
        let verdict = if best <= CPU { "held" } else { "NOT HELD" };
        println!("{:<60} {best:>12.1?}   {CPU:?}: {verdict}", format!("CPU a call, prompt of 8 KiB, {name}"));
    }
    let best = runtime.block_on(at_once(&server));
    let factor = best.as_secs_f64() / LATENCY.as_secs_f64();
    let verdict = if factor <= FACTOR { "held" } else { "NOT HELD" };
    let name = format!("{AT_ONCE} calls at once, the model takes {LATENCY:?}");
    println!("{name:<60} {best:>12.1?}   {FACTOR} times as long, it is {factor:.3}: {verdict}");
}

async fn cpu(server: &Server, answer: &str) -> Duration {
    let models = Models::new(ModelsSettings::default());
    let mut best = Duration::MAX;
    for _ in 0..TIMES {
        server.ask(&models, answer).await;
        let before = cpu_time();
        for _ in 0..CALLS {
            server.ask(&models, answer).await;
        }
        let calls = u32::try_from(CALLS).expect("a number of calls");
        best = best.min((cpu_time() - before) / calls);
    }
    best
}

async fn at_once(server: &Server) -> Duration {
    let models = Models::new(ModelsSettings::default());
    let mut best = Duration::MAX;
    for _ in 0..TIMES {
        let began = Instant::now();
        join_all((0..AT_ONCE).map(|_| server.ask(&models, "slow"))).await;
        best = best.min(began.elapsed());
    }
    best
}

/// The time that this process was at work, to the hundredth of a second.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("the times of this process");
    let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
    // utime and stime are the 14th and 15th field; two are before the bracket.
    let ticks = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().expect("ticks"));
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// A scripted model in another process.
struct Server {
    child: Child,
    base_url: String,
}

impl Server {
    fn start() -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program)
            .arg(SERVE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut base_url = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut base_url).expect("its address");
        Self { child, base_url: base_url.trim().to_owned() }
    }

    async fn ask(&self, models: &Models, answer: &str) {
        let target = Target {
            model: Some(answer.to_owned()),
            base_url: Some(self.base_url.clone()),
            ..Target::default()
        };
        let prompt = "fn main() { println!(\"hello\"); }\n".repeat(PROMPT / 32);
        let request = ChatRequest {
            messages: vec![Message::new(Role::System, "be brief"), Message::new(Role::User, prompt)],
            ..ChatRequest::default()
        };
        models.chat(&target, &request, &Unwatched, &CancellationToken::new()).await.expect("an answer");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Answers until the other process closes its end.
fn serve() {
    let event = |text: &str| {
        let delta = format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#);
        format!("data: {delta}\n\n")
    };
    let end = concat!(
        r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        "\n\n",
        r#"data: {"choices":[],"usage":{"prompt_tokens":2600,"completion_tokens":500}}"#,
        "\n\ndata: [DONE]\n\n",
    );
    let piece = "sixty-four bytes of an answer of a model are about this long ok ".to_owned();
    let one = format!("{}{end}", event(&piece));
    let many = format!("{}{end}", event(&piece).repeat(32));
    let server = ModelServer::start(move |request| match request.model.as_str() {
        "one" => Reply::stream_raw(one.clone()).chunked(1 << 20),
        // A chunk for each event or so.
        "many" => Reply::stream_raw(many.clone()).chunked(128),
        _ => Reply::stream_raw(many.clone()).chunked(1 << 20).delay(LATENCY),
    })
    .lenient();
    println!("{}", server.openai_url());
    // Ends with the other process, which holds the other end.
    let _ = std::io::stdin().lock().lines().next();
}
