//! The body of a request: at most so many bytes, and no endless pauses between them.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};

/// Why a request's body ended early.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("the request's body is larger than allowed")]
    TooLarge,
    #[error("the request's body did not arrive in time")]
    TooSlow,
    #[error("the request's body broke off")]
    Broken(#[source] hyper::Error),
}

/// What became of a body, for whoever answers the request: a handler sees any failure only as a bad request.
#[derive(Clone, Debug, Default)]
pub(super) struct Fate(Arc<AtomicU8>);

impl Fate {
    const TOO_LARGE: u8 = 1;
    const TOO_SLOW: u8 = 2;

    fn set(&self, error: &BodyError) {
        match error {
            BodyError::TooLarge => self.0.store(Self::TOO_LARGE, Ordering::Relaxed),
            BodyError::TooSlow => self.0.store(Self::TOO_SLOW, Ordering::Relaxed),
            BodyError::Broken(_) => {}
        }
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
    patience: Option<Pin<Box<Sleep>>>,
    waiting: bool,
    fate: Option<Fate>,
}

impl RequestBody {
    pub(super) fn new(body: Incoming, limit: usize, pause: Duration) -> Self {
        let fate = (!body.is_end_stream()).then(Fate::default);
        Self { body, left: limit, pause, patience: None, waiting: false, fate }
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
            patience.as_mut().reset(Instant::now() + pause);
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
                match self.left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
                    Some(left) => {
                        self.left = left;
                        Poll::Ready(Some(Ok(frame)))
                    }
                    None => self.fail(BodyError::TooLarge),
                }
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
