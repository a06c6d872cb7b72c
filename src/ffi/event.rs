//! Notifications of the server, and the handler that receives them.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, OnceLock};

use crate::client::core::event_queue::Event;
use crate::client::{Answer, EventHandler, LEVELS};
use crate::ffi::callback::{UserData, mcp_free_fn};
use crate::ffi::client::mcp_client;
use crate::ffi::guard::guard;
use crate::ffi::handle::borrow;
use crate::ffi::library::*;
use crate::ffi::task::mcp_task;
use crate::ffi::view::{Lent, View, ViewSource, lend, lend_long, lend_part, read_value};

/// A NOTIFICATION of the server, or of the library about its notification
/// stream or about a sign-in.
///
/// The handler of mcp_client_set_event_handler() receives it.  It is valid
/// while the handler runs, and so is everything that the functions below
/// return.
#[derive(Debug)]
pub struct mcp_event {
    kind: i32,
    method: Lent,
    params: Lent,
    view: OnceLock<View>,
    task: OnceLock<mcp_task>,
}

impl mcp_event {
    fn new(event: &Event) -> Self {
        Self {
            kind: event.kind as i32,
            method: Lent::new(&event.method),
            params: Lent::new(&event.params),
            view: OnceLock::new(),
            task: OnceLock::new(),
        }
    }

    fn view(&self) -> &View {
        let make = || {
            let params = self.params.text().to_owned();
            View::root(&ViewSource::message(Answer::whole(params)))
        };
        self.view.get_or_init(make)
    }

    fn task(&self) -> Option<&mcp_task> {
        let params = self.of_kind(MCP_EVENT_TASK_STATUS)?;
        Some(self.task.get_or_init(|| mcp_task(params.fresh())))
    }

    fn of_kind(&self, kind: i32) -> Option<&View> {
        (self.kind == kind).then(|| self.view())
    }
}

/// Handles a notification; see mcp_client_set_event_handler().
///
/// `userdata`: the pointer that was set with the callback.
/// `client`: the client that received the notification.
/// `event`: the notification.
pub type mcp_event_fn = Option<
    unsafe extern "C" fn(userdata: *mut c_void, client: *mut mcp_client, event: *const mcp_event),
>;

/// The address of a client, to be passed to its handlers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) *mut mcp_client);

// SAFETY: only an address, which is passed back to the application. The
// application guarantees that the client lives while its handlers run.
unsafe impl Send for ClientAddress {}
// SAFETY: as above.
unsafe impl Sync for ClientAddress {}

impl ClientAddress {
    pub(crate) fn address(self) -> *mut mcp_client {
        self.0
    }
}

/// Sets the callback that receives the notifications of the server.
///
/// `callback`: runs inside mcp_client_dispatch() and inside calls that wait,
/// on the thread that called.  NULL removes the callback, and events are
/// dropped.
/// `userdata`: passed to the callback.
/// `free_userdata`: see mcp_free_fn.
///
/// The callback may call every function except mcp_client_free().  A call that
/// it makes with this client runs no event handler: notifications that arrive
/// during that call are queued in order until the callback has returned.
///
/// At most 1024 events and progress reports, and at most 16 MiB of them, are
/// queued.  If more arrive before the application handles them, the oldest
/// are dropped and counted, see mcp_client_counter().
///
/// When: at any time.  Spec: notifications.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_event_handler(
    client: *mut mcp_client,
    callback: mcp_event_fn,
    userdata: *mut c_void,
    free_userdata: mcp_free_fn,
) -> i32 {
    let owner = ClientAddress(client);
    let userdata = UserData::new(userdata, free_userdata);
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        let handler = callback.map(|callback| {
            Arc::new(move |event: &Event| {
                let event = mcp_event::new(event);
                // SAFETY: the application set the function for this user data.
                unsafe { callback(userdata.pointer(), owner.address(), &event) };
            }) as Arc<EventHandler>
        });
        client.inner.set_event_handler(handler)
    })
}

