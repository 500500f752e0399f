//! For benches: what a program takes, the CPU time of this process alone, a model in another one.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench prints, and stops when it can't go on"
)]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::model::{ModelServer, Reply, SeenRequest};

/// Makes a bench the server.
const SERVE: &str = "--serve";

/// A scripted model in another process, so that its time is not ours.
pub struct Apart {
    child: Child,
    /// What OpenAI's clients take as the base URL.
    pub base_url: String,
}

impl Apart {
    /// Starts this program once more as the server, whose `main` must call [`Apart::serve`] first.
    pub fn start() -> Self {
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

    /// Where this process is the server: answers until the other process closes its end. Otherwise `false`, at once.
    pub fn serve(script: impl Fn(&SeenRequest) -> Reply + Send + Sync + 'static) -> bool {
        if std::env::args().all(|word| word != SERVE) {
            return false;
        }
        let server = ModelServer::start(script).lenient();
        println!("{}", server.openai_url());
        let _ = std::io::stdin().lock().lines().next();
        true
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A stream of so many events of 64 bytes of text, as OpenAI sends it.
pub fn answer_of(events: usize) -> String {
    let piece = "sixty-four bytes of an answer of a model are about this long ok ";
    let delta = format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{piece}"}}}}]}}"#);
    let end = concat!(
        r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        "\n\n",
        r#"data: {"choices":[],"usage":{"prompt_tokens":2600,"completion_tokens":500}}"#,
        "\n\ndata: [DONE]\n\n",
    );
    format!("{}{end}", format!("data: {delta}\n\n").repeat(events))
}

/// The time that this process was at work, to the hundredth of a second.
pub fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("the times of this process");
    let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
    // utime and stime are the 14th and 15th field; two are before the bracket.
    let ticks = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().expect("ticks"));
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// One run of a program.
pub struct Run {
    /// From its start to its end.
    pub seconds: f64,
    /// The most memory that it ever had.
    pub mebibytes: f64,
}

/// Runs a command to its end, watching the most memory it ever had.
pub fn measure(command: &mut Command) -> Run {
    let start = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let done = AtomicBool::new(false);
    let (mebibytes, output, seconds) = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut peak = 0.0_f64;
            while !done.load(Ordering::Relaxed) {
                peak = peak.max(high_water(&status).unwrap_or(0.0));
                std::thread::sleep(Duration::from_millis(2));
            }
            peak
        });
        let mut stderr = String::new();
        std::io::Read::read_to_string(child.stderr.as_mut().expect("its stderr"), &mut stderr)
            .expect("stderr is text");
        let code = child.wait().expect("the binary ends");
        let seconds = start.elapsed().as_secs_f64();
        done.store(true, Ordering::Relaxed);
        (watcher.join().expect("the watcher ends"), (code, stderr), seconds)
    });
    assert!(output.0.success(), "the run failed ({}):\n{}", output.0, output.1);
    Run { seconds, mebibytes }
}

fn high_water(status: &Path) -> Option<f64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}
