//! The functions of one request: cancel, HTTP headers, its client and its
//! method; and errors that are kept.

use std::io::{Read, Seek};
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd};
use std::ptr::null;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use behaviour::constants::*;
use behaviour::slow_server::{hello, tool};
use behaviour::{
    Client, HttpServer, Request, SOON, SlowServer, SseServer, c, outcome, raw, readable,
    stdio_server, tests, text,
};
use mcp_test_server::{Action, Server, await_true, http};
use serde_json::json;

const CALL: &str = "tools/call";

/// A call that no server responds to is cancelled when `is_there`, first
/// started and then performed. `is_told`: whether the server was told so often.
fn is_cancelled(
    client: &Client,
    is_there: impl Fn(usize) -> bool + Sync,
    is_told: impl Fn(usize) -> bool,
) {
    let request = client.tool_request("silent", json!({})).unwrap();
    request.start().unwrap();
    assert!(await_true(SOON, || is_there(1)), "it is not there");
    request.cancel().unwrap();
    request.cancel().unwrap();
    assert_eq!(request.wait(60_000), MCP_E_CANCELLED);
    assert_eq!(request.cancel().unwrap_err().status, MCP_E_STATE, "it is done");
    let failure = request.take_result().unwrap_err();
    assert!(failure.message.contains("mcp_request_cancel()"), "{}", failure.message);
    assert!(failure.may_have_run);
    std::thread::scope(|scope| {
        let performing = scope.spawn(|| request.perform().unwrap_err());
        assert!(await_true(SOON, || is_there(2)), "it is not there again");
        request.cancel().unwrap();
        let failure = performing.join().unwrap();
        assert_eq!(failure.status, MCP_E_CANCELLED, "{}", failure.message);
    });
    assert!(await_true(SOON, || is_told(2)), "the server was not told");
    assert_eq!(request.cancel().unwrap_err().status, MCP_E_STATE, "it is not in flight");
    client.ping().unwrap();
    client.set_close_timeout(0).unwrap();
}

/// A server that responds with the headers of the request, in its error for
/// the tool "fails".
fn echo() -> Server {
    Server::start(|request| match request.rpc_method().as_str() {
        CALL if request.json()["params"]["name"] == "fails" => {
            let error = json!({"code": -32000, "message": format!("{:?}", request.headers)});
            let body = json!({"jsonrpc": "2.0", "id": request.id(), "error": error});
            vec![Action::Send(http::json(200, &body))]
        }
        "tools/list" if request.json()["params"]["cursor"].is_null() => {
            let page = json!({"tools": [{"name": "a"}], "nextCursor": "2"});
            vec![Action::Send(http::result(request, page))]
        }
        "tools/list" => vec![Action::Send(http::result(request, json!({"tools": []})))],
        CALL | "initialize" | "ping" => vec![Action::Send(http::result(request, hello()))],
        _ => vec![Action::Send(http::reply(202, &[], b""))],
    })
}

fn client_of(server: &Server) -> Client {
    let client = Client::of(&server.url("/mcp"));
    client.pin("2025-11-25").unwrap();
    client
}

/// The values of a header in the requests of a method.
fn sent(server: &Server, method: &str, name: &str) -> Vec<Option<String>> {
    let all = server.log().of(method);
    all.iter().map(|request| request.header(name).map(str::to_owned)).collect()
}

fn some(value: &str) -> Option<String> {
    Some(value.to_owned())
}