/// Returns the kind of an event: one of MCP_EVENT_.
///
/// `event`: NULL gives 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_event_kind(event: *const mcp_event) -> i32 {
    // SAFETY: the header requires NULL or a live event.
    unsafe { read_value(event, 0, |it| Some(it.kind)) }
}

/// Returns the notification's method, such as
/// "notifications/tools/list_changed".
///
/// `event`: NULL gives NULL.
///
/// It is "" for the events of the library: MCP_EVENT_LISTENING,
/// MCP_EVENT_LISTENING_ENDED, MCP_EVENT_SIGN_IN_NOTICE and MCP_EVENT_STATE.
/// Never NULL for a valid `event`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_event_method(event: *const mcp_event) -> *const c_char {
    // SAFETY: the header requires NULL or a live event.
    unsafe { lend(event, |it| Some(&it.method)) }
}

/// Returns the notification's params as JSON text; "{}" if it has none.
///
/// `event`: NULL gives NULL.
///
/// Never NULL for a valid `event`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_event_params_json(
    event: *const mcp_event,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live event, and NULL or a
    // place to write to.
    unsafe { lend_long(event, len, |it| Some(&it.params)) }
}

/// Returns the URI of the resource that changed, for
/// MCP_EVENT_RESOURCE_UPDATED.
///
/// `event`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type, and for
/// other kinds of event.
/// Spec: notifications/resources/updated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_event_uri(event: *const mcp_event) -> *const c_char {
    // SAFETY: the header requires NULL or a live event.
    unsafe { lend(event, |it| it.of_kind(MCP_EVENT_RESOURCE_UPDATED)?.string("uri")) }
}

/// Returns the level of a log message, one of MCP_LOG_, for MCP_EVENT_LOG.
///
/// `event`: NULL gives -1.
///
/// -1 for other kinds of event, and for a level that the library does not
/// know.
///
/// Spec: notifications/message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_event_log_level(event: *const mcp_event) -> i32 {
    // SAFETY: the header requires NULL or a live event.
    unsafe {
        read_value(event, -1, |it| {
            let level = it.of_kind(MCP_EVENT_LOG)?.string("level")?.text();
            let place = LEVELS.iter().position(|known| *known == level)?;
            i32::try_from(place).ok()
        })
    }
}

/// Returns the text of an event, to show to a person: the log message for
/// MCP_EVENT_LOG, the reason for MCP_EVENT_LISTENING_ENDED and for
/// MCP_EVENT_STATE with MCP_STATE_LOST, the notice for
/// MCP_EVENT_SIGN_IN_NOTICE.
///
/// `event`: NULL gives NULL.
///
/// A log message may be any JSON value: a string is returned as its text, any
/// other value as JSON text.  For MCP_EVENT_LOG, returns NULL if the server
/// sent none or null; the logger's name is in mcp_event_params_json().  For
/// MCP_EVENT_LISTENING_ENDED and MCP_EVENT_SIGN_IN_NOTICE the text is one line
/// without control characters, and never NULL.  MCP_EVENT_STATE has such a text
/// for MCP_STATE_LOST only.  Returns NULL for all other kinds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_event_message(event: *const mcp_event) -> *const c_char {
    // SAFETY: the header requires NULL or a live event.
    unsafe {
        lend(event, |it| match it.kind {
            MCP_EVENT_LOG => it.view().string_or_json("data"),
            MCP_EVENT_LISTENING_ENDED | MCP_EVENT_SIGN_IN_NOTICE | MCP_EVENT_STATE => {
                it.view().string("message")
            }
            _ => None,
        })
    }
}

/// Returns the task of MCP_EVENT_TASK_STATUS; NULL for other kinds of event.
///
/// `event`: NULL gives NULL.
///
/// Spec: notifications/tasks/status, notifications/tasks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_event_task(event: *const mcp_event) -> *const mcp_task {
    // SAFETY: the header requires NULL or a live event.
    unsafe { lend_part(event, mcp_event::task) }
}
