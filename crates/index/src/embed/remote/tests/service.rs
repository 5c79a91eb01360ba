//! A service on the loopback interface that answers what a test tells it to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use serde_json::Value;

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// How many came before it.
    pub(super) number: usize,
    pub(super) path: String,
    headers: Vec<(String, String)>,
    pub(super) body: Value,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What to do about a request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// Send these bytes and close.
    Raw(String),
    /// Close without a word.
    HangUp,
}

impl Answer {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        let body = body.to_string();
        Self::Raw(format!(
            "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    pub(super) fn with_header(self, name: &str, value: &str) -> Self {
        match self {
            Self::Raw(text) => {
                Self::Raw(text.replacen("\r\n", &format!("\r\n{name}: {value}\r\n"), 1))
            }
            Self::HangUp => Self::HangUp,
        }
    }
}

type Handler = dyn Fn(&Asked) -> Answer + Send + Sync;

pub(super) struct TestService {
    pub(super) url: String,
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TestService {
    pub(super) fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let over = Arc::new(AtomicBool::new(false));
        let handler: Arc<Handler> = Arc::new(answer);
        let thread = thread::spawn({
            let (asked, over) = (Arc::clone(&asked), Arc::clone(&over));
            move || {
                for stream in listener.incoming() {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    let (asked, handler) = (Arc::clone(&asked), Arc::clone(&handler));
                    thread::spawn(move || serve(stream.unwrap(), &asked, &*handler));
                }
            }
        });
        Self { url: format!("http://{address}"), address, asked, over, thread: Some(thread) }
    }

    /// All requests so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for TestService {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for the next connection.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn serve(mut stream: TcpStream, asked: &Mutex<Vec<Asked>>, handler: &Handler) {
    let Some(request) = read_request(&stream, asked) else { return };
    match handler(&request) {
        Answer::Raw(text) => drop(stream.write_all(text.as_bytes())),
        Answer::HangUp => {}
    }
}

fn read_request(stream: &TcpStream, asked: &Mutex<Vec<Asked>>) -> Option<Asked> {
    let mut input = BufReader::new(stream);
    let mut line = String::new();
    input.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        input.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, value)| value.parse().ok());
    let mut body = Vec::new();
    match length {
        Some(length) => input.take(length).read_to_end(&mut body).ok()?,
        None => return None,
    };
    let mut asked = asked.lock().unwrap();
    let request =
        Asked { number: asked.len(), path, headers, body: serde_json::from_slice(&body).unwrap() };
    asked.push(request.clone());
    Some(request)
}
