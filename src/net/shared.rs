//! Bodies that are made while they are sent.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::stream::BoxStream;

/// A stream that may be shared, as warp wants its bodies; whoever polls it has it alone, so the lock is never waited for.
#[expect(missing_debug_implementations, reason = "a stream has none")]
pub struct Shared<T>(Mutex<BoxStream<'static, T>>);

impl<T> Shared<T> {
    pub fn new(stream: impl Stream<Item = T> + Send + 'static) -> Self {
        Self(Mutex::new(Box::pin(stream)))
    }
}

impl<T> Stream for Shared<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let stream = self.get_mut().0.get_mut().unwrap_or_else(PoisonError::into_inner);
        stream.as_mut().poll_next(context)
    }
}
