//! Each setter at each state of a client and of a request: one that has no
//! effect any more says so.

use std::ptr::{null, null_mut};

use behaviour::constants::*;
use behaviour::{Auth, Client, HttpServer, outcome, raw, stdio_server, tests};
use serde_json::json;

/// When a setter of a client works.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Until {
    /// Before the client is connected.
    Connected,
    /// Before the connection of a process or of HTTP with SSE is open; always
    /// over Streamable HTTP.
    Shared,
    /// Until the client is closed.
    Closed,
    /// Always: it removes something, or the application alone uses it.
    Always,
}

type Setter = fn(*mut raw::mcp_client) -> i32;

/// The setters that each client has.
const COMMON: &[(&str, Until, Setter)] = &[
    ("info", Until::Connected, |it| unsafe {
        raw::mcp_client_set_info(it, c"a".as_ptr(), c"1".as_ptr())
    }),
    ("protocol_version", Until::Connected, |it| unsafe {
        raw::mcp_client_set_protocol_version(it, c"2025-11-25".as_ptr())
    }),
    ("capabilities", Until::Connected, |it| unsafe {
        raw::mcp_client_set_capabilities_json(it, c"{}".as_ptr())
    }),
    ("timeout", Until::Closed, |it| unsafe { raw::mcp_client_set_timeout(it, 9_000) }),
    ("deadline", Until::Closed, |it| unsafe { raw::mcp_client_set_deadline(it, 99_000) }),
    ("close_timeout", Until::Closed, |it| unsafe { raw::mcp_client_set_close_timeout(it, 900) }),
    ("keepalive", Until::Closed, |it| unsafe { raw::mcp_client_set_keepalive(it, 90_000) }),
    ("message size", Until::Shared, |it| unsafe {
        raw::mcp_client_set_limit(it, MCP_LIMIT_MESSAGE_SIZE, 1 << 20)
    }),
    ("pages", Until::Closed, |it| unsafe { raw::mcp_client_set_limit(it, MCP_LIMIT_PAGES, 9) }),
    ("items", Until::Closed, |it| unsafe { raw::mcp_client_set_limit(it, MCP_LIMIT_ITEMS, 99) }),
    ("events", Until::Closed, |it| unsafe { raw::mcp_client_set_limit(it, MCP_LIMIT_EVENTS, 99) }),
    ("cache", Until::Closed, |it| unsafe { raw::mcp_client_set_limit(it, MCP_LIMIT_CACHE, 99) }),
    ("connections", Until::Closed, |it| unsafe {
        raw::mcp_client_set_limit(it, MCP_LIMIT_CONNECTIONS, 9)
    }),
    ("roots", Until::Connected, |it| unsafe { raw::mcp_client_set_roots_json(it, c"[]".as_ptr()) }),
    ("trace", Until::Closed, |it| unsafe { raw::mcp_client_set_trace_fd(it, 1) }),
    ("no trace", Until::Always, |it| unsafe { raw::mcp_client_set_trace_fd(it, -1) }),
    ("event handler", Until::Closed, |it| unsafe {
        raw::mcp_client_set_event_handler(it, Some(on_event), null_mut(), None)
    }),
    ("no event handler", Until::Always, |it| unsafe {
        raw::mcp_client_set_event_handler(it, None, null_mut(), None)
    }),
    ("input handler", Until::Connected, |it| unsafe {
        raw::mcp_client_set_input_handler(it, MCP_INPUT_FORM, Some(on_input), null_mut(), None)
    }),
    ("wakeup", Until::Closed, |it| unsafe {
        raw::mcp_client_set_wakeup(it, Some(on_wakeup), null_mut(), None)
    }),
    ("no wakeup", Until::Always, |it| unsafe {
        raw::mcp_client_set_wakeup(it, None, null_mut(), None)
    }),
    ("dispatch_only", Until::Closed, |it| unsafe { raw::mcp_client_set_dispatch_only(it, 0) }),
    ("userdata", Until::Always, |it| unsafe { raw::mcp_client_set_userdata(it, null_mut(), None) }),
];

