//! Loops without a descriptor: the function that tells them to dispatch, and
//! the end of a dispatch that waits.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{
    Client, EventLog, HttpServer, Request, SOON, SseServer, raw, readable, stdio_server, tests,
};
use mcp_test_server::await_true;
use serde_json::json;

/// How long a loop sleeps if nobody posts.
const NEVER: Duration = SOON;

/// A loop that sleeps until something is posted to it.
struct Loop {
    posts: Receiver<()>,
    post: Sender<()>,
    posted: Arc<AtomicUsize>,
}

impl Loop {
    fn of(client: &Client) -> Self {
        let (post, posts) = channel();
        let own = Self { posts, post, posted: Arc::default() };
        own.attach(client);
        own
    }

    fn attach(&self, client: &Client) {
        let (post, posted) = (Mutex::new(self.post.clone()), self.posted.clone());
        client
            .set_wakeup(move || {
                posted.fetch_add(1, Ordering::SeqCst);
                let _ = post.lock().unwrap().send(());
            })
            .unwrap();
    }

    /// Sleeps until a post, and does what the header says.
    fn turn(&self, client: &Client) -> Vec<*mut raw::mcp_request> {
        self.posts.recv_timeout(NEVER).expect("a post");
        client.dispatch(0).unwrap();
        std::iter::from_fn(|| Some(client.next_done()).filter(|one| !one.is_null())).collect()
    }

    /// Runs until so many requests were handed out.
    fn collects(&self, client: &Client, count: usize) {
        let mut done = 0;
        while done < count {
            done += self.turn(client).len();
        }
    }
}

fn echo(client: &Client) -> Request {
    let request = client.tool_request("echo", json!({"a": 1})).unwrap();
    request.start().unwrap();
    request
}

