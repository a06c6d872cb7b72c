//! Handlers that make calls. Event handlers never nest, input handlers nest to a
//! limited depth, and every wait ends.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{Client, SOON, raw, tests};
use mcp_test_server::http::{self, Request};
use mcp_test_server::{Action, Server};
use serde_json::{Value, json};

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Counts how deep the handlers of this thread are inside each other.
struct Deep<'a>(&'a AtomicUsize);

impl<'a> Deep<'a> {
    fn enter(most: &'a AtomicUsize) -> Self {
        DEPTH.set(DEPTH.get() + 1);
        most.fetch_max(DEPTH.get(), Ordering::SeqCst);
        Self(most)
    }
}

impl Drop for Deep<'_> {
    fn drop(&mut self) {
        let _ = self.0;
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// The address of a client, for its own handlers.
#[derive(Clone, Copy)]
struct Own(*mut raw::mcp_client);

unsafe impl Send for Own {}
unsafe impl Sync for Own {}

impl Own {
    fn list_tools(self) -> i32 {
        let request =
            unsafe { raw::mcp_request_new(self.0, c"tools/list".as_ptr(), std::ptr::null()) };
        let status = unsafe { raw::mcp_request_perform(request, std::ptr::null_mut()) };
        unsafe { raw::mcp_request_free(request) };
        status
    }
}

fn hello() -> Value {
    json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {"listChanged": true}},
        "serverInfo": {"name": "chatty", "version": "1"}, "tools": []})
}

fn changed(number: usize) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed",
        "params": {"_meta": {"n": number}}})
}

/// A server on open descriptors that says `before` of its own before each
/// answer, and never stops.
fn on_descriptors(before: usize) -> Client {
    let (ours, theirs) = UnixStream::pair().unwrap();
    std::thread::spawn(move || {
        let mut out = theirs.try_clone().unwrap();
        let mut number = 0;
        for line in BufReader::new(theirs).lines() {
            let Ok(line) = line else { break };
            let message: Value = serde_json::from_str(&line).unwrap();
            let Some(id) = message.get("id") else { continue };
            let mut said = String::new();
            if message["method"] == "tools/list" {
                for _ in 0..before {
                    said += &format!("{}\n", changed(number));
                    number += 1;
                }
            }
            let answer = if message["method"] == "server/discover" {
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "?"}})
            } else {
                json!({"jsonrpc": "2.0", "id": id, "result": hello()})
            };
            if out.write_all(format!("{said}{answer}\n").as_bytes()).is_err() {
                break;
            }
        }
    });
    let fd = ours.into_raw_fd();
    Client::fds(fd, fd).unwrap()
}

/// The same over HTTP, where each answer is a stream.
fn over_http(before: usize) -> (Server, Client) {
    let number = AtomicUsize::new(0);
    let server = Server::start(move |request: &Request| {
        match request.rpc_method().as_str() {
            "initialize" => return vec![Action::Send(http::result(request, hello()))],
            "tools/list" => {}
            _ => return vec![Action::Send(http::reply(202, &[], b""))],
        }
        let mut out = http::stream_head(&[]);
        for _ in 0..before {
            out.extend(http::event(&changed(number.fetch_add(1, Ordering::SeqCst))));
        }
        let answer = json!({"jsonrpc": "2.0", "id": request.id(), "result": hello()});
        out.extend(http::event(&answer));
        out.extend_from_slice(http::LAST_CHUNK);
        vec![Action::Send(out)]
    });
    let client = Client::new(&server.url("/mcp"), None).unwrap();
    client.pin("2025-11-25").unwrap();
    (server, client)
}

/// Lists the tools again for each event, as programs do; gives the numbers of
/// the events and how deep handlers were inside each other.
fn lists_again(client: &Client, most_calls: usize) -> (Arc<Mutex<Vec<u64>>>, Arc<AtomicUsize>) {
    let (heard, most) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
    let (told, deep, own) = (heard.clone(), most.clone(), Own(client.0));
    let calls = AtomicUsize::new(0);
    client
        .set_event_handler(move |event| {
            let _deep = Deep::enter(&deep);
            told.lock().unwrap().push(event.params["_meta"]["n"].as_u64().unwrap());
            if calls.fetch_add(1, Ordering::SeqCst) < most_calls {
                let own = own;
                assert_eq!(own.list_tools(), 0);
            }
        })
        .unwrap();
    (heard, most)
}

