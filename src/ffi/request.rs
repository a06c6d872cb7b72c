//! Requests with options of their own.

use std::ffi::{c_char, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::error::{Error, Result, Status};
use crate::client::Call;
use crate::client::app::request::{Request, Tell};
use crate::client::options::{milliseconds, patience};
use crate::ffi::argument::{optional_text, store, text};
use crate::ffi::call::hand_out;
use crate::ffi::callback::UserData;
use crate::ffi::cancel::mcp_cancel;
use crate::ffi::client::{mcp_client, mcp_free_fn};
use crate::ffi::error::mcp_error;
use crate::ffi::guard::{guard, guard_or, read_or};
use crate::ffi::handle::{Handle, borrow, give, peek, take};
use crate::ffi::library::MCP_PENDING;
use crate::ffi::result::mcp_result;
use crate::ffi::view::Lent;

/// ONE REQUEST, with options of its own, performed here or started to go on
/// by itself.
///
/// Make it with one of the mcp_request_new functions, set what differs from
/// the client's options, then either mcp_request_perform(), which blocks, or
/// mcp_request_start(), which returns at once: mcp_client_fd() becomes
/// readable when there is something to do, mcp_client_dispatch() does it, and
/// mcp_client_next_done() hands the finished requests out.
///
/// A request that is not in flight may be performed or started again, which
/// sends it anew.  While it is in flight its options cannot be changed:
/// MCP_E_STATE.  A started request uses no descriptor of its own; see
/// MCP_LIMIT_CONNECTIONS.  One thread at a time uses it, except that any
/// thread may ask mcp_request_status() and fire its mcp_cancel.
#[derive(Debug)]
pub struct mcp_request {
    pid: u32,
    pub(crate) inner: Arc<Request>,
    error: Mutex<Option<Box<mcp_error>>>,
    userdata: AtomicPtr<c_void>,
}

impl Handle for mcp_request {
    fn pid(&self) -> u32 {
        self.pid
    }
}

impl mcp_request {
    fn keep(&self, error: Option<Error>) {
        self.put_error(error.map(|error| Box::new(mcp_error::new(error))));
    }

    fn put_error(&self, error: Option<Box<mcp_error>>) {
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    fn take_error(&self) -> Option<Box<mcp_error>> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Tells how far a request is; see mcp_request_set_progress().
///
/// `userdata`: what was given with the callback.  `progress`: goes up.
/// `total`: -1 where the server did not say.  `message`: UTF-8, valid during
/// the call; NULL where the server did not say.  Runs on the thread that
/// performs the request or dispatches.
pub type mcp_progress_fn = Option<
    unsafe extern "C" fn(userdata: *mut c_void, progress: f64, total: f64, message: *const c_char),
>;

/// # Safety
///
/// `client` is NULL or alive, and texts that `make` reads are valid.
unsafe fn new(client: *mut mcp_client, make: impl FnOnce() -> Result<Call>) -> *mut mcp_request {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: as the caller says.
        let client = unsafe { borrow(client, "client") }?;
        let inner = Arc::new(Request::new(client.inner.clone(), make()?));
        let request = give(mcp_request {
            pid: std::process::id(),
            inner: inner.clone(),
            error: Mutex::default(),
            userdata: AtomicPtr::default(),
        });
        inner.handle.store(request.cast(), Ordering::Release);
        Ok(request)
    })
}

/// Makes a request of any method, this library's or a newer one's.
///
/// `client`: the client that will send it, which the request keeps alive.
/// `method`: such as "ping" or "tools/list", printable ASCII.  `params_json`:
/// a JSON object as UTF-8 text, NULL or "" for none; what the protocol itself
/// puts into it (_meta, progress token) is added.  Both are copied.  A request
/// of "ping" is whatever mcp_ping() sends.
///
/// Returns a handle to free with mcp_request_free(), or NULL with the last
/// error set: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.  No I/O is done.
/// Threads: any.  Since: 0.1.0.  Spec: basic, requests.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new(
    client: *mut mcp_client,
    method: *const c_char,
    params_json: *const c_char,
) -> *mut mcp_request {
    // SAFETY: the header asks for NULL or a live client, and for texts.
    unsafe {
        new(client, || {
            Call::new(text(method, "method")?, optional_text(params_json, "params_json")?)
        })
    }
}