tests! {
    cancel_ends_a_request_over_streamable_http {
        for served in [HttpServer::handshake(), HttpServer::stateless()] {
            let client = served.client();
            client.connect().unwrap();
            // For a stateless server, the end of the connection is the cancel.
            let told = |count: usize| {
                served.is_stateless() || served.count("notifications/cancelled") == count
            };
            is_cancelled(&client, |count| served.count(CALL) >= count, told);
        }
    }

    cancel_ends_a_request_over_http_with_sse {
        let served = SseServer::full();
        let client = served.client();
        client.connect().unwrap();
        let told = |count: usize| served.count("notifications/cancelled") == count;
        is_cancelled(&client, |count| served.count(CALL) >= count, told);
    }

    cancel_ends_a_request_over_stdio {
        let peer = stdio_server!("");
        let client = peer.connected();
        let told = |count: usize| peer.count("notifications/cancelled") == count;
        is_cancelled(&client, |count| peer.count(CALL) >= count, told);
    }

    cancel_ends_a_request_that_waits_for_a_connection_or_has_a_callback {
        let slow = SlowServer::new(None);
        let client = slow.client();
        client.ping().unwrap();
        client.set_limit(MCP_LIMIT_CONNECTIONS, 1).unwrap();
        let (first, queued) = (tool(&client), tool(&client));
        first.start().unwrap();
        let status = Arc::new(AtomicI32::new(0));
        let own = status.clone();
        queued.set_done(move |request| {
            // Its callback may not cancel it any more.
            assert_eq!(unsafe { raw::mcp_request_cancel(request) }, MCP_E_STATE);
            own.store(unsafe { raw::mcp_request_status(request) }, Ordering::SeqCst);
        }).unwrap();
        queued.start().unwrap();
        queued.cancel().unwrap();
        assert_eq!(queued.wait(60_000), MCP_E_CANCELLED);
        assert_eq!(status.load(Ordering::SeqCst), MCP_E_CANCELLED);
        let may_have_run = unsafe { raw::mcp_error_may_have_run(raw::mcp_request_error(queued.0)) };
        assert_eq!(may_have_run, 0, "it was never sent");
        // At once, before anything was sent.
        let early = tool(&client);
        early.start().unwrap();
        early.cancel().unwrap();
        assert_eq!(early.wait(60_000), MCP_E_CANCELLED);
        first.cancel().unwrap();
        client.close();
        assert!([MCP_E_CANCELLED, MCP_E_CLOSED].contains(&first.wait(0)));
    }

    cancel_is_refused_without_a_run_and_after_the_result {
        let slow = SlowServer::new(Some(Duration::ZERO));
        let client = slow.client();
        let request = tool(&client);
        assert_eq!(request.cancel().unwrap_err().status, MCP_E_STATE);
        request.perform().unwrap();
        assert_eq!(request.cancel().unwrap_err().status, MCP_E_STATE);
        request.start().unwrap();
        assert!(readable(client.fd(), 60_000));
        assert_eq!(request.status(), MCP_PENDING, "no thread has dispatched");
        let failure = request.cancel().unwrap_err();
        assert_eq!(failure.status, MCP_E_STATE);
        assert!(failure.message.contains("has arrived"), "{}", failure.message);
        assert_eq!(request.wait(0), 0, "it completes with that result");
        let none = ManuallyDrop::new(Request(std::ptr::null_mut()));
        assert_eq!(none.cancel().unwrap_err().status, MCP_E_INVALID_ARGUMENT);
    }

    accepted_cancel_gives_no_other_status {
        // Cancelled at any moment, also when the response arrives.
        let slow = SlowServer::new(Some(Duration::ZERO));
        let client = slow.client();
        client.ping().unwrap();
        let (mut cancelled, mut done) = (0, 0);
        for round in 0..300 {
            let request = tool(&client);
            request.start().unwrap();
            std::thread::sleep(Duration::from_micros(round * 17 % 1500));
            let accepted = request.cancel();
            let status = request.wait(60_000);
            match accepted {
                Ok(()) => {
                    assert_eq!(status, MCP_E_CANCELLED);
                    cancelled += 1;
                }
                Err(failure) => {
                    assert_eq!((failure.status, status), (MCP_E_STATE, 0));
                    done += 1;
                }
            }
        }
        assert!(cancelled > 0 && done + cancelled == 300);
    }

    client_and_method_of_a_request {
        let server = echo();
        let client = client_of(&server);
        let request = client.request("tools/list", None).unwrap();
        let call = tool(&client);
        unsafe {
            assert_eq!(raw::mcp_request_client(request.0), client.0);
            assert_eq!(text(raw::mcp_request_method(request.0)), some("tools/list"));
            assert_eq!(text(raw::mcp_request_method(call.0)), some(CALL));
            assert!(raw::mcp_request_client(null()).is_null());
            assert!(raw::mcp_request_method(null()).is_null());
        }
        call.start().unwrap();
        drop(client);
        unsafe {
            assert!(raw::mcp_request_client(request.0).is_null());
            assert_eq!(text(raw::mcp_request_method(request.0)), some("tools/list"));
            assert!(raw::mcp_request_client(call.0).is_null());
        }
        assert_eq!(request.perform().unwrap_err().status, MCP_E_CLOSED);
    }

    header_is_sent_with_its_request_only {
        let server = echo();
        let client = client_of(&server);
        client.set_header("X-Mode", Some("usual")).unwrap();
        let request = tool(&client);
        request.set_header("x-mode", Some("special")).unwrap();
        request.set_header("X-Trace", Some("1")).unwrap();
        request.perform().unwrap();
        request.start().unwrap();
        assert_eq!(request.wait(60_000), 0);
        client.call("x", json!({})).unwrap();
        let modes = vec![some("special"), some("special"), some("usual")];
        assert_eq!(sent(&server, CALL, "X-Mode"), modes);
        assert_eq!(sent(&server, CALL, "X-Trace"), [some("1"), some("1"), None]);
        assert_eq!(sent(&server, "initialize", "X-Mode"), [some("usual")], "not to connect");
        assert_eq!(sent(&server, "initialize", "X-Trace"), [None]);
        request.set_header("X-MODE", None).unwrap();
        request.set_header("X-Trace", Some("2")).unwrap();
        request.perform().unwrap();
        assert_eq!(sent(&server, CALL, "X-Mode").last().unwrap(), &some("usual"));
        assert_eq!(sent(&server, CALL, "X-Trace").last().unwrap(), &some("2"));
        let list = client.request("tools/list", None).unwrap();
        list.set_all_pages(true).unwrap();
        list.set_header("X-Trace", Some("3")).unwrap();
        list.perform().unwrap();
        assert_eq!(sent(&server, "tools/list", "X-Trace"), [some("3"), some("3")]);
    }

    header_that_the_client_may_not_have_is_refused {
        let server = echo();
        let client = client_of(&server);
        let request = tool(&client);
        for (name, value) in [
            ("Host", "x"), ("content-length", "1"), ("Mcp-Session-Id", "x"), ("Accept", "x"),
            ("", "x"), ("a b", "x"), ("X-A", "a\r\nX-B: b"),
        ] {
            let own = request.set_header(name, Some(value)).unwrap_err();
            let others = client.set_header(name, Some(value)).unwrap_err();
            assert_eq!((own.status, own.message), (MCP_E_INVALID_ARGUMENT, others.message));
        }
        unsafe {
            let (name, none) = (c"X-A".as_ptr(), std::ptr::null_mut());
            assert_eq!(raw::mcp_request_set_header(none, name, name), MCP_E_INVALID_ARGUMENT);
            assert_eq!(raw::mcp_request_set_header(request.0, null(), name), MCP_E_INVALID_ARGUMENT);
        }
        // A token and the header exclude each other, whichever comes first.
        request.set_header("Authorization", Some("Basic s3cr3t")).unwrap();
        request.perform().unwrap();
        assert_eq!(sent(&server, CALL, "Authorization"), [some("Basic s3cr3t")]);
        client.set_token(Some("s3cr3t-token")).unwrap();
        let failure = request.perform().unwrap_err();
        assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT);
        assert_eq!(request.start().unwrap_err().status, MCP_E_INVALID_ARGUMENT);
        assert_eq!(request.status(), MCP_E_STATE);
        let other = tool(&client);
        let failure = other.set_header("Authorization", Some("Basic x")).unwrap_err();
        assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT);

        let peer = stdio_server!("");
        let program = peer.client();
        let request = program.request("ping", None).unwrap();
        let failure = request.set_header("X-A", Some("b")).unwrap_err();
        assert_eq!(failure.status, MCP_E_UNSUPPORTED);
        let client = Client::of("http://127.0.0.1:9/mcp");
        let all = unsafe { [
            raw::mcp_request_new_connect(client.0),
            raw::mcp_request_new_listen(client.0, MCP_EVENT_TOOLS_CHANGED),
            raw::mcp_request_new_close(client.0),
        ] };
        for (request, name) in all.map(Request).iter().zip(["connect", "listen", "close"]) {
            let failure = request.set_header("X-A", Some("b")).unwrap_err();
            assert_eq!(failure.status, MCP_E_UNSUPPORTED);
            assert_eq!(text(unsafe { raw::mcp_request_method(request.0) }), some(name));
        }
        let slow = SlowServer::new(None);
        let client = slow.client();
        let request = tool(&client);
        request.start().unwrap();
        assert_eq!(request.set_header("X-A", None).unwrap_err().status, MCP_E_STATE);
        client.close();
    }

    header_of_a_request_is_a_secret {
        let server = echo();
        let client = client_of(&server);
        let fd = unsafe { libc::memfd_create(c"trace".as_ptr(), libc::MFD_CLOEXEC) };
        let mut trace = unsafe { std::fs::File::from_raw_fd(fd) };
        outcome(unsafe { raw::mcp_client_set_trace_fd(client.0, trace.as_raw_fd()) }).unwrap();
        let request = client.tool_request("fails", json!({})).unwrap();
        request.set_header("X-Key", Some("s3cr3t-value-1")).unwrap();
        let failure = request.perform().unwrap_err();
        assert_eq!(failure.status, MCP_E_RPC);
        assert!(!failure.everything().contains("s3cr3t"), "{}", failure.message);
        trace.rewind().unwrap();
        let mut text = String::new();
        trace.read_to_string(&mut text).unwrap();
        assert!(text.contains("> X-Key: [masked]") && !text.contains("s3cr3t"), "{text}");
        // Over plain HTTP to another machine it is refused, as that of a client.
        let far = Client::of("http://192.0.2.1/mcp");
        let request = far.request("ping", None).unwrap();
        request.set_header("X-Key", Some("s3cr3t")).unwrap();
        assert_eq!(request.perform().unwrap_err().status, MCP_E_INSECURE);
        assert_eq!(request.start().unwrap_err().status, MCP_E_INSECURE);
        assert_eq!(sent(&server, CALL, "X-Key"), [some("s3cr3t-value-1")]);
    }

    header_of_a_request_goes_to_no_other_origin {
        let other = Server::start(|_| vec![Action::Close]);
        let target = other.url("/mcp");
        let server = Server::start(move |request| match request.rpc_method().as_str() {
            CALL => vec![Action::Send(http::reply(307, &[("location", &target)], b""))],
            "initialize" => vec![Action::Send(http::result(request, hello()))],
            _ => vec![Action::Send(http::reply(202, &[], b""))],
        });
        let client = client_of(&server);
        let request = tool(&client);
        request.set_header("X-Key", Some("s3cr3t")).unwrap();
        assert_eq!(request.perform().unwrap_err().status, MCP_E_REDIRECT);
        assert_eq!(other.log().connections(), 0);
    }

    error_is_kept_by_a_copy {
        let none = std::thread::spawn(|| unsafe { raw::mcp_error_copy(null()).is_null() });
        assert!(none.join().unwrap(), "this thread has no error");
        unsafe { raw::mcp_error_free(std::ptr::null_mut()) };
        let server = echo();
        let client = client_of(&server);
        let request = client.tool_request("fails", json!({})).unwrap();
        let failure = request.perform().unwrap_err();
        let (of_thread, of_request) = unsafe {
            (raw::mcp_error_copy(null()), raw::mcp_error_copy(raw::mcp_request_error(request.0)))
        };
        client.set_header("", None).unwrap_err();
        drop((request, client));
        for copy in [of_thread, of_request] {
            let again = unsafe { raw::mcp_error_copy(copy) };
            for error in [copy, again] {
                unsafe {
                    assert_eq!(raw::mcp_error_status(error), MCP_E_RPC);
                    assert_eq!(text(raw::mcp_error_message(error)), Some(failure.message.clone()));
                    assert_eq!(raw::mcp_error_rpc_code(error), -32000);
                    assert!(raw::mcp_error_challenge(error, c("scope").as_ptr()).is_null());
                    raw::mcp_error_free(error);
                }
            }
        }
    }
}
