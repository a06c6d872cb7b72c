//! Whole messages as they come on a stream that all calls share.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::base::error::Error;
use crate::platform::Poll;
use crate::transport::wait::Wait;
use crate::wire::partial_id::PartialId;

/// Where the messages of a server come from.
pub(crate) trait Source: Send {
    /// The next message, or the news that one of `also` is ready. After
    /// [`Stop::Wait`] it may be asked again, and nothing is lost.
    fn next<'a>(&'a mut self, also: &'a [Poll], wait: &'a Wait) -> Next<'a>;

    /// Whether the next message is here already, and nothing that can be
    /// waited for tells of it.
    fn has_more(&mut self) -> bool;
}

// No supertrait: what every implementor holds would be linked for nobody.
impl fmt::Debug for dyn Source + '_ {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Source")
    }
}

pub(crate) type Next<'a> = Pin<Box<dyn Future<Output = Result<Incoming, Stop>> + 'a>>;

#[derive(Debug)]
pub(crate) enum Incoming {
    /// The bytes of a message, which begins at the place.
    Message(Vec<u8>, usize),
    /// What is no message and was passed over.
    Junk,
    /// One that was too long and was passed over; the last word on it, if it
    /// is not known whose it is.
    TooLong(PartialId, Error),
    /// Nothing has come, but one of the others is ready.
    Also,
}

/// Why there is no message.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The wait ended first.
    Wait(Error),
    /// There will be none any more.
    End(Error),
}
