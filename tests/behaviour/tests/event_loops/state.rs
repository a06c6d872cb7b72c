//! The state of a client, and the event when it changes, over each transport.

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use behaviour::constants::*;
use behaviour::{Client, Event, HttpServer, SOON, SseServer, raw, stdio_server, tests};
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use mcp_test_server::{Action, Gate, http};
use serde_json::json;

/// The events about the state.
#[derive(Clone, Default)]
struct States(Arc<Mutex<Vec<Event>>>);

impl States {
    fn by(client: &Client) -> Self {
        let states = Self::default();
        let shared = states.clone();
        client
            .set_every_event_handler(move |event| {
                if event.kind == MCP_EVENT_STATE {
                    shared.0.lock().unwrap().push(event);
                }
            })
            .unwrap();
        states
    }

    fn all(&self) -> Vec<i64> {
        let all = self.0.lock().unwrap();
        all.iter().map(|event| event.params["state"].as_i64().unwrap()).collect()
    }

    fn last(&self) -> Option<Event> {
        self.0.lock().unwrap().last().cloned()
    }

    /// Dispatches until the last event has this state.
    fn awaits(&self, client: &Client, state: i32) -> Event {
        let start = Instant::now();
        loop {
            client.dispatch(20).unwrap();
            if let Some(event) = self.last().filter(|event| event.params["state"] == state) {
                return event;
            }
            assert!(start.elapsed() < SOON, "{:?}", self.all());
        }
    }
}

fn info(client: &Client) -> Option<String> {
    client.server_result().ok().map(|answer| answer.server_name().unwrap())
}

