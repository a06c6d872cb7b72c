//! The close of a client as a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{
    Client, HttpServer, Request, SOON, SseServer, StdioServer, is_reaped, raw, readable,
    stdio_server, tests,
};
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use mcp_test_server::{Action, Gate, await_true};
use serde_json::json;

/// What a loop gets until the client has nothing more: each request with its
/// status.
fn all_handed_out(client: &Client) -> Vec<(*mut raw::mcp_request, i32)> {
    let start = Instant::now();
    let mut all = Vec::new();
    loop {
        assert!(start.elapsed() < SOON);
        let outcome = client.dispatch(1000);
        loop {
            let done = client.next_done();
            if done.is_null() {
                break;
            }
            all.push((done, unsafe { raw::mcp_request_status(done) }));
        }
        if let Err(failure) = outcome {
            assert_eq!(failure.status, MCP_E_CLOSED);
            return all;
        }
    }
}

/// A server that answers the end of a session when the gate is open, and a client
/// that waits for it.
fn late_end(gate: &Gate) -> (HttpServer, Client) {
    let (config, gate) = (Config::handshake(Offer::default()), gate.clone());
    let server = HttpServer::before(config, move |_, mcp, request| {
        let mut actions = mcp.handle(request);
        if request.method == "DELETE" {
            actions.insert(0, Action::Await(gate.clone()));
        }
        actions
    });
    let client = server.client();
    client.set_close_timeout(60_000).unwrap();
    client.ping().unwrap();
    (server, client)
}

/// Opens the gate when the end of the session has come, and a little later.
fn open_late(server: &HttpServer, gate: &Gate) {
    assert!(server.log().await_http("DELETE", 1, SOON));
    std::thread::sleep(Duration::from_millis(50));
    gate.open();
}

fn ends_of_session(server: &HttpServer) -> usize {
    server.log().that(|one| one.method == "DELETE").len()
}

fn servers() -> (HttpServer, HttpServer, SseServer, StdioServer) {
    (HttpServer::handshake(), HttpServer::stateless(), SseServer::full(), stdio_server!(""))
}

