//! Started requests: they run in the background, and dispatching on the
//! application's thread completes them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{Cancel, Client, HttpServer, Request, SOON, raw, readable, tests};
use mcp_test_server::offer::Offer;
use mcp_test_server::{Action, Gate};
use serde_json::json;

fn slow(client: &Client, steps: u64, pause: u64) -> Request {
    client.tool_request("slow", json!({"steps": steps, "pause": pause})).unwrap()
}

fn eras() -> [HttpServer; 2] {
    [HttpServer::stateless(), HttpServer::handshake()]
}

tests! {
    dispatch_completes_a_started_request {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            let request = client.tool_request("echo", json!({"a": 1})).unwrap();
            assert_eq!(request.status(), MCP_E_STATE, "not begun");
            request.start().unwrap();
            let start = Instant::now();
            while request.status() == MCP_PENDING {
                assert!(start.elapsed() < SOON);
                client.dispatch(50).unwrap();
            }
            assert_eq!(request.status(), 0);
            assert_eq!(client.next_done(), request.0);
            assert!(client.next_done().is_null(), "each once");
            assert_eq!(request.take_result().unwrap().told(), json!({"a": 1}));
            assert_eq!(request.take_result().unwrap_err().status, MCP_E_NOT_FOUND);
            served.has_no_complaint();
        }
    }

    start_does_not_wait_for_the_network {
        for served in eras() {
            let gate = Gate::default();
            let first = gate.clone();
            let served = HttpServer::before(served.mcp.config.clone(), move |_, mcp, request| {
                let mut actions = vec![Action::Await(first.clone())];
                actions.extend(mcp.handle(request));
                actions
            });
            let client = served.client();
            let request = slow(&client, 3, 20);
            request.start().unwrap();
            assert_eq!(request.status(), MCP_PENDING);
            assert_eq!(request.wait(50), MCP_PENDING);
            gate.open();
            assert_eq!(request.wait(60_000), 0);
            assert_eq!(request.take_result().unwrap().text(), "slow");
        }
    }

    one_thread_runs_many_requests_at_once {
        const COUNT: usize = 40;
        for served in eras() {
            // No call gets its response before all have come.
            let gate = Gate::default();
            let served = HttpServer::before(served.mcp.config.clone(), move |count, mcp, request| {
                let actions = mcp.handle(request);
                if request.rpc_method() != "tools/call" {
                    return actions;
                }
                if count == COUNT {
                    gate.open();
                }
                [vec![Action::Await(gate.clone())], actions].concat()
            });
            let client = served.client();
            client.ping().unwrap();
            let start = Instant::now();
            let requests: Vec<Request> = (0..COUNT).map(|number| {
                let request = slow(&client, 1, 0);
                unsafe { raw::mcp_request_set_userdata(request.0, (number + 1) as *mut _) };
                request.start().unwrap();
                request
            }).collect();
            let mut done = HashMap::new();
            while done.len() < requests.len() {
                assert!(start.elapsed() < SOON, "{} are done", done.len());
                client.dispatch(100).unwrap();
                loop {
                    let one = client.next_done();
                    if one.is_null() {
                        break;
                    }
                    let number = unsafe { raw::mcp_request_userdata(one) } as usize;
                    assert!(done.insert(number, one).is_none());
                }
            }
            for (index, request) in requests.iter().enumerate() {
                assert_eq!(done[&(index + 1)], request.0);
                assert_eq!(request.take_result().unwrap().text(), "slow");
            }
            served.has_no_complaint();
        }
    }

    descriptor_drives_an_event_loop {
        for served in eras() {
            let client = served.client();
            let requests: Vec<Request> = (0..5).map(|_| slow(&client, 2, 50)).collect();
            for request in &requests {
                request.start().unwrap();
            }
            let start = Instant::now();
            let (mut done, mut turns) = (0, 0);
            while done < requests.len() {
                assert!(start.elapsed() < SOON);
                assert!(readable(client.fd(), 60_000), "something comes");
                client.dispatch(0).unwrap();
                turns += 1;
                while !client.next_done().is_null() {
                    done += 1;
                }
            }
            assert!(turns < 2000, "{turns} turns: no busy loop");
            client.dispatch(0).unwrap();
            assert!(!readable(client.fd(), 50));
        }
    }

    request_in_flight_cannot_be_started_again {
        let served = HttpServer::stateless();
        let client = served.client();
        let arguments = json!({"steps": 1, "pause": 1, "after_label": "go"});
        let request = client.tool_request("slow", arguments).unwrap();
        request.start().unwrap();
        assert_eq!(request.start().unwrap_err().status, MCP_E_STATE);
        assert_eq!(request.perform().unwrap_err().status, MCP_E_STATE);
        served.mcp.gate("go").open();
        assert_eq!(request.wait(60_000), 0);
        request.take_result().unwrap();
        // A completed request may be started again.
        request.start().unwrap();
        assert_eq!(request.wait(60_000), 0);
        assert_eq!(request.perform().unwrap().text(), "slow");
        assert_eq!(served.count("tools/call"), 3);
    }

    started_request_keeps_its_own_error {
        for served in eras() {
            let client = served.client();
            let wrong = client.tool_request("no-such-tool", json!({})).unwrap();
            let dropped = client.tool_request("drops", json!({})).unwrap();
            wrong.start().unwrap();
            dropped.start().unwrap();
            assert_eq!(wrong.wait(60_000), MCP_E_RPC);
            assert_eq!(dropped.wait(60_000), MCP_E_IO);
            let failure = wrong.take_result().unwrap_err();
            assert_eq!((failure.status, failure.rpc_code), (MCP_E_RPC, -32602));
            assert!(dropped.take_result().unwrap_err().may_have_run);
            client.call("echo", json!({})).unwrap();
        }
    }

    dispatch_delivers_progress_and_input_requests {
        for served in eras() {
            let client = served.client();
            let me = std::thread::current().id();
            client.set_input_handler(MCP_INPUT_FORM, move |input| {
                assert_eq!(std::thread::current().id(), me);
                input.decline().unwrap();
            }).unwrap();
            let told = Arc::new(AtomicUsize::new(0));
            let shared = told.clone();
            let first = slow(&client, 3, 50);
            first.set_progress(move |_| {
                assert_eq!(std::thread::current().id(), me);
                shared.fetch_add(1, Ordering::SeqCst);
            }).unwrap();
            let question = json!({"method": "elicitation/create",
                "params": {"message": "?", "requestedSchema": {"type": "object", "properties": {}}}});
            let second =
                client.tool_request("ask", json!({"rounds": [{"a": question}]})).unwrap();
            first.start().unwrap();
            second.start().unwrap();
            std::thread::sleep(Duration::from_millis(400));
            assert_eq!(told.load(Ordering::SeqCst), 0, "nobody dispatched");
            assert_eq!((first.wait(60_000), second.wait(60_000)), (0, 0));
            assert_eq!(told.load(Ordering::SeqCst), 3);
            assert_eq!(second.take_result().unwrap().told(), json!([{"a": {"action": "decline"}}]));
            served.has_no_complaint();
        }
    }

    started_request_has_a_timeout_and_a_cancel {
        for served in eras() {
            let client = served.client();
            client.ping().unwrap();
            let request = client.tool_request("hang", json!({})).unwrap();
            request.set_timeout(300);
            request.start().unwrap();
            assert_eq!(request.wait(60_000), MCP_E_TIMEOUT);
            // On a busy machine the time may be over before it is sent.
            let sent = usize::from(request.failure().may_have_run);
            let request = client.tool_request("hang", json!({})).unwrap();
            let cancel = Arc::new(Cancel::new());
            request.set_cancel(&cancel);
            request.start().unwrap();
            served.awaits("tools/call", sent + 1);
            cancel.fire();
            assert_eq!(request.wait(60_000), MCP_E_CANCELLED);
            let calls = served.log().of("tools/call");
            if served.is_stateless() {
                for call in calls {
                    assert!(served.log().await_closed(call.connection, SOON));
                }
            } else {
                served.awaits("notifications/cancelled", sent + 1);
            }
            served.has_no_complaint();
        }
    }

    freed_request_is_cancelled_at_the_server {
        for served in eras() {
            let client = served.client();
            client.ping().unwrap();
            let request = client.tool_request("hang", json!({})).unwrap();
            request.start().unwrap();
            served.awaits("tools/call", 1);
            drop(request);
            client.dispatch(50).unwrap();
            if served.is_stateless() {
                let call = served.log().of("tools/call")[0].clone();
                assert!(served.log().await_closed(call.connection, SOON));
            } else {
                served.awaits("notifications/cancelled", 1);
            }
            assert!(client.next_done().is_null());
            client.call("echo", json!({})).unwrap();
            served.has_no_complaint();
        }
    }

    close_ends_started_requests {
        for served in eras() {
            let client = served.client();
            let request = client.tool_request("hang", json!({})).unwrap();
            request.start().unwrap();
            served.awaits("tools/call", 1);
            client.close();
            assert_eq!(request.wait(60_000), MCP_E_CLOSED);
            assert_eq!(request.take_result().unwrap_err().status, MCP_E_CLOSED);
        }
    }

    freed_client_ends_started_requests {
        for served in eras() {
            let client = served.client();
            let request = client.tool_request("hang", json!({})).unwrap();
            request.start().unwrap();
            served.awaits("tools/call", 1);
            drop(client);
            assert_eq!(request.status(), MCP_E_CLOSED);
            drop(request);
        }
    }

    started_and_performed_requests_run_side_by_side {
        for served in eras() {
            let client = Arc::new(served.client());
            let started = slow(&client, 4, 100);
            started.start().unwrap();
            let threads: Vec<_> = (0..4).map(|number| {
                let client = client.clone();
                std::thread::spawn(move || for _ in 0..10 {
                    let arguments = json!({"n": number});
                    assert_eq!(client.call("echo", arguments.clone()).unwrap().told(), arguments);
                })
            }).collect();
            for thread in threads {
                thread.join().unwrap();
            }
            assert_eq!(started.wait(60_000), 0);
            served.has_no_complaint();
        }
    }

    concurrent_first_requests_negotiate_once {
        for served in eras() {
            let client = served.client();
            let requests: Vec<Request> =
                (0..10).map(|_| client.tool_request("bare", json!({})).unwrap()).collect();
            for request in &requests {
                request.start().unwrap();
            }
            for request in &requests {
                assert_eq!(request.wait(60_000), 0);
            }
            assert_eq!(served.count("server/discover"), 1);
            assert!(served.count("initialize") <= 1);
            served.has_no_complaint();
        }
    }

    broken_response_of_a_started_request_is_resumed {
        let served = HttpServer::handshake();
        let client = served.client();
        let arguments = json!({"segments": [1, 0, 1], "retry": 30});
        let request = client.tool_request("breaks", arguments).unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let shared = told.clone();
        request.set_progress(move |one| shared.lock().unwrap().push(one.progress)).unwrap();
        request.start().unwrap();
        assert_eq!(request.wait(60_000), 0);
        assert_eq!(request.take_result().unwrap().text(), "after 2");
        assert_eq!(*told.lock().unwrap(), [1.0, 2.0]);
        served.has_no_complaint();
    }
}