/// Makes a request of "tools/call"; see mcp_call_tool().
///
/// `client`: as for mcp_request_new().  `name`, `arguments_json`: as for
/// mcp_call_tool().
///
/// Returns like mcp_request_new().
/// Threads: any.  Since: 0.1.0.  Spec: tools/call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new_call_tool(
    client: *mut mcp_client,
    name: *const c_char,
    arguments_json: *const c_char,
) -> *mut mcp_request {
    // SAFETY: the header asks for NULL or a live client, and for texts.
    unsafe {
        new(client, || {
            let arguments = optional_text(arguments_json, "arguments_json")?;
            Call::tool(text(name, "name")?, arguments)
        })
    }
}

/// Makes a request of "resources/read"; see mcp_read_resource().
///
/// `client`: as for mcp_request_new().  `uri`: as for mcp_read_resource().
///
/// Returns like mcp_request_new().
/// Threads: any.  Since: 0.1.0.  Spec: resources/read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new_read_resource(
    client: *mut mcp_client,
    uri: *const c_char,
) -> *mut mcp_request {
    // SAFETY: the header asks for NULL or a live client, and for a text.
    unsafe { new(client, || Ok(Call::read(text(uri, "uri")?))) }
}

/// Makes a request of "prompts/get"; see mcp_get_prompt().
///
/// `client`: as for mcp_request_new().  `name`, `arguments_json`: as for
/// mcp_get_prompt().
///
/// Returns like mcp_request_new().
/// Threads: any.  Since: 0.1.0.  Spec: prompts/get.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new_get_prompt(
    client: *mut mcp_client,
    name: *const c_char,
    arguments_json: *const c_char,
) -> *mut mcp_request {
    // SAFETY: the header asks for NULL or a live client, and for texts.
    unsafe {
        new(client, || {
            let arguments = optional_text(arguments_json, "arguments_json")?;
            Call::prompt(text(name, "name")?, arguments)
        })
    }
}

/// Ends the request if it was started and is in flight, and releases it.
///
/// `request`: a request that no thread performs and that is not used again,
/// or NULL.  Results that it gave outlive it.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_free(request: *mut mcp_request) {
    read_or((), || {
        // SAFETY: the header asks for NULL or a request that is not used again.
        let request = unsafe { take(request) }?;
        if request.pid == std::process::id() {
            request.inner.abandon();
        }
        Some(())
    });
}

/// Sets this request's timeout, in place of the client's; see
/// mcp_client_set_timeout().
///
/// `milliseconds`: 1 to INT32_MAX.  Errors: MCP_E_INVALID_ARGUMENT,
/// MCP_E_STATE in flight, MCP_E_FORKED.
/// Threads: one at a time.  Since: 0.1.0.  Spec: lifecycle, timeouts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_timeout(
    request: *mut mcp_request,
    milliseconds: i32,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        let timeout = self::milliseconds(milliseconds)?;
        request.inner.change(|_, limits| {
            limits.timeout = Some(timeout);
            Ok(())
        })
    })
}

/// Sets this request's deadline, in place of the client's; see
/// mcp_client_set_deadline().
///
/// `milliseconds`: 1 to INT32_MAX.  Errors: MCP_E_INVALID_ARGUMENT,
/// MCP_E_STATE in flight, MCP_E_FORKED.
/// Threads: one at a time.  Since: 0.1.0.  Spec: lifecycle, timeouts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_deadline(
    request: *mut mcp_request,
    milliseconds: i32,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        let deadline = self::milliseconds(milliseconds)?;
        request.inner.change(|_, limits| {
            limits.deadline = Some(deadline);
            Ok(())
        })
    })
}

/// Asks the server to report progress, as a call of a tool always does, and
/// sets who is told.
///
/// `callback`: runs as each report arrives, on the thread that performs the
/// request or dispatches; NULL takes it away.  `userdata`: given to the
/// callback.  `free_userdata`: see mcp_free_fn.  Each report starts the
/// request's timeout anew.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
///
/// It is not called any more once the request is done, was freed or has
/// another callback: what came meanwhile is passed over, and one that is
/// running on another thread is waited for.  So hold no lock then that the
/// callback takes.  A new one is told of the flights that begin later.
/// Threads: one at a time.  Since: 0.1.0.  Spec: progress.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_progress(
    request: *mut mcp_request,
    callback: mcp_progress_fn,
    userdata: *mut c_void,
    free_userdata: mcp_free_fn,
) -> i32 {
    let userdata = UserData::new(userdata, free_userdata);
    guard(|| {
        // SAFETY: the header asks for NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        let tell = callback.map(|callback| {
            Arc::new(move |progress, total: Option<f64>, message: Option<&str>| {
                let message = message.map(Lent::new);
                let message = message.as_ref().map_or(std::ptr::null(), Lent::pointer);
                let total = total.unwrap_or(-1.0);
                // SAFETY: the program gave the function for this user data.
                unsafe { callback(userdata.pointer(), progress, total, message) };
            }) as Arc<Tell>
        });
        request.inner.set_report(tell)
    })
}

