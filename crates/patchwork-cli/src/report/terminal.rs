//! The reporter for people: a live view on a terminal, calm lines elsewhere. It paints in a thread of its own, so that a
//! slow terminal never holds the run up.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use patchwork_core::event::{Event, EventBody, Reporter};

use super::lines;
use super::tally::Tally;
use crate::args::Level;
use crate::stdio;

/// After so much silence a log gets a line that says what is waited for.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// How the run is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A line at the foot of the terminal that is always up to date.
    Live,
    /// Lines only.
    Lines,
}

/// The reporter for people, on standard error.
pub(crate) struct Terminal {
    sender: Mutex<Option<Sender<Event>>>,
    painter: Mutex<Option<JoinHandle<()>>>,
}

impl Terminal {
    /// Begins to paint.
    pub(crate) fn start(mode: Mode, level: Level) -> Self {
        let (sender, receiver) = mpsc::channel();
        let painter = std::thread::Builder::new()
            .name("terminal".to_owned())
            .spawn(move || Painter::new(mode, level, HEARTBEAT).work(&receiver))
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

impl Reporter for Terminal {
    fn event(&self, event: &Event) {
        if let Some(sender) = &*self.sender.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = sender.send(event.clone());
        }
    }
}

struct Painter {
    level: Level,
    heartbeat: Duration,
    tally: Tally,
    bar: Option<ProgressBar>,
    began: Instant,
    last_line: Instant,
    /// Tenths of the progress that have a line already.
    tenths: u64,
}

impl Painter {
    fn new(mode: Mode, level: Level, heartbeat: Duration) -> Self {
        let now = Instant::now();
        let bar = (mode == Mode::Live && level >= Level::Info).then(|| {
            let bar = ProgressBar::new_spinner();
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { level, heartbeat, tally: Tally::default(), bar, began: now, last_line: now, tenths: 0 }
    }

    fn work(mut self, events: &Receiver<Event>) {
        loop {
            match events.recv_timeout(self.heartbeat.saturating_sub(self.last_line.elapsed())) {
                Ok(event) => self.take(&event),
                Err(RecvTimeoutError::Timeout) => self.still_alive(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn take(&mut self, event: &Event) {
        self.tally.take(event);
        if let Some(line) = lines::line(event, self.level) {
            self.print(&line);
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
            Some(bar) => bar.suspend(|| stdio::tell(line)),
            None => stdio::tell(line),
        }
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
