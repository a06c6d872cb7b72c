//! Messages to the server that are queued, so that their caller does not wait.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::base::sync::lock;
use crate::protocol::outgoing::Outgoing;

/// The kind of a message, which decides how many may be queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutboxKind {
    /// The application's response to an input request.
    Answer,
    /// A message of the library itself.
    Own,
    /// A message of the library for which no new token is requested.
    Courtesy,
}

/// The queued messages of one session.
#[derive(Debug, Default)]
pub(crate) struct Outbox(Mutex<OutboxQueue>);

#[derive(Debug, Default)]
struct OutboxQueue {
    waiting: VecDeque<Outgoing>,
    bytes: usize,
    senders: usize,
}

/// How many are sent at the same time: each may need a connection.
const SENDERS: usize = 4;
/// The same for messages that only help the server, which may answer none of them.
/// The calls that they are about had as many connections.
const COURTESIES: usize = 32;
/// The limits of queued messages and of their memory. A single message may be
/// larger.
pub(crate) const ANSWERS: usize = 1024;
pub(crate) const ANSWER_BYTES: usize = 64 << 20;
const OWN: usize = 256;
const OWN_BYTES: usize = 1 << 20;

/// The result of adding a message.
pub(crate) enum Added {
    Queued,
    /// Queued, and the caller has to start a sender.
    NeedsSender,
    Full,
}

impl Outbox {
    pub(crate) fn add(&self, kind: OutboxKind, outgoing: Outgoing) -> Added {
        let mut queue = lock(&self.0);
        let (most, most_bytes, senders) = match kind {
            OutboxKind::Answer => (ANSWERS, ANSWER_BYTES, SENDERS),
            OutboxKind::Own => (OWN, OWN_BYTES, SENDERS),
            OutboxKind::Courtesy => (OWN, OWN_BYTES, COURTESIES),
        };
        let bytes = outgoing.body.len();
        let is_full = queue.waiting.len() >= most || queue.bytes + bytes > most_bytes;
        if is_full && !queue.waiting.is_empty() {
            return Added::Full;
        }
        queue.bytes += bytes;
        queue.waiting.push_back(outgoing);
        if queue.senders >= senders {
            return Added::Queued;
        }
        queue.senders += 1;
        Added::NeedsSender
    }

    /// A sender could not be started. Without any other, nothing would ever send
    /// what is queued.
    pub(crate) fn give_up_sender(&self) {
        let mut queue = lock(&self.0);
        queue.senders -= 1;
        if queue.senders == 0 {
            queue.waiting.clear();
            queue.bytes = 0;
        }
    }

    /// Takes the next message. With `None`, the sender has to end.
    pub(crate) fn next(&self) -> Option<Outgoing> {
        let mut queue = lock(&self.0);
        match queue.waiting.pop_front() {
            Some(outgoing) => {
                queue.bytes -= outgoing.body.len();
                Some(outgoing)
            }
            None => {
                queue.senders -= 1;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: usize) -> Outgoing {
        Outgoing { body: " ".repeat(bytes).into(), ..Outgoing::default() }
    }

    #[test]
    fn sends_a_few_at_a_time_and_keeps_a_bounded_number() {
        let outbox = Outbox::default();
        for _ in 0..SENDERS {
            assert!(matches!(outbox.add(OutboxKind::Own, message(1)), Added::NeedsSender));
        }
        for _ in SENDERS..OWN {
            assert!(matches!(outbox.add(OutboxKind::Own, message(1)), Added::Queued));
        }
        assert!(matches!(outbox.add(OutboxKind::Own, message(1)), Added::Full));
        assert!(matches!(outbox.add(OutboxKind::Answer, message(1)), Added::Queued));
        assert!(matches!(outbox.add(OutboxKind::Answer, message(ANSWER_BYTES)), Added::Full));
        for _ in 0..=OWN {
            assert!(outbox.next().is_some());
        }
        for _ in 0..SENDERS {
            assert!(outbox.next().is_none());
        }
        assert!(matches!(
            outbox.add(OutboxKind::Answer, message(2 * ANSWER_BYTES)),
            Added::NeedsSender
        ));
        assert_eq!(lock(&outbox.0).senders, 1);
    }

    #[test]
    fn sender_that_did_not_start_leaves_its_place() {
        let outbox = Outbox::default();
        for _ in 0..2 * SENDERS {
            assert!(matches!(outbox.add(OutboxKind::Answer, message(1)), Added::NeedsSender));
            outbox.give_up_sender();
        }
        let queue = lock(&outbox.0);
        assert_eq!((queue.senders, queue.waiting.len(), queue.bytes), (0, 0, 0));
    }
}
