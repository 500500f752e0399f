//! A server of the stranger's: it writes down who comes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Listens until it is dropped.
pub(crate) struct Trap {
    address: SocketAddr,
    visits: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Trap {
    /// Starts on a free port.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port on 127.0.0.1");
        let address = listener.local_addr().expect("the listener's address");
        let (visits, over) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicBool>::default());
        let (written, ended) = (Arc::clone(&visits), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            for visitor in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let write = |visit| written.lock().unwrap_or_else(PoisonError::into_inner).push(visit);
                match visitor {
                    Ok(visitor) => receive(visitor, write),
                    Err(error) => write(error.to_string()),
                }
            }
        });
        Self { address, visits, over, thread: Some(thread) }
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// The first line of every request.
    pub(crate) fn visits(&self) -> Vec<String> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Writes down the first line of a request, then refuses it.
fn receive(mut visitor: TcpStream, write: impl FnOnce(String)) {
    let mut line = String::new();
    // Who comes and says nothing came all the same.
    let _ = BufReader::new(&visitor).read_line(&mut line);
    write(line.trim_end().to_owned());
    let _ = visitor.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
}

impl Drop for Trap {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the listener up.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_is_written_down() {
        let trap = Trap::start();
        assert_eq!(trap.visits(), Vec::<String>::new());
        let mut visitor = TcpStream::connect(trap.address()).unwrap();
        visitor.write_all(b"GET /x HTTP/1.1\r\n\r\n").unwrap();
        let mut answer = String::new();
        BufReader::new(&visitor).read_line(&mut answer).unwrap();
        assert_eq!(answer.trim_end(), "HTTP/1.1 404 Not Found");
        assert_eq!(trap.visits(), ["GET /x HTTP/1.1"]);
    }
}
