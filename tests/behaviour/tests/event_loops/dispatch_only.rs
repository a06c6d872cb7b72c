//! Handlers that run in dispatches alone.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use behaviour::constants::*;
use behaviour::{Client, EventLog, HttpServer, SseServer, stdio_server, tests};
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use serde_json::{Value, json};

fn form() -> Value {
    json!({"method": "elicitation/create", "params": {"mode": "form", "message": "Who?",
        "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}}}})
}

/// The threads that ran a handler.
type Threads = Arc<Mutex<Vec<ThreadId>>>;

/// Accepts each form, and notes the thread.
fn accepts(client: &Client) -> Threads {
    let threads = Threads::default();
    let shared = threads.clone();
    client
        .set_input_handler(MCP_INPUT_FORM, move |input| {
            shared.lock().unwrap().push(thread::current().id());
            input.accept(Some(json!({"name": "Ada"}))).unwrap();
        })
        .unwrap();
    threads
}

fn ask(client: &Client) -> behaviour::Outcome<behaviour::Answer> {
    client.call("ask", json!({"rounds": [{"who": form()}]}))
}

/// Dispatches on a thread of its own while `work` runs on this one.
fn beside_a_dispatcher<T>(client: &Client, work: impl FnOnce() -> T) -> (T, ThreadId) {
    let is_over = AtomicBool::new(false);
    let (begun, has_begun) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        let is_over = &is_over;
        let dispatcher = scope.spawn(move || {
            client.dispatch(0).unwrap();
            begun.send(thread::current().id()).unwrap();
            while !is_over.load(Ordering::SeqCst) {
                client.dispatch(100).unwrap();
            }
        });
        let id = has_begun.recv().unwrap();
        let done = work();
        is_over.store(true, Ordering::SeqCst);
        client.wake().unwrap();
        dispatcher.join().unwrap();
        (done, id)
    })
}

tests! {
    call_that_needs_input_is_an_error_on_the_dispatching_thread {
        let (stateless, handshake) = (HttpServer::stateless(), HttpServer::handshake());
        let (sse, peer) = (SseServer::full(), stdio_server!(""));
        for client in [stateless.client(), handshake.client(), sse.client(), peer.client()] {
            let threads = accepts(&client);
            client.connect().unwrap();
            client.set_dispatch_only(true).unwrap();
            let failure = ask(&client).unwrap_err();
            assert_eq!(failure.status, MCP_E_STATE, "{failure:?}");
            assert!(failure.message.contains("mcp_client_set_dispatch_only"), "{failure:?}");
            assert!(threads.lock().unwrap().is_empty());
            // The client stays usable.
            client.ping().unwrap();
            client.set_dispatch_only(false).unwrap();
            ask(&client).unwrap();
        }
    }

    input_is_handled_by_the_thread_that_dispatches {
        let (stateless, handshake) = (HttpServer::stateless(), HttpServer::handshake());
        let (sse, peer) = (SseServer::full(), stdio_server!(""));
        for client in [stateless.client(), handshake.client(), sse.client(), peer.client()] {
            let threads = accepts(&client);
            client.set_dispatch_only(true).unwrap();
            let (told, dispatcher) = beside_a_dispatcher(&client, || ask(&client).unwrap().told());
            assert_eq!(told[0]["who"]["content"]["name"], "Ada");
            assert_eq!(*threads.lock().unwrap(), [dispatcher]);
        }
    }

    started_request_works_on_one_thread {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            let threads = accepts(&client);
            client.set_dispatch_only(true).unwrap();
            let request = client.tool_request("ask", json!({"rounds": [{"who": form()}]})).unwrap();
            request.start().unwrap();
            assert_eq!(client.dispatch_until_done(&request), MCP_OK);
            assert_eq!(*threads.lock().unwrap(), [thread::current().id()]);
        }
    }

    token_is_asked_for_where_the_application_dispatches {
        let config = Config { token: Some("good".into()), ..Config::handshake(Offer::default()) };
        let served = HttpServer::new(config);
        let client = served.client();
        let threads = Threads::default();
        let shared = threads.clone();
        client.set_token_handler(move |_| {
            shared.lock().unwrap().push(thread::current().id());
            Some("good".to_owned())
        }).unwrap();
        client.set_dispatch_only(true).unwrap();
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_STATE, "{failure:?}");
        assert!(threads.lock().unwrap().is_empty());
        let (_, dispatcher) = beside_a_dispatcher(&client, || client.ping().unwrap());
        assert_eq!(*threads.lock().unwrap(), [dispatcher]);
    }

    events_and_progress_stay_queued_until_a_dispatch {
        let (http, peer) = (HttpServer::handshake(), stdio_server!(""));
        for client in [http.client(), peer.client()] {
            let events = EventLog::by(&client);
            client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
            client.dispatch(100).unwrap();
            client.set_dispatch_only(true).unwrap();
            let progress = Arc::new(AtomicUsize::new(0));
            let counted = progress.clone();
            let request = client.tool_request("slow", json!({"steps": 3, "pause": 5})).unwrap();
            request.set_progress(move |_| {
                counted.fetch_add(1, Ordering::SeqCst);
            }).unwrap();
            client.call("push", json!({"method": "notifications/tools/list_changed",
                "params": {}})).unwrap();
            request.perform().unwrap();
            client.ping().unwrap();
            assert_eq!(progress.load(Ordering::SeqCst), 0);
            assert_eq!(events.of(MCP_EVENT_TOOLS_CHANGED).len(), 0);
            events.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
            assert_eq!(progress.load(Ordering::SeqCst), 0, "its request has ended");
        }
    }

    progress_of_a_client_without_other_work_waits_for_a_dispatch {
        let served = HttpServer::new(Config { streams: true, ..Config::handshake(Offer::default()) });
        let client = served.client();
        client.set_dispatch_only(true).unwrap();
        let progress = Threads::default();
        let shared = progress.clone();
        let request = client.tool_request("slow", json!({"steps": 3, "pause": 30})).unwrap();
        request.set_progress(move |_| shared.lock().unwrap().push(thread::current().id())).unwrap();
        request.perform().unwrap();
        assert_eq!(progress.lock().unwrap().len(), 0);
        client.dispatch(0).unwrap();
        assert_eq!(progress.lock().unwrap().len(), 0, "its request has ended");
        // One that goes on when its report was heard.
        let arguments = json!({"steps": 1, "pause": 30, "after_reports": true});
        let request = client.tool_request("slow", arguments).unwrap();
        let (shared, gate) = (progress.clone(), served.mcp.gate("report 1"));
        request.set_progress(move |_| {
            shared.lock().unwrap().push(thread::current().id());
            gate.open();
        }).unwrap();
        let (_, dispatcher) = beside_a_dispatcher(&client, || request.perform().unwrap());
        let threads = progress.lock().unwrap();
        assert!(!threads.is_empty() && threads.iter().all(|thread| *thread == dispatcher));
    }

    wait_returns_a_request_that_is_done_and_runs_no_handler {
        let (http, peer) = (HttpServer::handshake(), stdio_server!(""));
        for client in [http.client(), peer.client()] {
            let threads = accepts(&client);
            client.connect().unwrap();
            client.set_dispatch_only(true).unwrap();
            let request = client.tool_request("slow", json!({"steps": 2, "pause": 20})).unwrap();
            request.start().unwrap();
            assert_eq!(request.wait(60_000), MCP_OK);
            assert!(client.next_done().is_null(), "handed out by the wait");
            let request = client.tool_request("ask", json!({"rounds": [{"who": form()}]})).unwrap();
            request.start().unwrap();
            assert_eq!(request.wait(200), MCP_PENDING, "its handler runs in a dispatch");
            assert!(threads.lock().unwrap().is_empty());
            assert_eq!(client.dispatch_until_done(&request), MCP_OK);
        }
    }

    two_threads_share_the_work {
        let served = HttpServer::handshake();
        let client = served.client();
        let threads = accepts(&client);
        client.set_dispatch_only(true).unwrap();
        let (_, dispatcher) = beside_a_dispatcher(&client, || {
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for _ in 0..5 {
                            ask(&client).unwrap();
                        }
                    });
                }
            });
        });
        let threads = threads.lock().unwrap();
        assert_eq!(threads.len(), 20);
        assert!(threads.iter().all(|thread| *thread == dispatcher));
        served.has_no_complaint();
    }
}
