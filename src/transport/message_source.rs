//! Whole messages from a stream that all calls share: the carriers stdio and
//! HTTP with SSE.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::base::error::Error;
use crate::platform::Poll;
use crate::transport::wait::Wait;
use crate::wire::partial_id::PartialId;

/// A source of a server's messages.
pub(crate) trait MessageSource: Send {
    /// Waits for the next message, or until one of `also` is ready. After
    /// [`Stop::Wait`] it may be called again, and nothing is lost.
    fn next<'a>(&'a mut self, also: &'a [Poll], wait: &'a Wait) -> NextItem<'a>;

    /// The part of the next message that has arrived, if it is text that may
    /// never end.
    fn unfinished(&self) -> &[u8];

    /// Whether the next message is buffered. No descriptor becomes readable for
    /// such a message.
    fn has_more(&mut self) -> bool;
}

// Not a supertrait: that would link the Debug of every field of every source.
impl fmt::Debug for dyn MessageSource + '_ {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MessageSource")
    }
}

pub(crate) type NextItem<'a> = Pin<Box<dyn Future<Output = Result<Incoming, Stop>> + 'a>>;

#[derive(Debug)]
pub(crate) enum Incoming {
    /// The bytes of a message, and the index at which it begins.
    Message(Vec<u8>, usize),
    /// A line that cannot be a message.
    Malformed(Vec<u8>),
    /// A message that was too long was skipped. The error is for the call that
    /// it belongs to.
    TooLong(PartialId, Error),
    /// No message has arrived, but one of the other descriptors is ready.
    OtherReady,
}

/// Why there is no message.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The wait ended first.
    Wait(Error),
    /// The stream has ended.
    End(Error),
}