tests! {
    requests_in_flight_are_closed_and_the_close_succeeds_after_them {
        let (gate, (_, stateless, sse, stdio)) = (Gate::default(), servers());
        let (handshake, first) = late_end(&gate);
        for client in [first, stateless.client(), sse.client(), stdio.client()] {
            client.set_close_timeout(60_000).unwrap();
            client.connect().unwrap();
            let hang = || client.tool_request("hang", json!({})).unwrap();
            let requests: Vec<Request> = (0..3).map(|_| hang()).collect();
            requests.iter().for_each(|request| request.start().unwrap());
            let close = client.close_request().unwrap();
            close.start().unwrap();
            for request in &requests {
                assert_eq!(request.status(), MCP_E_CLOSED, "at once");
            }
            assert_eq!(client.ping().unwrap_err().status, MCP_E_CLOSED);
            assert_eq!(hang().start().unwrap_err().status, MCP_E_CLOSED);
            // The start has not waited for it.
            gate.open();
            let all = all_handed_out(&client);
            assert_eq!(all.len(), 4, "{all:?}");
            assert_eq!(all.last(), Some(&(close.0, MCP_OK)));
            assert!(all[..3].iter().all(|(_, status)| *status == MCP_E_CLOSED));
            close.take_no_result().unwrap();
        }
        assert_eq!(ends_of_session(&handshake), 1);
    }

    it_is_done_when_the_process_has_ended {
        let server = stdio_server!("");
        let client = server.client();
        client.ping().unwrap();
        let pid = client.pid();
        client.set_close_timeout(1_000_000).unwrap();
        let close = client.close_request().unwrap();
        close.start().unwrap();
        assert_eq!(close.wait(60_000), MCP_OK);
        assert!(is_reaped(pid));
        // Nothing is left to wait for.
        client.close();
        drop(client);
    }

    it_is_done_when_the_session_has_ended_or_its_limit_is_over {
        let gate = Gate::default();
        let (slow, client) = late_end(&gate);
        let close = client.close_request().unwrap();
        close.start().unwrap();
        assert_eq!(close.wait(150), MCP_PENDING);
        gate.open();
        assert_eq!(close.wait(60_000), MCP_OK);
        slow.has_no_complaint();

        let (_hung, client) = late_end(&Gate::default());
        client.set_close_timeout(100).unwrap();
        let close = client.close_request().unwrap();
        let start = Instant::now();
        close.start().unwrap();
        assert_eq!(close.wait(1_000_000), MCP_OK);
        assert!(start.elapsed() >= Duration::from_millis(100), "{:?}", start.elapsed());
    }

    its_timeout_and_its_cancel_end_the_request_but_not_the_close {
        for is_cancelled in [false, true] {
            let gate = Gate::default();
            let (server, client) = late_end(&gate);
            let close = client.close_request().unwrap();
            if !is_cancelled {
                close.set_timeout(50);
            }
            close.start().unwrap();
            if is_cancelled {
                close.cancel().unwrap();
            }
            let expected = if is_cancelled { MCP_E_CANCELLED } else { MCP_E_TIMEOUT };
            assert_eq!(close.wait(60_000), expected);
            assert!(close.take_no_result().unwrap_err().message.starts_with("close: "));
            // It waits for the rest.
            let again = client.close_request().unwrap();
            again.start().unwrap();
            assert_eq!(again.wait(100), MCP_PENDING);
            gate.open();
            assert_eq!(again.wait(60_000), MCP_OK);
            assert_eq!(ends_of_session(&server), 1);
            server.has_no_complaint();
        }
    }

    it_works_after_and_during_another_close {
        let gate = Gate::default();
        let (server, client) = late_end(&gate);
        let requests: Vec<Request> = (0..3).map(|_| client.close_request().unwrap()).collect();
        requests.iter().for_each(|request| request.start().unwrap());
        std::thread::scope(|scope| {
            scope.spawn(|| open_late(&server, &gate));
            client.close();
        });
        for request in &requests {
            assert_eq!(request.status(), MCP_OK, "the close has ended");
        }
        assert_eq!(all_handed_out(&client).len(), 3);
        let late = client.close_request().unwrap();
        late.start().unwrap();
        assert_eq!(all_handed_out(&client), [(late.0, MCP_OK)]);
        late.start().unwrap();
        assert_eq!(late.wait(0), MCP_OK);
        late.perform_without_result().unwrap();
        assert_eq!(ends_of_session(&server), 1);

        // One of a thread that closes as well.
        let gate = Gate::default();
        let (server, client) = late_end(&gate);
        std::thread::scope(|scope| {
            scope.spawn(|| client.close());
            assert!(await_true(SOON, || client.dispatch(0).is_err()));
            let close = client.close_request().unwrap();
            close.start().unwrap();
            gate.open();
            assert_eq!(close.wait(60_000), MCP_OK);
        });
        assert_eq!(ends_of_session(&server), 1);
    }

    client_may_be_freed_while_it_is_in_flight {
        for frees_request_first in [false, true] {
            let gate = Gate::default();
            let (server, client) = late_end(&gate);
            let close = client.close_request().unwrap();
            close.start().unwrap();
            let close = (!frees_request_first).then_some(close);
            std::thread::scope(|scope| {
                scope.spawn(|| open_late(&server, &gate));
                drop(client);
            });
            if let Some(close) = close {
                assert_eq!(close.status(), MCP_OK);
                assert_eq!(close.wait(0), MCP_OK);
                close.start().unwrap();
                assert_eq!(close.wait(0), MCP_OK, "there is nothing left to close");
                close.perform_without_result().unwrap();
            }
            assert_eq!(ends_of_session(&server), 1);
            server.has_no_complaint();
        }
    }

    done_callback_gets_it_in_dispatch {
        let (handshake, _, _, stdio) = servers();
        for client in [handshake.client(), stdio.client()] {
            client.ping().unwrap();
            let close = client.close_request().unwrap();
            let is_done = Arc::new(AtomicBool::new(false));
            let seen = is_done.clone();
            let me = std::thread::current().id();
            close.set_done(move |request| {
                assert_eq!(unsafe { raw::mcp_request_status(request) }, MCP_OK);
                assert_eq!(std::thread::current().id(), me);
                seen.store(true, Ordering::SeqCst);
            }).unwrap();
            close.start().unwrap();
            assert!(all_handed_out(&client).is_empty(), "by the callback alone");
            assert!(is_done.load(Ordering::SeqCst));
        }
    }

    descriptor_wakes_the_loop {
        let gate = Gate::default();
        let (server, client) = late_end(&gate);
        let fd = client.fd();
        let close = client.close_request().unwrap();
        close.start().unwrap();
        let mut turns = 0;
        std::thread::scope(|scope| {
            scope.spawn(|| open_late(&server, &gate));
            while close.status() == MCP_PENDING {
                assert!(readable(fd, 60_000), "nothing comes");
                client.dispatch(0).unwrap();
                turns += 1;
            }
        });
        assert!(turns < 10, "{turns} turns");
        assert_eq!(client.next_done(), close.0);
    }

    client_that_never_connected_is_closed_at_once {
        let client = Client::of("http://127.0.0.1:9/");
        let close = client.close_request().unwrap();
        close.start().unwrap();
        assert_eq!(close.wait(60_000), MCP_OK);
        let client = Client::stdio(&["/no/such/program"]);
        let close = client.close_request().unwrap();
        close.perform_without_result().unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_CLOSED);
    }
}

const MCP_OK: i32 = 0;
