//! The event stream: server-sent events (WHATWG HTML, section 9.2) decoded into the messages of [`crate::wire::watch`].

use std::time::Duration;

use bytes::{Buf, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::request::Call;
use super::{Client, Error};
pub use crate::wire::watch::{Delta, Snapshot};

/// How long the stream may be silent: the daemon sends a sample of the board every two seconds.
pub const WATCH_SILENCE: Duration = Duration::from_secs(30);
/// The most bytes of one event, its unfinished lines included.
pub const MAX_EVENT: usize = 32 * 1024 * 1024;

/// One message of the stream.
#[derive(Clone, Debug)]
pub enum WatchMessage {
    /// The whole picture: always the first message.
    Snapshot(Box<Snapshot>),
    /// What changed since; with `dropped` above zero something is missing, and a new stream brings the whole picture.
    Delta(Delta),
}

/// An open event stream.
#[derive(Debug)]
pub struct Watch {
    body: Incoming,
    events: Decoder,
}

impl Client {
    /// Opens the event stream.
    ///
    /// # Errors
    /// As of every call: no daemon, no permission, no answer in time.
    pub async fn watch(&self) -> Result<Watch, Error> {
        let answer = self.stream(&call()).await?;
        Ok(Watch { body: answer.body, events: Decoder::default() })
    }
}

fn call() -> Call {
    Call::get("/api/v1/watch")
}

impl Watch {
    /// The next message; `None` when the daemon ended the stream. May be dropped and called again without a loss.
    ///
    /// # Errors
    /// The connection broke, was silent for [`WATCH_SILENCE`], or carried what is no event; the stream is of no
    /// further use then.
    pub async fn next(&mut self) -> Result<Option<WatchMessage>, Error> {
        loop {
            while let Some(event) = self.events.next() {
                // Names that a later version may add are passed over.
                match event.name.as_str() {
                    "snapshot" => return Ok(Some(WatchMessage::Snapshot(decode(&event.data)?))),
                    "delta" => return Ok(Some(WatchMessage::Delta(decode(&event.data)?))),
                    _ => {}
                }
            }
            let frame = timeout(WATCH_SILENCE, self.body.frame())
                .await
                .map_err(|_| Error::Silent { call: call().to_string(), after: WATCH_SILENCE })?;
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|source| Error::Broken { call: call().to_string(), source })?;
            if let Ok(data) = frame.into_data() {
                self.events.push(&data)?;
            }
        }
    }
}

fn decode<T: DeserializeOwned>(data: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(data).map_err(|source| Error::Decode { call: call().to_string(), source })
}

#[derive(Debug, PartialEq, Eq)]
struct Event {
    name: String,
    data: Vec<u8>,
}

/// Turns bytes into events. Lines end with LF or CRLF; a lone CR, which the daemon never writes, is no line's end.
#[derive(Debug, Default)]
struct Decoder {
    buffer: BytesMut,
    /// How much of `buffer` is known to hold no line's end.
    searched: usize,
    name: String,
    data: Vec<u8>,
}

impl Decoder {
    fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.buffer.len() + self.data.len() + bytes.len() > MAX_EVENT {
            return Err(Error::TooLarge { call: call().to_string(), limit: MAX_EVENT });
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    fn next(&mut self) -> Option<Event> {
        while let Some(line) = self.line() {
            if line.is_empty() {
                let name = std::mem::take(&mut self.name);
                let data = std::mem::take(&mut self.data);
                if !data.is_empty() {
                    return Some(Event { name, data });
                }
                continue;
            }
            let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
            let (field, value) = line.split_at(colon);
            let value = value.strip_prefix(b":").unwrap_or(value);
            let value = value.strip_prefix(b" ").unwrap_or(value);
            match field {
                b"event" => self.name = String::from_utf8_lossy(value).into_owned(),
                b"data" => {
                    if !self.data.is_empty() {
                        self.data.push(b'\n');
                    }
                    self.data.extend_from_slice(value);
                }
                _ => {}
            }
        }
        None
    }

    fn line(&mut self) -> Option<BytesMut> {
        let rest = self.buffer.get(self.searched..)?;
        let Some(found) = rest.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.buffer.len();
            return None;
        };
        let mut line = self.buffer.split_to(self.searched + found);
        self.buffer.advance(1);
        self.searched = 0;
        if line.last() == Some(&b'\r') {
            line.truncate(line.len() - 1);
        }
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode_in_pieces(text: &str, piece: usize) -> Vec<(String, String)> {
        let mut decoder = Decoder::default();
        let mut events = Vec::new();
        for bytes in text.as_bytes().chunks(piece) {
            decoder.push(bytes).unwrap();
            while let Some(event) = decoder.next() {
                events.push((event.name, String::from_utf8(event.data).unwrap()));
            }
        }
        events
    }

    #[test]
    fn events_are_found_wherever_the_bytes_are_cut() {
        let text = ":\n\nevent: snapshot\ndata: {\"a\":1}\nid: 7\n\nevent:delta\r\ndata:{\r\ndata: }\r\n\r\ndata: tail";
        let expected = [("snapshot", "{\"a\":1}"), ("delta", "{\n}")].map(|(n, d)| (n.to_owned(), d.to_owned()));
        for piece in 1..=text.len() {
            assert_eq!(decode_in_pieces(text, piece), expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut decoder = Decoder::default();
        let piece = vec![b'x'; MAX_EVENT / 4];
        for _ in 0..4 {
            decoder.push(&piece).unwrap();
            assert_eq!(decoder.next(), None);
        }
        assert!(matches!(decoder.push(b"x"), Err(Error::TooLarge { limit: MAX_EVENT, .. })));
    }
}