/// On a small stack, which nested handlers would fill.
fn on_a_small_stack(body: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        std::thread::Builder::new().stack_size(512 << 10).spawn_scoped(scope, body).unwrap().join()
    })
    .unwrap();
}

/// Every event once; in the order of the one stream, where there is one.
fn tells_all(client: &Client, is_one_stream: bool) {
    let (heard, most) = lists_again(client, 200);
    on_a_small_stack(|| {
        client.list_tools().unwrap();
        let start = Instant::now();
        while heard.lock().unwrap().len() < 2 * 201 {
            assert!(start.elapsed() < SOON);
            client.dispatch(10).unwrap();
        }
    });
    assert_eq!(most.load(Ordering::SeqCst), 1, "handlers of events are never nested");
    let mut heard = heard.lock().unwrap();
    if !is_one_stream {
        heard.sort_unstable();
    }
    assert!(heard.iter().copied().eq(0..2 * 201), "{heard:?}");
}

tests! {
    event_handlers_never_nest_on_a_shared_connection {
        tells_all(&on_descriptors(2), true);
    }

    event_handlers_never_nest_over_http {
        let (_server, client) = over_http(2);
        tells_all(&client, false);
    }

    call_ends_although_its_handler_causes_more_events {
        let (_server, http) = over_http(3);
        for client in [on_descriptors(3), http] {
            let (_, most) = lists_again(&client, usize::MAX);
            client.list_tools().unwrap();
            client.dispatch(0).unwrap();
            assert_eq!(most.load(Ordering::SeqCst), 1);
        }
    }

    dispatch_inside_a_handler_delivers_no_events {
        let client = on_descriptors(2);
        let (own, most) = (Own(client.0), Arc::new(AtomicUsize::new(0)));
        let deep = most.clone();
        client.set_event_handler(move |_| {
            let _deep = Deep::enter(&deep);
            let (own, start) = (own, Instant::now());
            assert_eq!(unsafe { raw::mcp_client_dispatch(own.0, 50) }, 0);
            assert!(start.elapsed() >= Duration::from_millis(45), "it waits, and does not spin");
        }).unwrap();
        client.list_tools().unwrap();
        client.dispatch(0).unwrap();
        assert_eq!(most.load(Ordering::SeqCst), 1);
    }

    dispatch_inside_a_handler_returns_when_another_thread_completes_a_request {
        let client = on_descriptors(1);
        let (own, rounds) = (Own(client.0), Arc::new(AtomicUsize::new(0)));
        let (count, is_busy) = (rounds.clone(), AtomicBool::new(false));
        client.set_event_handler(move |_| {
            let own = own;
            // One at a time: the others only land what has ended.
            if is_busy.swap(true, Ordering::SeqCst) || count.load(Ordering::SeqCst) >= 30 {
                return;
            }
            unsafe {
                let request = raw::mcp_request_new(own.0, c"tools/list".as_ptr(), std::ptr::null());
                assert_eq!(raw::mcp_request_start(request), 0);
                // One that is not woken waits for longer than the test may take.
                while raw::mcp_client_next_done(own.0).is_null() {
                    assert_eq!(raw::mcp_client_dispatch(own.0, 1_000_000), 0);
                }
                raw::mcp_request_free(request);
            }
            count.fetch_add(1, Ordering::SeqCst);
            is_busy.store(false, Ordering::SeqCst);
        }).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| while rounds.load(Ordering::SeqCst) < 30 {
                    client.dispatch(5).unwrap();
                });
            }
            while rounds.load(Ordering::SeqCst) < 30 {
                client.list_tools().unwrap();
            }
        });
    }

    handler_may_start_requests_and_wait_for_them {
        let client = on_descriptors(1);
        let own = Own(client.0);
        let done = Arc::new(AtomicUsize::new(0));
        let count = done.clone();
        client.set_event_handler(move |_| {
            let own = own;
            if count.load(Ordering::SeqCst) > 20 {
                return;
            }
            unsafe {
                let request = raw::mcp_request_new(own.0, c"tools/list".as_ptr(), std::ptr::null());
                assert_eq!(raw::mcp_request_start(request), 0);
                assert_eq!(raw::mcp_request_wait(request, 60_000), 0);
                raw::mcp_request_free(request);
            }
            count.fetch_add(1, Ordering::SeqCst);
        }).unwrap();
        client.list_tools().unwrap();
        while done.load(Ordering::SeqCst) < 20 {
            client.dispatch(20).unwrap();
        }
    }

    input_handlers_nest_to_a_depth_of_four {
        // Each call is asked for roots before it is answered.
        let (ours, theirs) = UnixStream::pair().unwrap();
        let refused = Arc::new(Mutex::new(Vec::new()));
        let codes = refused.clone();
        std::thread::spawn(move || {
            let mut out = theirs.try_clone().unwrap();
            let mut asked = Vec::new();
            for line in BufReader::new(theirs).lines() {
                let Ok(line) = line else { break };
                let message: Value = serde_json::from_str(&line).unwrap();
                let Some(id) = message.get("id").cloned() else { continue };
                let reply = match message["method"].as_str() {
                    Some("server/discover") => json!({"jsonrpc": "2.0", "id": id,
                        "error": {"code": -32601, "message": "?"}}),
                    Some("tools/list") => {
                        asked.push(id);
                        json!({"jsonrpc": "2.0", "id": format!("q{}", asked.len()),
                            "method": "roots/list"})
                    }
                    Some(_) => json!({"jsonrpc": "2.0", "id": id, "result": hello()}),
                    // An answer: the innermost call is answered.
                    None => {
                        if let Some(code) = message["error"]["code"].as_i64() {
                            codes.lock().unwrap().push(code);
                        }
                        let id = asked.pop().unwrap();
                        json!({"jsonrpc": "2.0", "id": id, "result": hello()})
                    }
                };
                if out.write_all(format!("{reply}\n").as_bytes()).is_err() {
                    break;
                }
            }
        });
        let fd = ours.into_raw_fd();
        let client = Client::fds(fd, fd).unwrap();
        client.set_timeout(60_000);
        let (own, most) = (Own(client.0), Arc::new(AtomicUsize::new(0)));
        let deep = most.clone();
        client.set_input_handler(MCP_INPUT_ROOTS, move |input| {
            let _deep = Deep::enter(&deep);
            let own = own;
            assert_eq!(own.list_tools(), 0);
            input.reply(json!({"roots": []})).unwrap();
        }).unwrap();
        on_a_small_stack(|| {
            client.list_tools().unwrap();
        });
        assert_eq!(most.load(Ordering::SeqCst), 4);
        assert_eq!(*refused.lock().unwrap(), [-32603]);
    }

    token_handler_that_calls_its_own_client_gets_an_error_at_once {
        let server = Server::start(|request: &Request| {
            vec![Action::Send(http::result(request, hello()))]
        });
        let client = Client::new(&server.url("/mcp"), None).unwrap();
        client.pin("2025-11-25").unwrap();
        let own = Own(client.0);
        let inner = Arc::new(Mutex::new(Vec::new()));
        let seen = inner.clone();
        client.set_token_handler(move |_| {
            let own = own;
            let mut seen = seen.lock().unwrap();
            seen.push(own.list_tools());
            seen.push(unsafe { raw::mcp_ping(own.0) });
            seen.push(unsafe { raw::mcp_client_dispatch(own.0, 1_000_000) });
            Some("token".to_owned())
        }).unwrap();
        client.ping().unwrap();
        assert_eq!(*inner.lock().unwrap(), [MCP_E_STATE; 3]);
        // The same for a request that goes on by itself.
        inner.lock().unwrap().clear();
        client.set_token_handler({
            let seen = inner.clone();
            move |_| {
                let own = own;
                seen.lock().unwrap().push(own.list_tools());
                Some("other".to_owned())
            }
        }).unwrap();
        let request = client.request("ping", None).unwrap();
        request.start().unwrap();
        assert_eq!(request.wait(60_000), 0);
        assert_eq!(*inner.lock().unwrap(), [MCP_E_STATE]);
    }
}
