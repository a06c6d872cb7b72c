//! The close of a client as a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{
    Client, HttpServer, Request, SseServer, StdioServer, is_reaped, raw, stdio_server, tests,
};
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use mcp_test_server::{Action, await_true};
use serde_json::json;

const SOON: Duration = Duration::from_secs(10);

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

/// A server that answers the end of a session never, or late.
fn late_end(pause: Option<Duration>) -> HttpServer {
    let config = Config::handshake(Offer::default());
    HttpServer::before(config, move |_, mcp, request| match (request.method.as_str(), pause) {
        ("DELETE", None) => vec![Action::Hang],
        ("DELETE", Some(pause)) => {
            let mut actions = vec![Action::Pause(pause)];
            actions.extend(mcp.handle(request));
            actions
        }
        _ => mcp.handle(request),
    })
}

fn servers() -> (HttpServer, HttpServer, SseServer, StdioServer) {
    (HttpServer::handshake(), HttpServer::stateless(), SseServer::full(), stdio_server!(""))
}

tests! {
    requests_in_flight_are_closed_and_the_close_succeeds_after_them {
        let (handshake, stateless, sse, stdio) = servers();
        for client in [handshake.client(), stateless.client(), sse.client(), stdio.client()] {
            client.connect().unwrap();
            let hang = || client.tool_request("hang", json!({})).unwrap();
            let requests: Vec<Request> = (0..3).map(|_| hang()).collect();
            requests.iter().for_each(|request| request.start().unwrap());
            let close = client.close_request().unwrap();
            let start = Instant::now();
            close.start().unwrap();
            assert!(start.elapsed() < Duration::from_millis(200), "{:?}", start.elapsed());
            for request in &requests {
                assert_eq!(request.status(), MCP_E_CLOSED, "at once");
            }
            assert_eq!(client.ping().unwrap_err().status, MCP_E_CLOSED);
            assert_eq!(hang().start().unwrap_err().status, MCP_E_CLOSED);
            let all = all_handed_out(&client);
            assert_eq!(all.len(), 4, "{all:?}");
            assert_eq!(all.last(), Some(&(close.0, MCP_OK)));
            assert!(all[..3].iter().all(|(_, status)| *status == MCP_E_CLOSED));
            close.take_no_result().unwrap();
        }
        assert_eq!(handshake.log().that(|one| one.method == "DELETE").len(), 1);
    }

    it_is_done_when_the_process_has_ended {
        let server = stdio_server!("");
        let client = server.client();
        client.ping().unwrap();
        let pid = client.pid();
        let close = client.close_request().unwrap();
        close.start().unwrap();
        assert_eq!(close.wait(10_000), MCP_OK);
        assert!(is_reaped(pid));
        // Nothing is left to wait for.
        let start = Instant::now();
        client.close();
        drop(client);
        assert!(start.elapsed() < Duration::from_millis(200), "{:?}", start.elapsed());
    }

    it_is_done_when_the_session_has_ended_or_its_limit_is_over {
        let slow = late_end(Some(Duration::from_millis(150)));
        let client = slow.client();
        client.ping().unwrap();
        let close = client.close_request().unwrap();
        let start = Instant::now();
        close.start().unwrap();
        assert_eq!(close.wait(10_000), MCP_OK);
        assert!(start.elapsed() >= Duration::from_millis(150), "{:?}", start.elapsed());
        slow.has_no_complaint();

        let hung = late_end(None);
        let client = hung.client();
        client.ping().unwrap();
        client.set_close_timeout(100).unwrap();
        let close = client.close_request().unwrap();
        let start = Instant::now();
        close.start().unwrap();
        assert_eq!(close.wait(10_000), MCP_OK);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }

    its_timeout_and_its_cancel_end_the_request_but_not_the_close {
        for is_cancelled in [false, true] {
            let server = late_end(Some(Duration::from_millis(300)));
            let client = server.client();
            client.set_close_timeout(5000).unwrap();
            client.ping().unwrap();
            let close = client.close_request().unwrap();
            if !is_cancelled {
                close.set_timeout(50);
            }
            close.start().unwrap();
            let start = Instant::now();
            if is_cancelled {
                close.cancel().unwrap();
            }
            let expected = if is_cancelled { MCP_E_CANCELLED } else { MCP_E_TIMEOUT };
            assert_eq!(close.wait(10_000), expected);
            assert!(start.elapsed() < Duration::from_millis(250), "{:?}", start.elapsed());
            assert!(close.take_no_result().unwrap_err().message.starts_with("close: "));
            // It waits for the rest.
            let again = client.close_request().unwrap();
            again.perform_without_result().unwrap();
            assert!(start.elapsed() >= Duration::from_millis(250), "{:?}", start.elapsed());
            assert_eq!(server.log().that(|one| one.method == "DELETE").len(), 1);
            server.has_no_complaint();
        }
    }

    it_works_after_and_during_another_close {
        let server = late_end(Some(Duration::from_millis(100)));
        let client = server.client();
        client.ping().unwrap();
        let requests: Vec<Request> = (0..3).map(|_| client.close_request().unwrap()).collect();
        requests.iter().for_each(|request| request.start().unwrap());
        client.close();
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
        assert_eq!(server.log().that(|one| one.method == "DELETE").len(), 1);

        // One of a thread that closes as well.
        let server = late_end(Some(Duration::from_millis(200)));
        let client = server.client();
        client.ping().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| client.close());
            assert!(await_true(SOON, || client.dispatch(0).is_err()));
            let close = client.close_request().unwrap();
            close.start().unwrap();
            assert_eq!(close.wait(10_000), MCP_OK);
        });
        assert_eq!(server.log().that(|one| one.method == "DELETE").len(), 1);
    }

    client_may_be_freed_while_it_is_in_flight {
        for frees_request_first in [false, true] {
            let server = late_end(Some(Duration::from_millis(100)));
            let client = server.client();
            client.ping().unwrap();
            let close = client.close_request().unwrap();
            close.start().unwrap();
            let start = Instant::now();
            if frees_request_first {
                drop(close);
                drop(client);
            } else {
                drop(client);
                assert_eq!(close.status(), MCP_OK);
                assert_eq!(close.wait(0), MCP_OK);
                close.start().unwrap();
                assert_eq!(close.wait(0), MCP_OK, "there is nothing left to close");
                close.perform_without_result().unwrap();
            }
            assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
            assert_eq!(server.log().that(|one| one.method == "DELETE").len(), 1);
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
        let server = late_end(Some(Duration::from_millis(100)));
        let client = server.client();
        client.ping().unwrap();
        let fd = client.fd();
        let close = client.close_request().unwrap();
        close.start().unwrap();
        let start = Instant::now();
        let mut turns = 0;
        while close.status() == MCP_PENDING {
            let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
            assert_eq!(unsafe { libc::poll(&mut poll, 1, 5000) }, 1, "nothing comes");
            client.dispatch(0).unwrap();
            turns += 1;
            assert!(start.elapsed() < SOON);
        }
        assert!(turns < 10, "{turns} turns");
        assert_eq!(client.next_done(), close.0);
    }

    client_that_never_connected_is_closed_at_once {
        let client = Client::of("http://127.0.0.1:9/");
        let close = client.close_request().unwrap();
        close.start().unwrap();
        assert_eq!(close.wait(1000), MCP_OK);
        let client = Client::stdio(&["/no/such/program"]);
        let close = client.close_request().unwrap();
        close.perform_without_result().unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_CLOSED);
    }
}

const MCP_OK: i32 = 0;