tests! {
    loop_without_a_descriptor_gets_every_request {
        let (http, sse, peer) = (HttpServer::handshake(), SseServer::full(), stdio_server!(""));
        for client in [http.client(), sse.client(), peer.client()] {
            let own = Loop::of(&client);
            let requests: Vec<Request> = (0..50).map(|_| echo(&client)).collect();
            own.collects(&client, requests.len());
            assert!(requests.iter().all(|request| request.status() == MCP_OK));
            let posted = own.posted.load(Ordering::SeqCst);
            assert!(posted <= 3 * requests.len(), "{posted} posts");
        }
    }

    wakeup_runs_without_a_lock_of_the_library {
        // The function takes a lock that the application holds while it starts
        // requests and looks at the queue.
        let served = HttpServer::handshake();
        let client = Arc::new(served.client());
        let (lock, posted) = (Arc::new(Mutex::new(())), Arc::new(AtomicUsize::new(0)));
        let (inside, count) = (lock.clone(), posted.clone());
        client.set_wakeup(move || {
            drop(inside.lock().unwrap());
            count.fetch_add(1, Ordering::SeqCst);
        }).unwrap();
        let requests: Vec<Request> = (0..100).map(|_| {
            let held = lock.lock().unwrap();
            let request = echo(&client);
            client.next_done();
            drop(held);
            request
        }).collect();
        for request in &requests {
            assert_eq!(request.wait(60_000), MCP_OK);
        }
        assert!(posted.load(Ordering::SeqCst) > 0);
    }

    no_wakeup_is_lost_while_threads_call_and_dispatch {
        let served = HttpServer::handshake();
        let client = Arc::new(served.client());
        let own = Loop::of(&client);
        let is_over = AtomicBool::new(false);
        let start = Instant::now();
        thread::scope(|scope| {
            // Calls that wait take items of the queue from under the loop.
            for _ in 0..2 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::SeqCst) {
                        client.ping().unwrap();
                        client.dispatch(0).unwrap();
                    }
                });
            }
            let mut count = 0;
            while start.elapsed() < Duration::from_millis(700) {
                let requests: Vec<Request> = (0..8).map(|_| echo(&client)).collect();
                own.collects(&client, requests.len());
                count += requests.len();
            }
            is_over.store(true, Ordering::SeqCst);
            assert!(count > 8, "{count}");
        });
        served.has_no_complaint();
    }

    no_wakeup_is_lost_for_what_a_dispatch_leaves {
        // Each handler makes the server send another notification, which arrives
        // while the dispatch runs.
        let served = HttpServer::handshake();
        let client = Arc::new(served.client());
        let count = Arc::new(AtomicUsize::new(0));
        let (shared, inner) = (count.clone(), Arc::downgrade(&client));
        client.set_event_handler(move |event| {
            if event.kind == MCP_EVENT_TOOLS_CHANGED && shared.fetch_add(1, Ordering::SeqCst) < 20 {
                let client = inner.upgrade().unwrap();
                let push = json!({"method": "notifications/tools/list_changed", "params": {}});
                client.call("push", push).unwrap();
            }
        }).unwrap();
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        let own = Loop::of(&client);
        let push = json!({"method": "notifications/tools/list_changed", "params": {}});
        client.call("push", push).unwrap();
        while count.load(Ordering::SeqCst) <= 20 {
            own.turn(&client);
        }
    }

    what_is_there_already_is_told_at_once {
        let served = HttpServer::handshake();
        let client = served.client();
        let request = echo(&client);
        assert!(readable(client.fd(), 60_000));
        let own = Loop::of(&client);
        own.collects(&client, 1);
        assert_eq!(request.status(), MCP_OK);
    }

    removed_function_runs_no_more_and_its_data_is_freed {
        struct Data(Arc<AtomicUsize>, thread::ThreadId);
        impl Drop for Data {
            fn drop(&mut self) {
                assert_eq!(thread::current().id(), self.1, "on the application's thread");
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let served = HttpServer::handshake();
        let client = served.client();
        let (freed, is_in) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        for round in 0..20 {
            let data = Data(freed.clone(), thread::current().id());
            let has_begun = Arc::new(AtomicBool::new(false));
            let (flag, begun) = (is_in.clone(), has_begun.clone());
            client.set_wakeup(move || {
                let _ = &data;
                flag.store(true, Ordering::SeqCst);
                begun.store(true, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(5));
                flag.store(false, Ordering::SeqCst);
            }).unwrap();
            let request = echo(&client);
            assert!(await_true(SOON, || has_begun.load(Ordering::SeqCst)));
            client.remove_wakeup().unwrap();
            assert!(!is_in.load(Ordering::SeqCst), "it has returned");
            assert_eq!(freed.load(Ordering::SeqCst), round + 1);
            assert_eq!(request.wait(60_000), MCP_OK);
            assert!(!is_in.load(Ordering::SeqCst));
        }
    }

    function_that_replaces_itself_does_not_wait_for_itself {
        let served = HttpServer::handshake();
        let client = Arc::new(served.client());
        let (inner, count) = (Arc::downgrade(&client), Arc::new(AtomicUsize::new(0)));
        let counted = count.clone();
        client.set_wakeup(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            inner.upgrade().unwrap().remove_wakeup().unwrap();
        }).unwrap();
        let request = echo(&client);
        assert!(await_true(SOON, || count.load(Ordering::SeqCst) == 1));
        assert_eq!(request.wait(60_000), MCP_OK);
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    requests_of_a_closed_client_are_told {
        let served = HttpServer::handshake();
        let client = served.client();
        let own = Loop::of(&client);
        let request = client.tool_request("slow", json!({"steps": 9, "pause": 20_000})).unwrap();
        request.start().unwrap();
        served.awaits("tools/call", 1);
        client.close();
        own.posts.recv_timeout(NEVER).unwrap();
        assert_eq!(client.next_done(), request.0);
        assert_eq!(request.status(), MCP_E_CLOSED);
        assert_eq!(client.set_wakeup(|| ()).unwrap_err().status, MCP_E_STATE);
        client.remove_wakeup().unwrap();
    }

    freed_client_calls_no_function {
        let served = HttpServer::handshake();
        for _ in 0..10 {
            let client = served.client();
            let is_freed = Arc::new(AtomicBool::new(false));
            let flag = is_freed.clone();
            client.set_wakeup(move || assert!(!flag.load(Ordering::SeqCst))).unwrap();
            let requests: Vec<Request> = (0..5).map(|_| echo(&client)).collect();
            drop(client);
            is_freed.store(true, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(5));
            drop(requests);
        }
    }

    wake_ends_a_dispatch_that_waits {
        // A dispatch that is not woken waits for longer than the test may take.
        let client = Client::of("http://127.0.0.1:1/mcp");
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(50));
                client.wake().unwrap();
            });
            client.dispatch(1_000_000).unwrap();
        });
        // Before the wait: the next one returns at once, and only that.
        client.wake().unwrap();
        client.wake().unwrap();
        let start = Instant::now();
        client.dispatch(1_000_000).unwrap();
        client.dispatch(50).unwrap();
        assert!(start.elapsed() >= Duration::from_millis(50));
        client.close();
        assert_eq!(client.wake().unwrap_err().status, MCP_E_CLOSED);
    }

    wake_reaches_a_loop_of_either_kind {
        let client = Client::of("http://127.0.0.1:1/mcp");
        let own = Loop::of(&client);
        let is_readable = || readable(client.fd(), 0);
        assert!(!is_readable());
        client.wake().unwrap();
        assert!(is_readable());
        own.turn(&client);
        assert!(!is_readable());
    }

    calls_that_wait_do_not_take_a_wake {
        let served = HttpServer::handshake();
        let client = served.client();
        let events = EventLog::by(&client);
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        client.wake().unwrap();
        client.ping().unwrap();
        client.dispatch(1_000_000).unwrap();
        assert!(events.of(MCP_EVENT_TOOLS_CHANGED).is_empty());
    }
}
