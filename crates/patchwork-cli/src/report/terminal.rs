//! The reporter for people: a live view on a terminal, calm lines elsewhere. It paints in a thread of its own, so that a
//! slow terminal never holds the run up.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use patchwork_core::event::{Event, EventBody, Reporter};

use super::lines;
use super::plain::one_line;
use super::tally::Tally;
use crate::args::Level;
use crate::stdio;

/// After so much silence a log gets a line that says what is waited for.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Calls that wait at the same time mostly wait for the same reason: in so much time one of them is told.
const RETRIES_APART: Duration = Duration::from_secs(5);

/// How the run is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A line at the foot of the terminal that is always up to date.
    Live,
    /// Lines only.
    Lines,
}

/// What comes to the painter.
enum News {
    Event(Event),
    Line(String),
}

/// The reporter for people, on standard error.
pub(crate) struct Terminal {
    sender: Mutex<Option<Sender<News>>>,
    painter: Mutex<Option<JoinHandle<()>>>,
}

impl Terminal {
    /// Begins to paint.
    pub(crate) fn start(mode: Mode, level: Level) -> Self {
        let (sender, receiver) = mpsc::channel();
        let painter = std::thread::Builder::new()
            .name("terminal".to_owned())
            .spawn(move || Painter::new(mode, level, HEARTBEAT, Box::new(stdio::tell)).work(&receiver))
            .ok();
        Self { sender: Mutex::new(Some(sender)), painter: Mutex::new(painter) }
    }

    /// Paints what is left and ends: afterwards the terminal is free for other text.
    pub(crate) fn close(&self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
        let painter = self.painter.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(painter) = painter {
            let _ = painter.join();
        }
    }
}

impl Terminal {
    /// Puts a line among the others.
    pub(crate) fn say(&self, line: impl Into<String>) {
        self.send(News::Line(line.into()));
    }

    fn send(&self, news: News) {
        if let Some(sender) = &*self.sender.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = sender.send(news);
        }
    }
}

impl Reporter for Terminal {
    fn event(&self, event: &Event) {
        self.send(News::Event(event.clone()));
    }
}

type Say = Box<dyn Fn(&str) + Send>;

struct Painter {
    level: Level,
    heartbeat: Duration,
    /// Puts a line where the user sees it.
    say: Say,
    tally: Tally,
    bar: Option<ProgressBar>,
    began: Instant,
    last_line: Instant,
    /// Tenths of the progress that have a line already.
    tenths: u64,
    /// When a call that is repeated was told last.
    last_retry: Option<Instant>,
    /// Calls that were repeated since and not told.
    untold_retries: u64,
    /// What nodes inside loops complained of, and how many more did since it was told.
    complaints: Vec<(String, u64)>,
    /// The failure of a node that may be that of the run, which is told when the run is over.
    last_failure: Option<Event>,
}

