//! The messages of a negotiation.

use crate::base::error::Result;
use crate::client::options::Options;
use crate::protocol::call::Call;
use crate::protocol::dialect::Dialect;
use crate::protocol::handshake::Handshake;
use crate::protocol::negotiation::Attempt;
use crate::protocol::outgoing::Outgoing;
use crate::protocol::request_meta::RequestMeta;
use crate::protocol::stateless::Stateless;

/// The message of an attempt, and the dialect that reads the server's messages
/// meanwhile.
pub(super) fn attempt_message(
    options: &Options,
    attempt: Attempt,
    id: i64,
) -> Result<(Outgoing, Box<dyn Dialect>)> {
    let meta = RequestMeta { id, common: options.meta.as_deref(), ..RequestMeta::default() };
    Ok(match attempt {
        Attempt::Discover(revision) => {
            let dialect = Stateless::new(revision, &options.identity, &options.declaration());
            (dialect.discover(&Call::ping(), &meta), Box::new(dialect))
        }
        Attempt::Initialize(revision) => (
            Handshake::initialize(revision, &options.identity, &options.declaration(), &meta),
            // Answers a ping that arrives before there is a session.
            Box::new(Handshake::new(revision, None)?),
        ),
    })
}