/// The setters of a client that reaches its server by HTTP.
const HTTP: &[(&str, Until, Setter)] = &[
    ("header", Until::Closed, |it| unsafe {
        raw::mcp_client_set_header(it, c"X".as_ptr(), c"1".as_ptr())
    }),
    ("token", Until::Closed, |it| unsafe { raw::mcp_client_set_token(it, c"t".as_ptr()) }),
    ("no token", Until::Always, |it| unsafe { raw::mcp_client_set_token(it, null()) }),
    ("auth", Until::Closed, |it| {
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        unsafe { raw::mcp_client_set_auth(it, auth.0) }
    }),
    ("no auth", Until::Always, |it| unsafe { raw::mcp_client_set_auth(it, null_mut()) }),
    ("transport", Until::Connected, |it| unsafe { raw::mcp_client_set_transport(it, 0) }),
    ("proxy", Until::Connected, |it| unsafe { raw::mcp_client_set_proxy(it, c"".as_ptr()) }),
    ("unix_socket", Until::Connected, |it| unsafe { raw::mcp_client_set_unix_socket(it, null()) }),
    ("ca_file", Until::Connected, |it| unsafe { raw::mcp_client_set_ca_file(it, null()) }),
    ("certificate", Until::Connected, |it| unsafe {
        raw::mcp_client_set_certificate(it, null(), null())
    }),
];

/// The setters of a client that starts its server.
const PROCESS: &[(&str, Until, Setter)] = &[
    ("env", Until::Connected, |it| unsafe {
        raw::mcp_client_set_env(it, c"X".as_ptr(), c"1".as_ptr())
    }),
    ("directory", Until::Connected, |it| unsafe { raw::mcp_client_set_directory(it, null()) }),
];

unsafe extern "C" fn on_event(
    _: *mut std::ffi::c_void,
    _: *mut raw::mcp_client,
    _: *const raw::mcp_event,
) {
}

unsafe extern "C" fn on_input(
    _: *mut std::ffi::c_void,
    _: *mut raw::mcp_client,
    input: *mut raw::mcp_input,
) {
    unsafe { raw::mcp_input_free(input) }
}

unsafe extern "C" fn on_done(_: *mut std::ffi::c_void, _: *mut raw::mcp_request) {}

unsafe extern "C" fn on_progress(
    _: *mut std::ffi::c_void,
    _: *mut raw::mcp_request,
    _: *const raw::mcp_progress,
) {
}

unsafe extern "C" fn on_wakeup(_: *mut std::ffi::c_void) {}

#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    New,
    Connected,
    Closed,
}

/// Each setter gives MCP_OK as long as it has an effect, and MCP_E_STATE after.
fn check(make: &dyn Fn(When) -> Client, setters: &[(&str, Until, Setter)], is_shared: bool) {
    for when in [When::New, When::Connected, When::Closed] {
        for (name, until, set) in setters {
            let client = make(when);
            let works = match until {
                Until::Connected => when == When::New,
                Until::Shared => when == When::New || when == When::Connected && !is_shared,
                Until::Closed => when != When::Closed,
                Until::Always => true,
            };
            let status = set(client.0);
            assert_eq!(status, if works { MCP_OK } else { MCP_E_STATE }, "{name} {when:?}");
            if !works {
                assert_eq!(outcome(status).unwrap_err().status, MCP_E_STATE, "with an error");
            }
        }
    }
}

fn at(client: Client, when: When) -> Client {
    match when {
        When::New => {}
        When::Connected => drop(client.connect().unwrap()),
        When::Closed => client.close(),
    }
    client
}

