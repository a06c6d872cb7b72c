//! Progress of the call at hand, told as it is read: a server may send a
//! hundred thousand of these, each of them for a handful of instructions of
//! the program.

use crate::client::core::client::Client;
use crate::client::core::outbound::OutboundMessage;
use crate::protocol::notification::{self, Progress};
use crate::transport::wait::Wait;
use crate::wire::event_stream::Event;
use crate::wire::tape::Tape;

/// The room in which one notification after the other is read.
#[derive(Debug, Default)]
pub(crate) struct ProgressReader {
    tape: Tape,
}

/// The longest text in which progress is looked for: whatever it is not is
/// read again.
const LONGEST: usize = 1024;
/// Down to the members of the params.
const LEVELS: usize = 2;

impl ProgressReader {
    /// Tells the program if this is progress of this very request, and nothing
    /// else has to be told before; says whether it was.
    pub(crate) fn tell(
        &mut self,
        client: &Client,
        post: OutboundMessage<'_>,
        event: &Event,
        wait: &Wait,
    ) -> bool {
        let Some(report) = post.report else { return false };
        let data = event.data();
        if data.len() > LONGEST || wait.is_background() || client.has_background() {
            return false;
        }
        let Ok(text) = std::str::from_utf8(data) else { return false };
        if self.tape.read_again(text, LEVELS).is_err() {
            return false;
        }
        let Some(params) = notification::progress(text, &self.tape) else { return false };
        match Progress::read(text, &self.tape, params) {
            Some(told) if told.id() == post.id => {
                wait.restart();
                client.tell(report, told.progress, told.total, told.message.as_deref());
                true
            }
            _ => false,
        }
    }
}
