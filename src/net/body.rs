//! The body of a request: at most so many bytes, and no endless pauses between them.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};

use super::Limits;

/// Bytes of bodies in memory, of all requests together: bodies are read before it is known what their senders may do.
const MAX_BODIES: usize = 48 * 1024 * 1024;
/// Of these, what bodies larger than [`SMALL_BODY`] may take: logins, telemetry and enrollments come through beside them.
const MAX_LARGE_BODIES: usize = 24 * 1024 * 1024;
/// See [`MAX_LARGE_BODIES`].
const SMALL_BODY: usize = 16 * 1024;

/// The bytes of bodies in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Bodies(Arc<AtomicUsize>);

#[cfg(test)]
impl Bodies {
    pub(super) fn taken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// What one request's body takes of [`Bodies`], until the request is answered.
#[derive(Debug)]
pub(super) struct Charge {
    bodies: Bodies,
    taken: AtomicUsize,
}

impl Charge {
    /// Takes `bytes` more; false when there is no room for them.
    fn take(&self, bytes: usize) -> bool {
        let own = self.taken.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let all = self.bodies.0.fetch_add(bytes, Ordering::Relaxed) + bytes;
        all <= if own > SMALL_BODY { MAX_LARGE_BODIES } else { MAX_BODIES }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.bodies.0.fetch_sub(self.taken.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// Why a request's body ended early.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("the request's body is larger than allowed")]
    TooLarge,
    #[error("the request's body did not arrive in time")]
    TooSlow,
    #[error("too many bytes of bodies are in memory")]
    Busy,
    #[error("the request's body broke off")]
    Broken(#[source] hyper::Error),
}

/// What became of a body, for whoever answers the request: a handler sees any failure only as a bad request.
#[derive(Clone, Debug, Default)]
pub(super) struct Fate(Arc<AtomicU8>);

impl Fate {
    const TOO_LARGE: u8 = 1;
    const TOO_SLOW: u8 = 2;
    const BUSY: u8 = 3;

    fn set(&self, error: &BodyError) {
        match error {
            BodyError::TooLarge => self.0.store(Self::TOO_LARGE, Ordering::Relaxed),
            BodyError::TooSlow => self.0.store(Self::TOO_SLOW, Ordering::Relaxed),
            BodyError::Busy => self.0.store(Self::BUSY, Ordering::Relaxed),
            BodyError::Broken(_) => {}
        }
    }

    /// Whether there was no room for the body.
    pub(super) fn busy(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::BUSY
    }

    /// Whether the body was more than was allowed.
    pub(super) fn too_large(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::TOO_LARGE
    }

    /// Whether the body stopped coming.
    pub(super) fn too_slow(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::TOO_SLOW
    }
}

/// A request's body within its bounds.
#[derive(Debug)]
pub struct RequestBody {
    body: Incoming,
    left: usize,
    pause: Duration,
    /// When all of the body has to be there.
    deadline: Instant,
    charge: Option<Arc<Charge>>,
    patience: Option<Pin<Box<Sleep>>>,
    waiting: bool,
    fate: Option<Fate>,
}

impl RequestBody {
    /// A body of at most `limits.body` bytes that counts into `bodies`.
    pub(super) fn new(body: Incoming, limits: &Limits, bodies: &Bodies) -> Self {
        let fate = (!body.is_end_stream()).then(Fate::default);
        let charge = fate.as_ref().map(|_| Arc::new(Charge { bodies: bodies.clone(), taken: AtomicUsize::new(0) }));
        let deadline = Instant::now() + limits.body_time;
        let (left, pause) = (limits.body, limits.body_pause);
        Self { body, left, pause, deadline, charge, patience: None, waiting: false, fate }
    }

    /// A body that is written to a file as it comes.
    pub(super) fn upload(body: Incoming, limits: &Limits) -> Self {
        let fate = (!body.is_end_stream()).then(Fate::default);
        let deadline = Instant::now() + limits.upload_time;
        let (left, pause) = (limits.upload, limits.body_pause);
        Self { body, left, pause, deadline, charge: None, patience: None, waiting: false, fate }
    }

    /// What the body takes of the memory for bodies, to be held until the request is answered.
    pub(super) fn charge(&self) -> Option<Arc<Charge>> {
        self.charge.clone()
    }

    /// What will become of the body; `None` when there is none.
    pub(super) fn fate(&self) -> Option<Fate> {
        self.fate.clone()
    }

    fn fail(&self, error: BodyError) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(fate) = &self.fate {
            fate.set(&error);
        }
        Poll::Ready(Some(Err(error)))
    }

    /// Whether the client has paused for too long.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let pause = self.pause;
        let patience = self.patience.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
        if !self.waiting {
            self.waiting = true;
            patience.as_mut().reset(self.deadline.min(Instant::now() + pause));
        }
        patience.as_mut().poll(cx)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Pending => match self.poll_patience(cx) {
                Poll::Ready(()) => self.fail(BodyError::TooSlow),
                Poll::Pending => Poll::Pending,
            },
            Poll::Ready(Some(Ok(frame))) => {
                self.waiting = false;
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                let Some(left) = self.left.checked_sub(bytes) else { return self.fail(BodyError::TooLarge) };
                self.left = left;
                if Instant::now() >= self.deadline {
                    return self.fail(BodyError::TooSlow);
                }
                if self.charge.as_ref().is_some_and(|charge| !charge.take(bytes)) {
                    return self.fail(BodyError::Busy);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => self.fail(BodyError::Broken(error)),
            Poll::Ready(None) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