impl Painter {
    fn new(mode: Mode, level: Level, heartbeat: Duration, say: Say) -> Self {
        let now = Instant::now();
        let bar = (mode == Mode::Live && level >= Level::Info).then(|| {
            let bar = ProgressBar::new_spinner();
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self {
            level,
            heartbeat,
            say,
            tally: Tally::default(),
            bar,
            began: now,
            last_line: now,
            tenths: 0,
            last_retry: None,
            untold_retries: 0,
            complaints: Vec::new(),
            last_failure: None,
        }
    }

    fn work(mut self, news: &Receiver<News>) {
        loop {
            match news.recv_timeout(self.heartbeat.saturating_sub(self.last_line.elapsed())) {
                Ok(News::Event(event)) => self.take(&event),
                Ok(News::Line(line)) => self.print(&line),
                Err(RecvTimeoutError::Timeout) => self.still_alive(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.tell_untold();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn take(&mut self, event: &Event) {
        self.tally.take(event);
        match std::mem::take(&mut self.last_failure) {
            Some(failed) if !matches!(event.body, EventBody::RunFinished { .. }) => self.line(&failed),
            _ => {}
        }
        let is_on_top = lines::is_on_top(event);
        if is_on_top {
            self.tell_untold();
        }
        match &event.body {
            EventBody::NodeFailed { will_retry: false, .. } if is_on_top && self.level < Level::Debug => {
                self.last_failure = Some(event.clone());
            }
            _ => self.line(event),
        }
        match &self.bar {
            Some(bar) => show(bar, &self.tally),
            None => {
                if let EventBody::Progress { label, done, total } = &event.body {
                    self.progress_line(label, *done, *total);
                }
            }
        }
    }

    fn line(&mut self, event: &Event) {
        let Some(line) = lines::line(event, self.level) else { return };
        if matches!(event.body, EventBody::Retrying { .. }) {
            self.retry_line(&line);
        } else if !self.is_told(event) {
            self.print(&line);
        }
    }

    /// Whether another node of a loop said the same: this one is only counted then. With all details asked for, none is.
    fn is_told(&mut self, event: &Event) -> bool {
        let Some(complaint) = lines::complaint(event).filter(|_| self.level < Level::Debug) else {
            return false;
        };
        if let Some((_, more)) = self.complaints.iter_mut().find(|(told, _)| *told == complaint) {
            *more += 1;
            return true;
        }
        self.complaints.push((complaint, 0));
        false
    }

    /// Tells how many complaints were only counted.
    fn tell_untold(&mut self) {
        for (complaint, more) in std::mem::take(&mut self.complaints) {
            if more > 0 {
                self.print(&lines::warning(&format!("{more} more like this: {}", beginning(&complaint))));
            }
        }
    }

    /// In a log, progress is worth a line for each tenth.
    fn progress_line(&mut self, label: &str, done: u64, total: u64) {
        let tenths = (done * 10).checked_div(total).unwrap_or(10);
        if done == 0 || tenths < self.tenths {
            self.tenths = 0;
        }
        if tenths > self.tenths {
            self.tenths = tenths;
            if self.level >= Level::Info {
                let figures = self.tally.figures();
                let figures = if figures.is_empty() { figures } else { format!(" ({figures})") };
                self.print(&format!("{label}: {done} of {total}{figures}"));
            }
        }
    }

    /// A server that is busy answers all calls in flight alike.
    fn retry_line(&mut self, line: &str) {
        if self.last_retry.is_some_and(|last| last.elapsed() < RETRIES_APART) {
            self.untold_retries += 1;
            return;
        }
        self.last_retry = Some(Instant::now());
        match std::mem::take(&mut self.untold_retries) {
            0 => self.print(line),
            count => self.print(&format!("{line} (and {count} more since the last such line)")),
        }
    }

    fn still_alive(&mut self) {
        self.last_line = Instant::now();
        if self.bar.is_none() && self.level >= Level::Info {
            let waiting = self.tally.waiting_for();
            let waiting = if waiting.is_empty() { "the next step".to_owned() } else { waiting };
            self.print(&format!("{} s: waiting for {waiting}", self.began.elapsed().as_secs()));
        }
    }

    fn print(&mut self, line: &str) {
        self.last_line = Instant::now();
        match &self.bar {
            Some(bar) => bar.suspend(|| (self.say)(line)),
            None => (self.say)(line),
        }
    }
}

/// As much of a text as it takes to know it again.
fn beginning(text: &str) -> String {
    const ENOUGH: usize = 80;
    let line = one_line(text);
    match line.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line.into_owned(),
    }
}

/// Brings the line at the foot up to date.
fn show(bar: &ProgressBar, tally: &Tally) {
    let template = match &tally.progress {
        Some((label, done, total)) if *total > 0 => {
            bar.set_length(*total);
            bar.set_position(*done);
            bar.set_prefix(label.clone());
            "{spinner} {prefix} [{bar:24}] {pos}/{len} {elapsed} {wide_msg}"
        }
        _ => "{spinner} {elapsed} {wide_msg}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    let parts: Vec<_> =
        [tally.waiting_for(), tally.figures()].into_iter().filter(|part| !part.is_empty()).collect();
    bar.set_message(parts.join(" · "));
}

#[cfg(test)]
mod tests {
    use patchwork_core::failure::Failure;
    use patchwork_core::run::RunStatus;
    use patchwork_core::usage::{MicroUsd, Usage};

    use super::*;

    fn event(node: &str, body: EventBody) -> News {
        News::Event(Event { seq: 1, at_ms: 0, node: node.into(), body })
    }

    /// A painter of lines, the way to send it events, and what it says.
    fn paint(level: Level, heartbeat: Duration) -> (Sender<News>, Receiver<String>) {
        let (events, receiver) = mpsc::channel();
        let (said, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let say: Say = Box::new(move |line| {
                let _ = said.send(line.to_owned());
            });
            Painter::new(Mode::Lines, level, heartbeat, say).work(&receiver);
        });
        (events, lines)
    }

    #[test]
    fn silence_is_broken_by_a_word_on_what_is_waited_for() {
        let (events, lines) = paint(Level::Info, Duration::from_millis(10));
        events
            .send(event("scan", EventBody::NodeStarted { uses: "ScanSemgrep".into(), attempt: 1 }))
            .unwrap();
        // The first may come before the event does.
        assert!(lines.iter().any(|line| line.ends_with("waiting for ScanSemgrep")));
    }

    #[test]
    fn progress_in_a_log_has_a_line_for_each_tenth() {
        let (events, lines) = paint(Level::Info, HEARTBEAT);
        let usage = Usage { input_tokens: 900, output_tokens: 100, ..Usage::default() };
        let cost = Some(MicroUsd(1_000));
        events
            .send(event(
                "a",
                EventBody::ModelCalled {
                    model: "m".into(),
                    usage,
                    cost,
                    latency_ms: 1,
                    vendor: String::new(),
                    reused: false,
                    requested: None,
                    finish: None,
                },
            ))
            .unwrap();
        for done in 0..=200 {
            events.send(event("", EventBody::Progress { label: "fixes".into(), done, total: 200 })).unwrap();
        }
        drop(events);
        let lines: Vec<_> = lines.iter().collect();
        assert_eq!(lines.len(), 10, "{lines:?}");
        assert_eq!(lines[9], "fixes: 200 of 200 (1 model call, 1.0k tokens, $0.0010)");
    }

    #[test]
    fn calls_that_wait_at_the_same_time_are_one_line() {
        let (events, lines) = paint(Level::Info, HEARTBEAT);
        for _ in 0..50 {
            let problem = "m answered 429".to_owned();
            events.send(event("a", EventBody::Retrying { problem, wait_ms: 640 })).unwrap();
        }
        drop(events);
        assert_eq!(lines.iter().collect::<Vec<_>>(), ["m answered 429; trying again in 0.6 s"]);
    }

    fn failed(node: &str, message: &str) -> News {
        let failure = Failure::failed(message);
        event(node, EventBody::NodeFailed { uses: "LLM".into(), failure, will_retry: false })
    }

    #[test]
    fn what_many_nodes_complain_of_alike_is_told_once_and_counted() {
        let said = |level| {
            let (events, lines) = paint(level, HEARTBEAT);
            for node in ["f[0]/ask", "f[1]/ask", "f[2]/ask"] {
                events.send(failed(node, "answered 401")).unwrap();
            }
            events.send(failed("f[3]/ask", "answered 500")).unwrap();
            events.send(event("pr", EventBody::NodeStarted { uses: "PR".into(), attempt: 1 })).unwrap();
            drop(events);
            let lines = lines.iter().map(|line| anstream::adapter::strip_str(&line).to_string());
            lines.filter(|line| line.contains("warning")).collect::<Vec<_>>()
        };
        assert_eq!(
            said(Level::Info),
            [
                "warning: f[0]/ask: LLM: answered 401",
                "warning: f[3]/ask: LLM: answered 500",
                "warning: 2 more like this: LLM: answered 401",
            ]
        );
        assert_eq!(said(Level::Debug).len(), 4);
    }

    #[test]
    fn the_failure_of_the_run_is_left_to_its_end() {
        let ended = || EventBody::RunFinished { status: RunStatus::Failed, failure: None };
        let said = |news: [News; 2]| {
            let (events, lines) = paint(Level::Info, HEARTBEAT);
            for news in news {
                events.send(news).unwrap();
            }
            drop(events);
            lines.iter().count()
        };
        assert_eq!(said([failed("conclude", "nothing was fixed"), event("", ended())]), 0);
        let goes_on = EventBody::NodeStarted { uses: "PR".into(), attempt: 1 };
        assert_eq!(said([failed("notify", "no answer"), event("pr", goes_on)]), 1);
    }

    #[test]
    fn a_quiet_painter_says_nothing() {
        let (events, lines) = paint(Level::Error, Duration::from_millis(1));
        events.send(event("", EventBody::Warning { message: "odd".into() })).unwrap();
        drop(events);
        assert_eq!(lines.iter().count(), 0);
    }
}
