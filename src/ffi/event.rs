//! Notifications of the server.

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
use crate::ffi::view::{Lent, View, lend, lend_long, tell};

/// SOMETHING THE SERVER TELLS of its own accord: a notification.  Lent to the
/// handler of mcp_client_set_event_handler() while it runs; nothing of it may
/// be kept.
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
            View::root(&Arc::new(Answer::whole(params)))
        };
        self.view.get_or_init(make)
    }

    pub(crate) fn task(&self) -> Option<&mcp_task> {
        let params = self.of_kind(MCP_EVENT_TASK_STATUS)?;
        Some(self.task.get_or_init(|| mcp_task(params.again())))
    }

    fn of_kind(&self, kind: i32) -> Option<&View> {
        (self.kind == kind).then(|| self.view())
    }
}

/// Is told what the server tells of its own accord; see
/// mcp_client_set_event_handler().
///
/// `userdata`: what was given with the callback.  `client`: the client that
/// heard it.  `event` lives until you return.  Runs on a thread that
/// dispatches or waits in a call of this client, possibly on several at a
/// time.
pub type mcp_event_fn = Option<
    unsafe extern "C" fn(userdata: *mut c_void, client: *mut mcp_client, event: *const mcp_event),
>;

/// The address of a client, which its own handlers are given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner(pub(crate) *mut mcp_client);

// SAFETY: only an address: it is given back to the program, which says that
// the client lives while its handlers run.
unsafe impl Send for Owner {}
// SAFETY: as above.
unsafe impl Sync for Owner {}

impl Owner {
    pub(crate) fn address(self) -> *mut mcp_client {
        self.0
    }
}

/// Sets who is told what the server tells of its own accord.
///
/// `callback`: runs inside mcp_client_dispatch() and inside calls that wait,
/// on their thread, never on one of the library's; on several at a time if
/// several wait.  It may call everything except mcp_client_free().  A call
/// that it makes with this client runs no event handler: what comes meanwhile
/// waits in order until this one has returned.  NULL takes it away, and events
/// are dropped.  `userdata`: given to the callback.
/// `free_userdata`: see mcp_free_fn.
///
/// A server that talks more than it is listened to loses the oldest: 1024
/// events and reports of progress are kept, and 16 MiB of them, and the loss
/// is counted, see mcp_client_count().
///
/// Returns MCP_OK, MCP_E_INVALID_ARGUMENT or MCP_E_FORKED.
/// Threads: any, at any time.  Since: 0.1.0.  Spec: notifications.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_event_handler(
    client: *mut mcp_client,
    callback: mcp_event_fn,
    userdata: *mut c_void,
    free_userdata: mcp_free_fn,
) -> i32 {
    let owner = Owner(client);
    let userdata = UserData::new(userdata, free_userdata);
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        let handler = callback.map(|callback| {
            Arc::new(move |event: &Event| {
                let event = mcp_event::new(event);
                // SAFETY: the program gave the function for this user data.
                unsafe { callback(userdata.pointer(), owner.address(), &event) };
            }) as Arc<EventHandler>
        });
        client.inner.set_event_handler(handler);
        Ok(())
    })
}

/// Tells the kind: one of MCP_EVENT_.
///
/// `event`: NULL gives 0.
/// Threads: the handler's, while it runs.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_event_kind(event: *const mcp_event) -> i32 {
    // SAFETY: the header asks for NULL or a live event.
    unsafe { tell(event, 0, |it| Some(it.kind)) }
}

/// Gives the notification's method, such as
/// "notifications/tools/list_changed"; "" for MCP_EVENT_LISTENING.
///
/// Never NULL for an event.  `event`: NULL gives NULL.  Valid while the
/// handler runs.
/// Threads: the handler's, while it runs.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_event_method(event: *const mcp_event) -> *const c_char {
    // SAFETY: the header asks for NULL or a live event.
    unsafe { lend(event, |it| Some(&it.method)) }
}

/// Gives the notification's params as JSON text; "{}" where it has none.
///
/// Never NULL for an event.  `event`: NULL gives NULL.  `len`, unless NULL,
/// receives the bytes without the terminating NUL.  Valid while the handler
/// runs.
/// Threads: the handler's, while it runs.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_event_params_json(
    event: *const mcp_event,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live event, and for NULL or a
    // place to write to.
    unsafe { lend_long(event, len, |it| Some(&it.params)) }
}

/// Gives the resource of MCP_EVENT_RESOURCE_UPDATED, otherwise NULL.
///
/// NULL if the server sent none or another type.  `event`: NULL gives NULL.
/// Valid while the handler runs.
/// Threads: the handler's, while it runs.  Since: 0.1.0.
/// Spec: notifications/resources/updated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_event_uri(event: *const mcp_event) -> *const c_char {
    // SAFETY: the header asks for NULL or a live event.
    unsafe { lend(event, |it| it.of_kind(MCP_EVENT_RESOURCE_UPDATED)?.string("uri")) }
}

/// Gives the level of MCP_EVENT_LOG, one of MCP_LOG_, otherwise -1.
///
/// `event`: NULL gives -1.
/// Threads: the handler's, while it runs.  Since: 0.1.0.
/// Spec: notifications/message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_event_log_level(event: *const mcp_event) -> i32 {
    // SAFETY: the header asks for NULL or a live event.
    unsafe {
        tell(event, -1, |it| {
            let level = it.of_kind(MCP_EVENT_LOG)?.string("level")?.text();
            let place = LEVELS.iter().position(|known| *known == level)?;
            i32::try_from(place).ok()
        })
    }
}

/// Gives the logger's name of MCP_EVENT_LOG.
///
/// NULL if the server sent none or another type.  `event`: NULL gives NULL.
/// Valid while the handler runs.
/// Threads: the handler's, while it runs.  Since: 0.1.0.
/// Spec: notifications/message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_event_logger(event: *const mcp_event) -> *const c_char {
    // SAFETY: the header asks for NULL or a live event.
    unsafe { lend(event, |it| it.of_kind(MCP_EVENT_LOG)?.string("logger")) }
}

/// Gives the data of MCP_EVENT_LOG as JSON text.
///
/// NULL if the server sent none.  `event`: NULL gives NULL.  `len`, unless
/// NULL, receives the bytes without the terminating NUL.  Valid while the
/// handler runs.
/// Threads: the handler's, while it runs.  Since: 0.1.0.
/// Spec: notifications/message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_event_data_json(
    event: *const mcp_event,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live event, and for NULL or a
    // place to write to.
    unsafe { lend_long(event, len, |it| it.of_kind(MCP_EVENT_LOG)?.value("data")) }
}
