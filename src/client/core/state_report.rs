//! Whether a client is connected, without I/O, and the event that says so.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::base::sync::lock;
use crate::client::core::client::Client;
use crate::client::core::client_state::ClientState;
use crate::client::core::event_queue::Event;
use crate::client::core::session::Session;
use crate::protocol::notification::NotificationKind;
use crate::wire::json_members;

/// A call connects until the value is dropped.
#[derive(Debug)]
pub(crate) struct Connecting<'a>(&'a Client);

impl Client {
    /// Returns the state. It is derived from the session, so it cannot differ
    /// from what the next call finds.
    pub(crate) fn state(&self) -> ClientState {
        let facts = &self.state_facts;
        if self.is_closed() {
            return ClientState::Closed;
        }
        if self.current_session().is_some_and(|session| !session.transport.is_over()) {
            return ClientState::Connected;
        }
        if facts.connecting.load(Ordering::Acquire) > 0 {
            return ClientState::Connecting;
        }
        if facts.was_connected.load(Ordering::Acquire) {
            return ClientState::Lost;
        }
        ClientState::Idle
    }

    /// Marks that a call connects.
    pub(crate) fn begin_connecting(&self) -> Connecting<'_> {
        self.state_facts.connecting.fetch_add(1, Ordering::AcqRel);
        self.report_state();
        Connecting(self)
    }

    /// The client is connected by this session from now on.
    pub(crate) fn set_session(&self, session: &Arc<Session>) {
        self.set_loss("the server has ended the session");
        self.state_facts.was_connected.store(true, Ordering::Release);
        *lock(&self.session) = Some(session.clone());
    }

    /// Keeps the reason for the loss of a session, before the loss is reported.
    pub(crate) fn set_loss(&self, reason: &str) {
        reason.clone_into(&mut lock(&self.state_facts.reason));
    }

    /// Queues an event if the state has changed. Handlers never run here: the
    /// caller may hold the right to connect.
    pub(crate) fn report_state(&self) {
        let mut reported = lock(&self.state_facts.reported);
        let state = self.state();
        let has_changed = std::mem::replace(&mut *reported, state) != state;
        drop(reported);
        if has_changed && self.handlers().event.is_some() {
            self.event_queue.push_state_change();
        }
    }

    /// The event for the state of this moment.
    pub(crate) fn state_event(&self) -> Event {
        let state = self.state();
        let params = json_members::object(|json| {
            json.integer("state", i64::from(state as i32));
            if state == ClientState::Lost {
                json.string("message", &lock(&self.state_facts.reason));
            }
        });
        Event { kind: NotificationKind::State, method: String::new(), params }
    }
}

impl Drop for Connecting<'_> {
    fn drop(&mut self) {
        self.0.state_facts.connecting.fetch_sub(1, Ordering::AcqRel);
        self.0.report_state();
    }
}