tests! {
    setters_of_a_client_over_http {
        let served = HttpServer::handshake();
        let make = |when| {
            let client = served.client();
            client.set_close_timeout(0).unwrap();
            at(client, when)
        };
        check(&make, COMMON, false);
        check(&make, HTTP, false);
    }

    setters_of_a_client_of_a_process {
        let peer = stdio_server!("");
        let make = |when| at(peer.client(), when);
        let shared: Vec<_> =
            COMMON.iter().filter(|(_, until, _)| *until == Until::Shared).copied().collect();
        check(&make, &shared, true);
        check(&make, PROCESS, true);
    }

    setters_of_a_request {
        type RequestSetter = fn(*mut raw::mcp_request) -> i32;
        // The setter, and whether it holds for the next run while one is in flight.
        let setters: &[(&str, bool, RequestSetter)] = &[
            ("timeout", false, |it| unsafe { raw::mcp_request_set_timeout(it, 9_000) }),
            ("deadline", false, |it| unsafe { raw::mcp_request_set_deadline(it, 99_000) }),
            ("repeatable", false, |it| unsafe { raw::mcp_request_set_repeatable(it, 1) }),
            ("meta", false, |it| unsafe { raw::mcp_request_set_meta_json(it, c"{}".as_ptr()) }),
            ("cancel", false, |it| unsafe { raw::mcp_request_set_cancel(it, null_mut()) }),
            ("task", false, |it| unsafe { raw::mcp_request_set_task(it, -1) }),
            ("all pages", false, |it| unsafe { raw::mcp_request_set_all_pages(it, 0) }),
            ("header", false, |it| unsafe {
                raw::mcp_request_set_header(it, c"X".as_ptr(), c"1".as_ptr())
            }),
            ("done", false, |it| unsafe {
                raw::mcp_request_set_done(it, Some(on_done), null_mut(), None)
            }),
            ("progress", true, |it| unsafe {
                raw::mcp_request_set_progress(it, Some(on_progress), null_mut(), None)
            }),
        ];
        let served = HttpServer::handshake();
        let client = served.client();
        client.set_close_timeout(0).unwrap();
        let request = client.tool_request("slow", json!({"steps": 1, "pause": 1, "after_label": "go"})).unwrap();
        let all = |when: &str, works: &dyn Fn(bool) -> bool| {
            for (name, is_for_next, set) in setters {
                let expected = if works(*is_for_next) { MCP_OK } else { MCP_E_STATE };
                assert_eq!(set(request.0), expected, "{name} {when}");
            }
        };
        all("new", &|_| true);
        request.start().unwrap();
        all("in flight", &|is_for_next| is_for_next);
        served.mcp.gate("go").open();
        assert_eq!(request.wait(60_000), MCP_OK);
        all("done: it may be started again", &|_| true);
        client.close();
        all("closed", &|_| false);
        // What removes something frees what the application gave.
        let request = request.0;
        unsafe {
            assert_eq!(raw::mcp_request_set_progress(request, None, null_mut(), None), MCP_OK);
            assert_eq!(raw::mcp_request_set_done(request, None, null_mut(), None), MCP_OK);
        }
    }

    setters_that_need_a_new_session_are_refused_while_a_call_connects {
        use mcp_test_server::mcp::Config;
        use mcp_test_server::offer::Offer;
        use mcp_test_server::{Action, Gate};
        let gate = Gate::default();
        let first = gate.clone();
        let served = HttpServer::before(Config::handshake(Offer::default()), move |_, mcp, request| {
            let mut actions = mcp.handle(request);
            if request.rpc_method() == "initialize" {
                actions.insert(0, Action::Await(first.clone()));
            }
            actions
        });
        let client = served.client();
        client.pin("2025-11-25").unwrap();
        let request = client.request("ping", None).unwrap();
        request.start().unwrap();
        client.awaits_state(MCP_STATE_CONNECTING);
        assert_eq!(client.set_proxy("").unwrap_err().status, MCP_E_STATE);
        gate.open();
        assert_eq!(request.wait(60_000), MCP_OK);
    }

    setters_work_again_when_the_process_has_ended {
        let peer = stdio_server!("");
        let client = peer.client();
        client.connect().unwrap();
        assert_eq!(client.set_env("X", Some("1")).unwrap_err().status, MCP_E_STATE);
        client.call("exit", json!({"answers": true})).unwrap();
        client.awaits_state(MCP_STATE_LOST);
        client.set_env("X", Some("1")).unwrap();
    }
}
