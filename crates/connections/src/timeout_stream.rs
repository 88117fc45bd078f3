//! A stream to a client who must take an answer in time. It keeps its slot meanwhile, and says
//! nothing before a request was understood.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::slots::{Slot, Task};

/// A stream whose reader must take an answer within a time. The time runs from when it first does
/// not take what is written, to when nothing more waits to be written. Until a request was
/// understood, what is written is discarded: hyper's own answers to such heads say no reason.
pub(crate) struct TimeoutStream<S> {
    stream: S,
    timeout: Duration,
    end: Pin<Box<Sleep>>,
    slot: Arc<Slot>,
    /// The task from the first byte of an answer until all of it is written.
    writing: Option<Task>,
    /// True while the reader does not take what is written.
    waiting: bool,
    understood: Arc<AtomicBool>,
}

impl<S> TimeoutStream<S> {
    /// Makes such a stream, for the connection that has the slot.
    pub(crate) fn new(
        stream: S,
        timeout: Duration,
        slot: &Arc<Slot>,
        understood: &Arc<AtomicBool>,
    ) -> Self {
        Self {
            stream,
            timeout,
            end: Box::pin(sleep(timeout)),
            slot: Arc::clone(slot),
            writing: None,
            waiting: false,
            understood: Arc::clone(understood),
        }
    }

    /// Lets through what is written from now on.
    pub(crate) fn unmute(&self) {
        self.understood.store(true, Ordering::Relaxed);
    }

    fn is_mute(&self) -> bool {
        !self.understood.load(Ordering::Relaxed)
    }

    /// Keeps the slot while an answer is written.
    fn keep_slot(&mut self) {
        if self.writing.is_none() {
            self.writing = Some(self.slot.task());
        }
    }

    /// The result of writing, or an error if it has taken too long.
    fn in_time<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            return written;
        }
        if !self.waiting {
            self.waiting = true;
            self.end.as_mut().reset(Instant::now() + self.timeout);
        }
        ready!(self.end.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimeoutStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimeoutStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_mute() {
            return Poll::Ready(Ok(bytes.len()));
        }
        self.keep_slot();
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.in_time(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.is_mute() {
            return Poll::Ready(Ok(parts.iter().map(|part| part.len()).sum()));
        }
        self.keep_slot();
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.in_time(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Completes when everything to be written is written.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if flushed.is_ready() {
            self.writing = None;
            self.waiting = false;
        }
        self.in_time(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