tests! {
    state_follows_the_calls_over_http {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            let states = States::by(&client);
            assert_eq!((client.state(), info(&client)), (MCP_STATE_IDLE, None));
            client.ping().unwrap();
            assert_eq!(client.state(), MCP_STATE_CONNECTED);
            assert_eq!(info(&client), client.connect().unwrap().server_name());
            assert_eq!(states.all(), [i64::from(MCP_STATE_CONNECTED)], "the call has run it");
            client.ping().unwrap();
            client.dispatch(0).unwrap();
            assert_eq!(states.all().len(), 1);
            client.close();
            assert_eq!(client.state(), MCP_STATE_CLOSED);
            assert_eq!(client.server_result().unwrap_err().status, MCP_E_CLOSED);
        }
    }

    failed_connect_leaves_the_client_idle {
        let client = Client::of("http://127.0.0.1:1/mcp");
        let states = States::by(&client);
        client.ping().unwrap_err();
        assert_eq!(client.state(), MCP_STATE_IDLE);
        assert_eq!(client.server_result().unwrap_err().status, MCP_E_STATE);
        states.awaits(&client, MCP_STATE_IDLE);
    }

    started_request_shows_connecting_and_connected {
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
        let states = States::by(&client);
        let request = client.request("ping", None).unwrap();
        request.start().unwrap();
        states.awaits(&client, MCP_STATE_CONNECTING);
        assert_eq!(client.state(), MCP_STATE_CONNECTING);
        gate.open();
        states.awaits(&client, MCP_STATE_CONNECTED);
        assert_eq!(request.wait(60_000), 0);
    }

    process_that_dies_between_calls_is_lost {
        for revision in ["2026-07-28", "2025-11-25"] {
            let peer = stdio_server!("");
            let client = peer.client();
            client.pin(revision).unwrap();
            let states = States::by(&client);
            client.ping().unwrap();
            assert_eq!(client.state(), MCP_STATE_CONNECTED);
            client.call("exit", json!({"answers": true, "status": 5})).unwrap();
            client.awaits_state(MCP_STATE_LOST);
            let event = states.awaits(&client, MCP_STATE_LOST);
            assert!(event.message.is_some_and(|message| message.contains('5')), "the reason");
            assert_eq!(info(&client), None);
            client.ping().unwrap();
            assert_eq!(client.state(), MCP_STATE_CONNECTED);
            let event = states.awaits(&client, MCP_STATE_CONNECTED);
            assert_eq!(event.message, None);
        }
    }

    sse_stream_that_ends_between_calls_is_lost {
        let served = SseServer::full();
        let client = served.client();
        let states = States::by(&client);
        client.ping().unwrap();
        states.awaits(&client, MCP_STATE_CONNECTED);
        served.sse.end_streams();
        client.awaits_state(MCP_STATE_LOST);
        assert!(states.awaits(&client, MCP_STATE_LOST).message.is_some());
    }

    descriptors_that_end_are_lost {
        let client = Client::of_line_server(|message, output| {
            use std::io::Write;
            let id = &message["id"];
            match message["method"].as_str() {
                Some("initialize") => writeln!(output, "{}", json!({"jsonrpc": "2.0", "id": id,
                    "result": {"protocolVersion": "2025-11-25", "capabilities": {},
                        "serverInfo": {"name": "lines", "version": "1"}}})),
                Some("ping") => {
                    writeln!(output, "{}", json!({"jsonrpc": "2.0", "id": id, "result": {}}))?;
                    Err(std::io::ErrorKind::Other.into())
                }
                _ => Ok(()),
            }
        });
        client.pin("2025-11-25").unwrap();
        let states = States::by(&client);
        client.ping().unwrap();
        client.awaits_state(MCP_STATE_LOST);
        states.awaits(&client, MCP_STATE_LOST);
        assert_eq!(client.url(), None);
    }

    lost_session_shows_without_a_call {
        let config = Config::handshake(Offer::default());
        let is_lost = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let shared = is_lost.clone();
        let served = HttpServer::before(config, move |_, mcp, request| {
            if shared.load(Ordering::SeqCst) && request.rpc_method() != "initialize" {
                return vec![Action::Send(http::reply(404, &[], b"Session not found"))];
            }
            mcp.handle(request)
        });
        let client = served.client();
        let states = States::by(&client);
        client.set_keepalive(100).unwrap();
        client.ping().unwrap();
        is_lost.store(true, Ordering::SeqCst);
        client.awaits_state(MCP_STATE_LOST);
        assert!(states.awaits(&client, MCP_STATE_LOST).message.is_some());
    }

    many_changes_are_one_event_in_the_queue {
        let peer = stdio_server!("");
        let client = peer.client();
        let states = States::by(&client);
        // Started requests run no handlers, so the changes stay in the queue.
        for _ in 0..3 {
            let ping = client.request("ping", None).unwrap();
            ping.start().unwrap();
            client.awaits_state(MCP_STATE_CONNECTED);
            let request = client.tool_request("exit", json!({"answers": true})).unwrap();
            request.start().unwrap();
            client.awaits_state(MCP_STATE_LOST);
        }
        client.dispatch(0).unwrap();
        assert_eq!(states.all(), [i64::from(MCP_STATE_LOST)]);
    }

    url_is_the_one_that_was_given {
        let url = "http://127.0.0.1:1/mcp?x=%41&y=1";
        assert_eq!(Client::of(url).url().as_deref(), Some(url));
        assert_eq!(Client::stdio(&["true"]).url(), None);
    }

    client_carries_a_pointer_of_the_application {
        static FREED: AtomicUsize = AtomicUsize::new(0);
        unsafe extern "C" fn freed(userdata: *mut c_void) {
            FREED.fetch_add(userdata as usize, Ordering::SeqCst);
        }
        let client = Client::of("http://127.0.0.1:1/mcp");
        unsafe {
            assert!(raw::mcp_client_userdata(client.0).is_null());
            let set = |value: usize| {
                raw::mcp_client_set_userdata(client.0, value as *mut c_void, Some(freed))
            };
            assert_eq!(set(1), MCP_OK);
            assert_eq!(raw::mcp_client_userdata(client.0) as usize, 1);
            assert_eq!(set(10), MCP_OK);
            assert_eq!(FREED.load(Ordering::SeqCst), 1);
            client.close();
            assert_eq!(raw::mcp_client_userdata(client.0) as usize, 10, "after the close too");
            drop(client);
            assert_eq!(FREED.load(Ordering::SeqCst), 11);
            let no = std::ptr::null_mut();
            assert_eq!(raw::mcp_client_set_userdata(no, 100 as *mut c_void, Some(freed)), MCP_E_INVALID_ARGUMENT);
            assert_eq!(FREED.load(Ordering::SeqCst), 111, "owned after a failure too");
            assert!(raw::mcp_client_userdata(no).is_null());
            assert!(raw::mcp_client_url(no).is_null());
            assert!(raw::mcp_client_new_server_result(no).is_null());
            assert_eq!(raw::mcp_client_state(no), 0);
        }
    }
}