/// Lets an mcp_cancel end this request with MCP_E_CANCELLED.
///
/// `cancel`: the request keeps a reference, so that it may be freed.  One that
/// has been fired already ends the request at once.  NULL takes it away.
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE in flight, MCP_E_FORKED.
/// Threads: one at a time.  Since: 0.1.0.  Spec: cancellation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_cancel(
    request: *mut mcp_request,
    cancel: *mut mcp_cancel,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        let signal = if cancel.is_null() {
            None
        } else {
            // SAFETY: the header asks for NULL or a live cancel.
            Some(unsafe { borrow(cancel, "cancel") }?.inner.clone())
        };
        request.inner.change(|_, limits| {
            limits.cancel = signal;
            Ok(())
        })
    })
}

/// Adds the members of a JSON object to the request's _meta; those of an
/// earlier call, and of the parameters, go.
///
/// `json`: a JSON object as UTF-8 text, copied; NULL takes them away.  Names
/// that the protocol sets itself are refused, and so are a "traceparent",
/// "tracestate" or "baggage" that are not as W3C Trace Context has them.
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE in flight, MCP_E_FORKED.
/// Threads: one at a time.  Since: 0.1.0.  Spec: basic, _meta.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_meta_json(
    request: *mut mcp_request,
    json: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live request, and for a text.
        let (request, json) =
            unsafe { (borrow(request, "request")?, optional_text(json, "json")?) };
        request.inner.change(|call, _| call.set_meta(json))
    })
}

/// Says whether the request may be sent again after a broken connection, when
/// the server may have executed it.
///
/// `repeatable`: 1 or 0.  Default: 1 for methods that only read, and for tools
/// that say of themselves, in a list that was read, that they are idempotent
/// or only read; 0 for others.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE in
/// flight, MCP_E_FORKED.
/// Threads: one at a time.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_repeatable(
    request: *mut mcp_request,
    repeatable: i32,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        request.inner.change(|_, limits| {
            limits.is_repeatable = Some(repeatable != 0);
            Ok(())
        })
    })
}

/// Says whether a request of a list gathers all its pages, as mcp_list_tools()
/// does, in place of the one page that its parameters name.
///
/// `all`: 1 or 0, the default.  An option, so that one request object serves
/// all lists, performed or started: "tools/list", "resources/list",
/// "resources/templates/list", "prompts/list", "skills/list", "tasks/list".
/// The result is one, as mcp_list_tools() gives it, and the same bounds hold:
/// mcp_client_set_max_pages(), mcp_client_set_max_items().  The timeout begins
/// anew with each page, the deadline is that of the whole list.
///
/// Errors: MCP_E_INVALID_ARGUMENT for another method, and for parameters with
/// a "cursor"; MCP_E_STATE in flight, MCP_E_FORKED.
/// Threads: one at a time.  Since: 0.1.0.  Spec: pagination.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_all_pages(request: *mut mcp_request, all: i32) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        request.inner.set_all_pages(all != 0)
    })
}

/// Keeps a pointer of yours with the request.
///
/// `request`: NULL is allowed.  `userdata`: never read by the library.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_userdata(
    request: *mut mcp_request,
    userdata: *mut c_void,
) {
    // SAFETY: the header asks for NULL or a live request.
    if let Some(request) = unsafe { peek(request) } {
        request.userdata.store(userdata, Ordering::Release);
    }
}

/// Gives the pointer of mcp_request_set_userdata(); NULL before.
///
/// `request`: NULL gives NULL.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_userdata(request: *const mcp_request) -> *mut c_void {
    // SAFETY: the header asks for NULL or a live request.
    let request = unsafe { peek(request) };
    request.map_or(std::ptr::null_mut(), |request| request.userdata.load(Ordering::Acquire))
}

