//! The actions for inbound text that is not an expected message: one table for
//! all carriers.
//!
//! A difference between carriers has a reason in the carrier: a body has
//! nothing after it, and the rest of an event over the limit is not read.
//! tests/behaviour/tests/limits/inbound_faults.rs sends the same
//! texts on each carrier and compares what the application sees.

use crate::client::core::counters::Counter;

/// The channel on which a message of the server arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// The body of an HTTP response, with one message.
    Body,
    /// The body of an HTTP response, with a batch.
    BatchBody,
    /// The event stream of an HTTP response to a request.
    ResponseStream,
    /// Lines that all requests share: stdio.
    SharedLines,
    /// An event stream that all requests share: HTTP with SSE.
    SharedEvents,
    /// The response to `subscriptions/listen` until the server acknowledges.
    StreamOpening,
    /// A notification stream: the GET stream, or an acknowledged one.
    NotificationStream,
}

/// The kind of a wrong inbound text or message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The text is no message of the revision, and no response to a pending
    /// request: it is not UTF-8, not JSON, not JSON-RPC, or an array.
    Malformed,
    /// The same, but it has the id of a pending request, and is meant as the
    /// response.
    MalformedResponse,
    /// A message over the size limit. Its id is known, or it may be the response
    /// to any request.
    TooLong,
    /// A message over the size limit that is not a response.
    TooLongNotification,
    /// A result without an id.
    NamelessResult,
    /// A response to another request, or to one that has ended.
    UnknownResponse,
    /// An error whose id is null, absent, or none that the client has issued.
    AnonymousError,
    /// A request or a notification in place of the response.
    NotAResponse,
    /// Any message before the server has acknowledged a notification stream.
    EarlyMessage,
}

/// The action of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Handles it like any other message.
    Take,
    /// Handles it as the response if exactly one request is pending.
    TakeForOnly,
    /// Ignores it, and counts it.
    Skip(Counter),
    /// Ignores it.
    SkipSilently,
    /// Fails the request whose response is read, or the opening of the stream.
    Fail,
    /// Fails the request with its id. If it may be the response to any request,
    /// all pending requests fail. If the request is not pending, the message is
    /// ignored and counted.
    FailNamed(Counter),
    /// Ends the notification stream, or the shared connection with all its
    /// pending requests. The library opens it again later.
    EndStream,
}

/// The actions for one fault, with one column for each carrier.
struct Row {
    body: Action,
    batch_body: Action,
    response_stream: Action,
    shared_lines: Action,
    shared_events: Action,
    stream_opening: Action,
    notification_stream: Action,
}

const MALFORMED: Action = Action::Skip(Counter::Malformed);
const DROPPED: Action = Action::Skip(Counter::DroppedReplies);

impl Row {
    /// The same action on every carrier that reads a response.
    const fn for_requests(
        requests: Action,
        shared: Action,
        opening: Action,
        stream: Action,
    ) -> Self {
        Self {
            body: requests,
            batch_body: requests,
            response_stream: requests,
            shared_lines: shared,
            shared_events: shared,
            stream_opening: opening,
            notification_stream: stream,
        }
    }

    const fn of(fault: Fault) -> Self {
        use Action::{EndStream, Fail, FailNamed, SkipSilently, Take, TakeForOnly};
        match fault {
            // Nothing follows a body.
            Fault::Malformed => Self {
                body: Fail,
                ..Self::for_requests(MALFORMED, MALFORMED, MALFORMED, MALFORMED)
            },
            Fault::MalformedResponse => {
                Self::for_requests(Fail, FailNamed(Counter::Malformed), Fail, MALFORMED)
            }
            // The rest of an event over the limit is not read.
            Fault::TooLong => Self {
                shared_lines: FailNamed(Counter::DroppedReplies),
                ..Self::for_requests(Fail, EndStream, Fail, EndStream)
            },
            Fault::TooLongNotification => Self {
                shared_lines: MALFORMED,
                ..Self::for_requests(Fail, EndStream, Fail, EndStream)
            },
            Fault::NamelessResult => Self::for_requests(Fail, DROPPED, DROPPED, DROPPED),
            Fault::UnknownResponse => {
                Self { body: Fail, ..Self::for_requests(DROPPED, DROPPED, DROPPED, DROPPED) }
            }
            Fault::AnonymousError => {
                Self::for_requests(TakeForOnly, TakeForOnly, TakeForOnly, DROPPED)
            }
            Fault::NotAResponse => {
                Self { body: Fail, ..Self::for_requests(Take, Take, Take, Take) }
            }
            Fault::EarlyMessage => Self::for_requests(Take, Take, SkipSilently, Take),
        }
    }
}

