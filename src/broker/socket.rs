//! A connection's two directions, polled as one, with buffers that exist only while they hold something.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many bytes are read at once. They come over the stack, so that an idle connection holds no buffer.
const CHUNK: usize = 8 * 1024;

/// A stream and what was read and is to be written.
#[derive(Debug)]
pub(super) struct Socket<S> {
    stream: S,
    /// Read and not yet decoded; grows as bytes arrive.
    pub(super) input: BytesMut,
    /// Encoded and not yet written.
    pub(super) output: BytesMut,
    unflushed: bool,
}

/// What a poll achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// So many bytes were added to the input; 0 is the end of the stream.
    Read(usize),
    /// All output is written.
    Written,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, input: BytesMut::new(), output: BytesMut::new(), unflushed: false }
    }

    /// Writes what is to be written, and reads when `reading`.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, reading: bool) -> Poll<io::Result<Progress>> {
        if let Poll::Ready(written) = self.poll_output(cx) {
            written?;
            return Poll::Ready(Ok(Progress::Written));
        }
        if !reading {
            return Poll::Pending;
        }
        let mut chunk = [MaybeUninit::uninit(); CHUNK];
        let mut chunk = ReadBuf::uninit(&mut chunk);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut chunk))?;
        self.input.extend_from_slice(chunk.filled());
        Poll::Ready(Ok(Progress::Read(chunk.filled().len())))
    }

    /// Ready when something was written to its end; pending also when there was nothing to write.
    fn poll_output(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.output.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.output))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.output.advance(written);
            self.unflushed = true;
        }
        if !self.unflushed {
            return Poll::Pending;
        }
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.unflushed = false;
        self.output = BytesMut::new();
        Poll::Ready(Ok(()))
    }

    /// Gives the input's memory back when all of it was decoded.
    pub(super) fn shrink(&mut self) {
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
    }

    /// Reads more bytes; 0 is the end of the stream.
    pub(super) async fn read(&mut self) -> io::Result<usize> {
        loop {
            if let Progress::Read(bytes) = std::future::poll_fn(|cx| self.poll(cx, true)).await? {
                return Ok(bytes);
            }
        }
    }

    /// Writes the rest and closes the stream.
    pub(super) async fn finish(&mut self) -> io::Result<()> {
        while !self.output.is_empty() || self.unflushed {
            std::future::poll_fn(|cx| self.poll_output(cx)).await?;
        }
        std::future::poll_fn(|cx| Pin::new(&mut self.stream).poll_shutdown(cx)).await
    }
}