/// Sends the request and waits for its end, on this thread.
///
/// `out`, unless NULL, receives the result, to free with mcp_result_free(), or
/// NULL on failure.  Handlers of the client run meanwhile on this thread.  A
/// call of which a byte may have reached the server is not sent again after a
/// lost connection, unless its method only reads: MCP_E_IO, and
/// mcp_error_may_have_run() is 1.
///
/// Returns MCP_OK or a status: call errors; MCP_E_STATE when it is in flight.
/// Threads: one at a time.  Since: 0.1.0.  Spec: basic, requests.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_perform(
    request: *mut mcp_request,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { store(out, std::ptr::null_mut()) };
    guard(|| {
        // SAFETY: the header asks for NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        let result = request.inner.perform();
        match &result {
            // That of the flight under way is not this call's to change.
            Err(error) if error.status() == Status::State => {}
            other => request.keep(other.as_ref().err().cloned()),
        }
        // SAFETY: the header asks for NULL or a place to write to.
        unsafe { hand_out(result?, out) };
        Ok(())
    })
}

/// Begins the request and returns without waiting for the network.
///
/// `request`: any number may be in flight on one client.  What happens is told
/// through mcp_client_fd(); mcp_client_dispatch() must be called for handlers
/// to run and for the request to be handed out.
///
/// Returns MCP_OK, or a status: MCP_E_STATE when it is in flight,
/// MCP_E_CLOSED, MCP_E_INTERNAL when there is no descriptor or thread left.
/// Threads: one at a time.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_start(request: *mut mcp_request) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        // Once it has begun, another thread may free the handle.
        let inner = request.inner.clone();
        let before = request.take_error();
        inner.start().inspect_err(|_| request.put_error(before))
    })
}

/// Tells how a request stands: MCP_PENDING while it is in flight, then its
/// status.
///
/// `request`: NULL gives MCP_E_INVALID_ARGUMENT.  MCP_E_STATE before it was
/// started.  Does not touch the last error.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_status(request: *const mcp_request) -> i32 {
    read_or(Status::InvalidArgument as i32, || {
        // SAFETY: the header asks for NULL or a live request.
        let request = unsafe { peek(request) }?;
        Some(request.inner.status().map_or(MCP_PENDING, |status| status as i32))
    })
}

/// Waits for a started request, dispatching meanwhile.
///
/// `milliseconds`: how long to wait at most; 0 does not wait, and less is
/// MCP_E_INVALID_ARGUMENT.
///
/// Returns its status, or MCP_PENDING when the time is over first.  A request
/// whose status was told here is handed out by it: mcp_client_next_done() does
/// not give it again.  MCP_E_STATE before it was started, and inside a
/// callback that gets or keeps a credential; MCP_E_FORKED.
/// Threads: one at a time.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_wait(request: *mut mcp_request, milliseconds: i32) -> i32 {
    let mut waited = None;
    let status = guard(|| {
        // SAFETY: the header asks for NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        let inner = &request.inner;
        let patience = patience(milliseconds)?;
        waited = Some(inner.client.await_request(inner, patience)?);
        match inner.error() {
            Some(error) if waited.flatten().is_some() => Err(error),
            _ => Ok(()),
        }
    });
    match waited {
        Some(None) => MCP_PENDING,
        Some(Some(status)) => status as i32,
        None => status,
    }
}

/// Hands out the result of a started request that is done, once.
///
/// `out`, unless NULL, receives the result, to free with mcp_result_free(), or
/// NULL.
///
/// Returns the request's status, and makes its error this thread's last
/// error; MCP_E_NOT_FOUND when the result has been taken, MCP_E_STATE while
/// it is in flight or before it was started.
/// Threads: one at a time.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_take_result(
    request: *mut mcp_request,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { store(out, std::ptr::null_mut()) };
    guard(|| {
        // SAFETY: the header asks for NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        let pages = request.inner.take_result()?;
        // SAFETY: the header asks for NULL or a place to write to.
        unsafe { hand_out(pages, out) };
        Ok(())
    })
}

/// Gives why the request failed when it was last performed or started: what
/// mcp_error_message() and its neighbours read.
///
/// NULL when it did not fail, or for a NULL `request`.  Borrowed: valid until
/// the request is performed or started again, or freed.
/// Threads: one at a time.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_error(request: *const mcp_request) -> *const mcp_error {
    read_or(std::ptr::null(), || {
        // SAFETY: the header asks for NULL or a live request.
        let request = unsafe { peek(request) }?;
        let mut kept = request.error.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none() {
            *kept = request.inner.error().map(|error| Box::new(mcp_error::new(error)));
        }
        kept.as_deref().map(std::ptr::from_ref)
    })
}
