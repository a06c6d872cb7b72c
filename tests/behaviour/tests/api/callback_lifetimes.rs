//! Callbacks that no longer run: those of requests that have ended, were freed
//! or have a new callback.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{Client, HttpServer, Request, SOON, tests};
use mcp_test_server::Action;
use mcp_test_server::http;
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use serde_json::{Value, json};

/// One of each era.
fn eras() -> [HttpServer; 2] {
    [HttpServer::stateless(), HttpServer::handshake()]
}

/// A request that reports a few steps at once and then takes its time.
fn slow(client: &Client, arguments: Value) -> (Request, Arc<AtomicUsize>) {
    let request = client.tool_request("slow", arguments).unwrap();
    let told = counted(&request);
    (request, told)
}

/// How often a callback that the request has from now on was called.
fn counted(request: &Request) -> Arc<AtomicUsize> {
    let told = Arc::new(AtomicUsize::new(0));
    let shared = told.clone();
    let count = move |_| {
        shared.fetch_add(1, Ordering::SeqCst);
    };
    request.set_progress(count).unwrap();
    told
}

/// A started request with queued progress.
fn unread(client: &Client, arguments: Value) -> (Request, Arc<AtomicUsize>) {
    client.ping().unwrap();
    let (request, told) = slow(client, arguments);
    request.start().unwrap();
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(told.load(Ordering::SeqCst), 0, "nobody dispatched");
    (request, told)
}

tests! {
    freed_request_runs_no_more_callbacks {
        for served in eras() {
            let client = served.client();
            let (request, told) = unread(&client, json!({"steps": 3, "pause": 50}));
            drop(request);
            client.dispatch(100).unwrap();
            assert_eq!(told.load(Ordering::SeqCst), 0);
        }
    }

    replaced_callback_runs_no_more {
        for served in eras() {
            let client = served.client();
            let (request, told) = unread(&client, json!({"steps": 8, "pause": 100}));
            let other = counted(&request);
            assert_eq!(request.wait(60_000), 0);
            assert_eq!(told.load(Ordering::SeqCst), 0);
            assert_eq!(other.load(Ordering::SeqCst), 0, "set for the next flight");
            assert_eq!(request.perform().unwrap().text(), "slow");
            assert!(other.load(Ordering::SeqCst) > 0);
            assert_eq!(told.load(Ordering::SeqCst), 0);
        }
    }

    performed_request_runs_no_more_callbacks {
        // On a stream of its own and together with the answer, so that some
        // of it comes late.
        let served = HttpServer::before(Config::handshake(Offer::default()), |_, mcp, request| {
            if request.rpc_method() != "tools/call" {
                return mcp.handle(request);
            }
            let token = &request.json()["params"]["_meta"]["progressToken"];
            for step in 1..=30 {
                let params = json!({"progressToken": token, "progress": step});
                mcp.notify("notifications/progress", params);
            }
            vec![Action::Send(http::result(request, json!({"content": []})))]
        });
        let client = served.client();
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        assert!(served.mcp.await_listeners(1, SOON));
        let mut all = 0;
        for _ in 0..300 {
            let request = client.tool_request("bare", json!({})).unwrap();
            let told = counted(&request);
            request.perform().unwrap();
            let before = told.load(Ordering::SeqCst);
            client.dispatch(5).unwrap();
            assert_eq!(told.load(Ordering::SeqCst), before, "after the end");
            all += before;
        }
        assert!(all > 0, "some of it comes in time");
    }

    callback_serves_each_start_of_its_request {
        for served in eras() {
            let client = served.client();
            let (request, told) = slow(&client, json!({"steps": 2, "pause": 20}));
            for flight in 1..=3 {
                request.perform().unwrap();
                assert_eq!(told.load(Ordering::SeqCst), 4 * flight - 2);
                request.start().unwrap();
                assert_eq!(request.wait(60_000), 0);
                assert_eq!(told.load(Ordering::SeqCst), 4 * flight);
            }
        }
    }

    freeing_a_request_waits_for_its_callback_on_another_thread {
        for served in eras() {
            let client = served.client();
            client.ping().unwrap();
            let request = client.tool_request("slow", json!({"steps": 2, "pause": 50})).unwrap();
            let (entered, is_in) = channel();
            let is_out = Arc::new(AtomicBool::new(false));
            let shared = is_out.clone();
            request.set_progress(move |_| {
                let _ = entered.send(());
                std::thread::sleep(Duration::from_millis(300));
                shared.store(true, Ordering::SeqCst);
            }).unwrap();
            request.start().unwrap();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let start = Instant::now();
                    while !is_out.load(Ordering::SeqCst) && start.elapsed() < SOON {
                        client.dispatch(50).unwrap();
                    }
                });
                is_in.recv_timeout(SOON).unwrap();
                drop(request);
                assert!(is_out.load(Ordering::SeqCst), "it is still running");
            });
        }
    }

    callback_may_free_its_own_request {
        for served in eras() {
            let client = served.client();
            let (request, _) = slow(&client, json!({"steps": 3, "pause": 20}));
            let slot = Arc::new(Mutex::new(None::<Request>));
            let (shared, told) = (slot.clone(), Arc::new(AtomicUsize::new(0)));
            let count = told.clone();
            request.set_progress(move |_| {
                count.fetch_add(1, Ordering::SeqCst);
                drop(shared.lock().unwrap().take());
            }).unwrap();
            request.start().unwrap();
            *slot.lock().unwrap() = Some(request);
            let start = Instant::now();
            while told.load(Ordering::SeqCst) == 0 {
                assert!(start.elapsed() < SOON);
                client.dispatch(50).unwrap();
            }
            client.dispatch(200).unwrap();
            assert_eq!(told.load(Ordering::SeqCst), 1);
            assert!(slot.lock().unwrap().is_none());
            client.call("echo", json!({})).unwrap();
        }
    }
}