/// Returns the action for a fault on a carrier.
pub(crate) const fn action(carrier: Carrier, fault: Fault) -> Action {
    let row = Row::of(fault);
    match carrier {
        Carrier::Body => row.body,
        Carrier::BatchBody => row.batch_body,
        Carrier::ResponseStream => row.response_stream,
        Carrier::SharedLines => row.shared_lines,
        Carrier::SharedEvents => row.shared_events,
        Carrier::StreamOpening => row.stream_opening,
        Carrier::NotificationStream => row.notification_stream,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Action::{EndStream, Fail, FailNamed, SkipSilently, Take, TakeForOnly};

    const CARRIERS: [Carrier; 7] = [
        Carrier::Body,
        Carrier::BatchBody,
        Carrier::ResponseStream,
        Carrier::SharedLines,
        Carrier::SharedEvents,
        Carrier::StreamOpening,
        Carrier::NotificationStream,
    ];

    /// The whole table: one row for each fault, in the order of [`CARRIERS`].
    #[rustfmt::skip]
    const TABLE: [(Fault, [Action; 7]); 9] = [
        (Fault::Malformed, [Fail, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED]),
        (Fault::MalformedResponse,
            [Fail, Fail, Fail, FailNamed(Counter::Malformed), FailNamed(Counter::Malformed), Fail, MALFORMED]),
        (Fault::TooLong,
            [Fail, Fail, Fail, FailNamed(Counter::DroppedReplies), EndStream, Fail, EndStream]),
        (Fault::TooLongNotification, [Fail, Fail, Fail, MALFORMED, EndStream, Fail, EndStream]),
        (Fault::NamelessResult, [Fail, Fail, Fail, DROPPED, DROPPED, DROPPED, DROPPED]),
        (Fault::UnknownResponse, [Fail, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED, DROPPED]),
        (Fault::AnonymousError,
            [TakeForOnly, TakeForOnly, TakeForOnly, TakeForOnly, TakeForOnly, TakeForOnly, DROPPED]),
        (Fault::NotAResponse, [Fail, Take, Take, Take, Take, Take, Take]),
        (Fault::EarlyMessage, [Take, Take, Take, Take, Take, SkipSilently, Take]),
    ];

    #[test]
    fn acts_on_each_fault_as_the_table_says_for_the_carrier() {
        for (fault, actions) in TABLE {
            for (carrier, expected) in CARRIERS.into_iter().zip(actions) {
                assert_eq!(action(carrier, fault), expected, "{fault:?} on {carrier:?}");
            }
        }
    }

    /// A rule for all rows: one request's message never fails another request.
    #[test]
    fn fails_no_call_for_a_text_that_may_belong_to_another() {
        for (fault, [.., lines, events, _, stream]) in TABLE {
            assert_ne!(lines, Fail, "{fault:?} fails a call on shared lines");
            assert_ne!(events, Fail, "{fault:?} fails a call on a shared event stream");
            assert_ne!(stream, Fail, "{fault:?} fails a notification stream");
        }
    }

    /// A rule for all rows: a call ends with its response, not with a text that
    /// may stand before it.
    #[test]
    fn fails_no_call_for_a_text_that_is_no_message() {
        for (carrier, action) in CARRIERS.into_iter().zip(TABLE[0].1) {
            assert_eq!(action == Fail, carrier == Carrier::Body, "{carrier:?}");
        }
    }
}
