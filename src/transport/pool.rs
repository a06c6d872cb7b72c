//! Idle connections to one origin, kept for the next request.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::transport::connection::Connection;
use crate::transport::wait::Wait;
use crate::wire::http1_body::Body;

/// The most idle connections.
const MOST: usize = 64;
/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_secs(60);
/// A connection that was idle for longer is checked before it is used: many
/// servers close after five seconds. For a shorter time, the check costs more
/// than repeating a request that is safe to repeat.
const FRESH: Duration = Duration::from_millis(5);
/// How long to wait for the end of an event stream whose response was read.
const PATIENCE: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
pub(crate) struct Pool {
    #[allow(clippy::vec_box, reason = "moved in and out with each request")]
    idle: Mutex<Vec<Box<Connection>>>,
    /// The server left an event stream open after its response, so the library
    /// does not wait for the end of the next one.
    holds_streams: AtomicBool,
}

impl Pool {
    /// The newest connection that is fit for a request.
    ///
    /// `must_be_sure`: the request cannot be sent twice, so a connection that
    /// the server has closed must be noticed now.
    pub(crate) async fn take(
        &self,
        must_be_sure: bool,
        mut now: Instant,
        wait: &Wait,
    ) -> Option<Box<Connection>> {
        loop {
            let mut connection = self.pop()?;
            if let Some(body) = connection.unfinished.take() {
                // Boxed: most bodies have ended.
                if !Box::pin(self.finish(&mut connection, body, wait)).await {
                    continue;
                }
                now = Instant::now();
            }
            if connection.has_leftover() {
                continue;
            }
            let idle = now.saturating_duration_since(connection.idle_since);
            let must_be_sure = must_be_sure || connection.may_have_more();
            if idle <= FRESH && !must_be_sure || idle <= IDLE && connection.is_quiet() {
                return Some(connection);
            }
        }
    }

    /// Reads the rest of a body. Returns whether that succeeded in time.
    async fn finish(&self, connection: &mut Connection, mut body: Body, wait: &Wait) -> bool {
        let holds = self.holds_streams.load(Ordering::Relaxed);
        let patience = if holds { Duration::ZERO } else { PATIENCE };
        let is_finished = connection.finish(&mut body, &wait.at_most(patience)).await;
        self.holds_streams.store(!is_finished, Ordering::Relaxed);
        is_finished
    }

    /// Keeps a connection whose response was read, except for `unfinished`.
    pub(crate) fn put(&self, mut connection: Box<Connection>, unfinished: Option<Body>) {
        connection.is_used = true;
        connection.idle_since = Instant::now();
        connection.unfinished = unfinished;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() >= MOST {
            idle.remove(0);
        }
        idle.push(connection);
    }

    pub(crate) fn clear(&self) {
        let all = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        // Closed outside the lock.
        drop(all);
    }

    /// Prefers a connection whose last body has ended.
    fn pop(&self) -> Option<Box<Connection>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        match idle.iter().rposition(|connection| connection.unfinished.is_none()) {
            Some(at) => Some(idle.remove(at)),
            None => idle.pop(),
        }
    }
}
