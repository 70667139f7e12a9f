//! What HTTP/1 needs below it for clients that are careless with their bytes.
//!
//! A sketch on a microcontroller ends its lines with a bare line feed and sends stray bytes after a request, which must
//! not be taken for a second one; so such a client gets one answer a connection. And whoever is still sending when the
//! answer is complete must be let finish for a moment, for a socket closed with unread bytes takes the answer back
//! (RFC 9112, 9.6).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::Stream;
use super::http::Connection;

/// How long a client may go on sending after its answer.
const LINGER: Duration = Duration::from_secs(2);
/// How many bytes a client may go on sending after its answer.
const LINGER_BYTES: usize = 4 * 1024 * 1024;

/// A stream under HTTP/1.
pub(super) struct Lenient {
    stream: Stream,
    connection: Arc<Connection>,
    /// The last byte before the first line feed; `None` once that was seen.
    before_line_feed: Option<u8>,
    lingering: Option<Pin<Box<Sleep>>>,
    drained: usize,
}

impl Lenient {
    pub(super) fn new(stream: Stream, connection: Arc<Connection>) -> Self {
        let before_line_feed = matches!(stream, Stream::Tcp(_)).then_some(b'\r');
        Self { stream, connection, before_line_feed, lingering: None, drained: 0 }
    }

    /// Looks at how the first line ends.
    fn look(&mut self, data: &[u8]) {
        let Some(mut before) = self.before_line_feed else { return };
        for byte in data {
            if *byte == b'\n' {
                if before != b'\r' {
                    self.connection.answer_once();
                }
                self.before_line_feed = None;
                return;
            }
            before = *byte;
        }
        self.before_line_feed = Some(before);
    }
}

impl AsyncRead for Lenient {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if self.before_line_feed.is_some() {
            self.look(buf.filled().get(before..).unwrap_or_default());
        }
        read
    }
}

impl AsyncWrite for Lenient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, data)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, data)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            match Pin::new(&mut self.stream).poll_shutdown(cx) {
                Poll::Ready(Ok(())) => self.lingering = Some(Box::pin(tokio::time::sleep(LINGER))),
                other => return other,
            }
        }
        let mut ignored = [0; 2048];
        while self.drained < LINGER_BYTES {
            let mut buf = ReadBuf::new(&mut ignored);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => self.drained += buf.filled().len(),
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    let over = self.lingering.as_mut().is_none_or(|linger| linger.as_mut().poll(cx).is_ready());
                    return if over { Poll::Ready(Ok(())) } else { Poll::Pending };
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}
