//! The body of a request, read on a thread that may block. The client may not be silent for long.

use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use std::io::{self, Read};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

/// A body with time limits: on each silence, and on all of it. The client is asked for more when
/// what came was read.
pub(super) struct BlockingBody {
    pub(super) body: Body,
    pub(super) runtime: Handle,
    pub(super) idle: Duration,
    pub(super) end: Instant,
    /// Bytes that came and were not read.
    pub(super) rest: Bytes,
}

impl Read for BlockingBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            let silence = self.end.min(Instant::now() + self.idle);
            let next = async { timeout_at(silence, self.body.frame()).await };
            match self.runtime.block_on(next)? {
                None => return Ok(0),
                // A frame of trailers has no data.
                Some(frame) => {
                    let frame = frame.map_err(io::Error::other)?;
                    self.rest = frame.into_data().unwrap_or_default();
                }
            }
        }
        let read = buffer.len().min(self.rest.len());
        buffer[..read].copy_from_slice(&self.rest.split_to(read));
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderMap;
    use http_body_util::Empty;
    use std::convert::Infallible;
    use std::future::pending;
    use tokio::runtime::Builder;

    /// A body of which nothing comes.
    fn silence() -> Body {
        let never = pending::<Option<Result<HeaderMap, Infallible>>>();
        Body::new(Empty::<Bytes>::new().with_trailers(never))
    }

    #[test]
    fn a_body_comes_in_pieces_and_a_silence_ends_it() {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        let of = |body: Body, end: Instant| BlockingBody {
            body,
            runtime: runtime.handle().clone(),
            idle: Duration::from_millis(50),
            end,
            rest: Bytes::new(),
        };
        let later = Instant::now() + Duration::from_secs(60);
        let mut whole = of(Body::from("0123456789"), later);
        let mut piece = [0; 4];
        assert_eq!((whole.read(&mut piece).unwrap(), &piece), (4, b"0123"));
        assert_eq!(io::read_to_string(whole).unwrap(), "456789");
        for end in [later, Instant::now()] {
            let late = of(silence(), end).read(&mut piece).unwrap_err();
            assert_eq!(late.kind(), io::ErrorKind::TimedOut);
        }
    }
}
