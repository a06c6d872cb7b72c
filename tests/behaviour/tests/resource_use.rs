//! Limits on the memory and the descriptors that started requests and answers
//! hold. Both are counted for the whole process, so that these tests have a
//! program of their own and run one after the other.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use behaviour::chaos::memory;
use behaviour::constants::*;
use behaviour::slow_server::{hello, tool};
use behaviour::{
    Cancel, Client, Request, SOON, SlowServer, SseServer, readable, stdio_server, tests_alone,
};
use mcp_test_server::{Action, Server, await_true, http};
use serde_json::json;

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

tests_alone! {
    requests_that_are_given_up_and_freed_leave_nothing_behind {
        let slow = SlowServer::new(None);
        let client = slow.client();
        client.ping().unwrap();
        let round = || {
            let before = memory();
            for _ in 0..2000 {
                tool(&client).start().unwrap();
            }
            // They end on the thread of the library, and nobody dispatches.
            std::thread::sleep(Duration::from_millis(300));
            before
        };
        round();
        // A leak grows in each round. A busy machine puts off some of the ends.
        let leaves_nothing = || {
            let before = round();
            await_true(SOON / 10, || memory().saturating_sub(before) < 3 << 20)
        };
        assert!((0..3).any(|_| leaves_nothing()), "2000 requests have left 3 MB and more");
        assert!(!readable(client.fd(), 0) && client.next_done().is_null());
        client.set_close_timeout(0).unwrap();
    }

    thousand_started_requests_need_few_descriptors {
        let slow = SlowServer::new(Some(Duration::from_millis(5)));
        let client = slow.client();
        client.ping().unwrap();
        let before = descriptors();
        let requests: Vec<(Request, Cancel)> = (0..1000).map(|_| (tool(&client), Cancel::new())).collect();
        for (request, cancel) in &requests {
            request.set_cancel(cancel);
            request.start().unwrap();
        }
        let (mut done, mut most) = (0, 0);
        let start = Instant::now();
        while done < 1000 {
            assert!(start.elapsed() < SOON, "{done} are done");
            client.dispatch(100).unwrap();
            most = most.max(descriptors());
            while !client.next_done().is_null() {
                done += 1;
            }
        }
        assert!(requests.iter().all(|(request, _)| request.status() == 0));
        // Both ends of at most 64 connections, and what the server has of its own.
        assert!(most - before < 64 * 4, "{before} have become {most}");
        assert!(slow.most.load(Ordering::SeqCst) <= 64);
    }

    threads_that_wait_use_the_descriptors_that_the_header_names {
        const THREADS: usize = 20;
        let peer = stdio_server!("");
        let slow = SlowServer::new(Some(Duration::from_millis(400)));
        for (client, connections) in [(peer.client(), 0), (slow.client(), THREADS)] {
            client.connect().unwrap();
            client.fd();
            let before = descriptors();
            let most = std::thread::scope(|scope| {
                for _ in 0..THREADS {
                    scope.spawn(|| {
                        let request = client.tool_request("slow", json!({"steps": 1, "pause": 400}));
                        let _ = request.unwrap().perform();
                    });
                }
                std::thread::sleep(Duration::from_millis(250));
                descriptors()
            });
            let limit = before + 5 + 3 * THREADS + connections;
            assert!(most <= limit, "{before} have become {most}, more than {limit}");
            if connections == 0 {
                let after = descriptors();
                assert!(after <= before + 6, "{before} have become {after}");
            }
        }
    }

    thousand_started_and_cancelled_requests_need_no_descriptor {
        let peer = stdio_server!("");
        let (client, cancel) = (peer.connected(), Cancel::new());
        let silent = || client.tool_request("silent", json!({})).unwrap();
        // It starts the thread of the library. The first waits open what they
        // need for the client.
        let first = silent();
        first.set_cancel(&cancel);
        first.start().unwrap();
        assert_eq!(first.wait(1), MCP_PENDING);
        client.dispatch(1).unwrap();
        let before = (client.fd(), descriptors()).1;
        let requests: Vec<(Request, Cancel)> = (0..1000).map(|_| (silent(), Cancel::new())).collect();
        let mut most = 0;
        for (number, (request, cancel)) in requests.iter().enumerate() {
            request.set_cancel(cancel);
            request.set_done(|_| ()).unwrap();
            request.start().unwrap();
            if number % 100 == 0 {
                most = most.max(descriptors());
            }
        }
        most = most.max(descriptors());
        // The background thread watches a pipe that is full by a duplicate.
        let few = before + 4;
        assert!(most <= few, "{before} have become {most}: started requests use none");
        for (number, (request, cancel)) in requests.iter().enumerate() {
            if number % 2 == 0 { request.cancel().unwrap() } else { cancel.fire() }
        }
        let start = Instant::now();
        while requests.iter().any(|(request, _)| request.status() == MCP_PENDING) {
            assert!(start.elapsed() < SOON, "they are not cancelled");
            client.dispatch(20).unwrap();
            most = most.max(descriptors());
        }
        assert!(most <= few, "{before} have become {most}: cancels use none");
        assert!(requests.iter().all(|(request, _)| request.status() == MCP_E_CANCELLED));
        // A performed request gives back what its thread has used.
        std::thread::scope(|scope| {
            for (request, _) in requests.iter().step_by(2).take(50) {
                let performing = scope.spawn(|| request.perform().unwrap_err().status);
                let is_over = || request.cancel().is_err() && performing.is_finished();
                assert!(await_true(SOON, is_over));
                assert_eq!(performing.join().unwrap(), MCP_E_CANCELLED);
            }
        });
        assert!(descriptors() <= few, "{before} have become {}", descriptors());
        client.set_close_timeout(0).unwrap();
    }

    answers_to_a_server_that_takes_none_need_few_descriptors {
        // It pings on its standing stream, and lets the answers hang.
        let server = Server::start(move |request| {
            if request.method == "GET" {
                let ping = br#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#.to_vec();
                return vec![Action::Begin(vec![]), Action::Flood(ping)];
            }
            match request.rpc_method().as_str() {
                "initialize" => {
                    let mut hello = hello();
                    hello["capabilities"] = json!({"tools": {"listChanged": true}});
                    vec![Action::Send(http::result(request, hello))]
                }
                "" => vec![Action::Hang],
                _ => vec![Action::Send(http::reply(202, &[], b""))],
            }
        });
        let client = Client::new(&server.url("/mcp"), None).unwrap();
        client.pin("2025-11-25").unwrap();
        let before = descriptors();
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        assert!(await_true(SOON, || client.count(MCP_COUNTER_DROPPED_REPLIES) > 1000));
        let most = descriptors();
        assert!(most < before + 40, "{before} have become {most}");
        client.set_close_timeout(0).unwrap();
    }

    wait_for_a_request_keeps_no_descriptor {
        let slow = SlowServer::new(None);
        let client = slow.client();
        client.ping().unwrap();
        client.set_limit(MCP_LIMIT_CONNECTIONS, 2).unwrap();
        let requests: Vec<Request> = (0..200).map(|_| tool(&client)).collect();
        requests.iter().for_each(|request| request.start().unwrap());
        let before = descriptors();
        assert!(requests.iter().all(|request| request.wait(1) == MCP_PENDING));
        assert!(descriptors() < before + 20, "{before} have become {}", descriptors());
        client.set_close_timeout(0).unwrap();
    }

    started_requests_over_http_with_sse_are_limited_as_well {
        let served = SseServer::full();
        let client = served.client();
        client.ping().unwrap();
        client.set_limit(MCP_LIMIT_CONNECTIONS, 2).unwrap();
        let before = descriptors();
        let requests: Vec<Request> =
            (0..200).map(|_| client.tool_request("echo", json!({"a": 1})).unwrap()).collect();
        requests.iter().for_each(|request| request.start().unwrap());
        let (mut done, mut most) = (0, 0);
        while done < 200 {
            client.dispatch(1000).unwrap();
            most = most.max(descriptors());
            while !client.next_done().is_null() {
                done += 1;
            }
        }
        assert!(requests.iter().all(|request| request.status() == 0));
        assert!(most < before + 20, "{before} have become {most}");
    }
}
