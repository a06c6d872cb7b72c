//! The callback of mcp_request_set_done(): it gets each started request once,
//! outside other callbacks, and may free it.

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::slow_server::tool;
use behaviour::{
    Client, HttpServer, Request, SOON, SlowServer, raw, readable, stdio_server, tests,
};
use mcp_test_server::{Gate, await_true};
use serde_json::json;

/// Counts the calls of a done callback, and keeps the last status.
#[derive(Clone, Default)]
struct Done(Arc<AtomicUsize>, Arc<AtomicI32>);

impl Done {
    fn on(request: &Request) -> Self {
        let done = Self::default();
        let own = done.clone();
        request.set_done(move |request| own.take(request)).unwrap();
        done
    }

    fn take(&self, request: *mut raw::mcp_request) {
        self.1.store(unsafe { raw::mcp_request_status(request) }, Ordering::SeqCst);
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn status(&self) -> i32 {
        self.1.load(Ordering::SeqCst)
    }

    fn await_count(&self, client: &Client, count: usize) {
        let is_there = || {
            let _ = client.dispatch(20);
            self.count() >= count
        };
        assert!(await_true(SOON, is_there), "{} of {count}", self.count());
        assert_eq!(self.count(), count);
    }
}

/// A request that its done callback frees.
fn freed_when_done(client: &Client, freed: &Arc<AtomicUsize>) {
    let request = ManuallyDrop::new(tool(client));
    let freed = freed.clone();
    request
        .set_done(move |request| {
            unsafe { raw::mcp_request_free(request) };
            freed.fetch_add(1, Ordering::SeqCst);
        })
        .unwrap();
    request.start().unwrap();
}

tests! {
    callback_gets_each_started_request_once {
        let peer = stdio_server!("");
        let (http, slow) = (HttpServer::stateless(), HttpServer::handshake());
        for client in [peer.client(), http.client(), slow.client()] {
            let request = client.tool_request("echo", json!({"a": 1})).unwrap();
            let done = Done::on(&request);
            for count in 1..=3 {
                request.start().unwrap();
                done.await_count(&client, count);
                assert_eq!(done.status(), 0);
                assert!(request.take_result().unwrap().json().contains("\\\"a\\\""));
                assert!(client.next_done().is_null());
                client.dispatch(0).unwrap();
                assert_eq!(done.count(), count);
            }
            // A performed request is handed out by the call.
            request.perform().unwrap();
            client.dispatch(0).unwrap();
            assert_eq!(done.count(), 3);
        }
    }

    failed_request_has_its_error_in_the_callback {
        let client = Client::of("http://127.0.0.1:9/");
        let request = client.request("ping", None).unwrap();
        let (status, message) = (Arc::new(AtomicI32::new(0)), Arc::new(Mutex::new(None)));
        let (own, words) = (status.clone(), message.clone());
        request.set_done(move |request| unsafe {
            let error = raw::mcp_request_error(request);
            *words.lock().unwrap() = behaviour::text(raw::mcp_error_message(error));
            own.store(raw::mcp_request_take_result(request, std::ptr::null_mut()), Ordering::SeqCst);
        }).unwrap();
        request.start().unwrap();
        let is_done = || {
            client.dispatch(20).unwrap();
            status.load(Ordering::SeqCst) != 0
        };
        assert!(await_true(SOON, is_done));
        assert_eq!(status.load(Ordering::SeqCst), MCP_E_CONNECT);
        assert!(message.lock().unwrap().as_ref().is_some_and(|words| !words.is_empty()));
    }

    callback_may_free_its_request {
        let slow = SlowServer::new(Some(Duration::from_millis(5)));
        let client = slow.client();
        let freed = Arc::new(AtomicUsize::new(0));
        for _ in 0..50 {
            freed_when_done(&client, &freed);
        }
        let fd = client.fd();
        let start = Instant::now();
        while freed.load(Ordering::SeqCst) < 50 {
            assert!(start.elapsed() < SOON && readable(fd, 60_000), "a loop would sleep for ever");
            client.dispatch(0).unwrap();
        }
        assert!(!readable(fd, 0));
    }

    wait_reports_the_status_and_the_callback_runs_once {
        let slow = SlowServer::new(Some(Duration::from_millis(20)));
        let client = slow.client();
        let request = tool(&client);
        let done = Done::on(&request);
        request.start().unwrap();
        assert_eq!(request.wait(60_000), 0);
        assert_eq!((request.wait(0), done.count()), (0, 1));
        assert!(client.next_done().is_null());
        // It frees the request during the wait.
        let (freed, others) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        freed_when_done(&client, &others);
        let request = ManuallyDrop::new(tool(&client));
        let own = freed.clone();
        request.set_done(move |request| {
            unsafe { raw::mcp_request_free(request) };
            own.fetch_add(1, Ordering::SeqCst);
        }).unwrap();
        request.start().unwrap();
        assert_eq!(request.wait(60_000), 0);
        assert_eq!(freed.load(Ordering::SeqCst), 1);
        // The responses of two connections come in any order.
        let is_other_freed = || {
            client.dispatch(20).unwrap();
            others.load(Ordering::SeqCst) == 1
        };
        assert!(await_true(SOON, is_other_freed));
    }

    expired_wait_leaves_the_request_to_the_callback {
        let gate = Gate::default();
        let slow = SlowServer::behind(&gate);
        let client = slow.client();
        let request = tool(&client);
        let done = Done::on(&request);
        request.start().unwrap();
        assert_eq!(request.wait(5), MCP_PENDING);
        gate.open();
        assert!(readable(client.fd(), 60_000));
        done.await_count(&client, 1);
        assert!(client.next_done().is_null());
    }

    callback_runs_in_any_call_that_waits {
        let slow = SlowServer::new(Some(Duration::from_millis(50)));
        let client = slow.client();
        client.ping().unwrap();
        let request = tool(&client);
        let done = Done::on(&request);
        let thread = Arc::new(Mutex::new(None));
        let other = tool(&client);
        let own = thread.clone();
        other.set_done(move |_| {
            *own.lock().unwrap() = Some(std::thread::current().id());
        }).unwrap();
        request.start().unwrap();
        other.start().unwrap();
        let is_done = || {
            client.call("x", json!({})).unwrap();
            done.count() == 1 && thread.lock().unwrap().is_some()
        };
        assert!(await_true(SOON, is_done));
        assert_eq!(*thread.lock().unwrap(), Some(std::thread::current().id()));
    }

    callback_may_start_its_request_again {
        let slow = SlowServer::new(Some(Duration::from_millis(2)));
        let client = slow.client();
        let request = tool(&client);
        let count = Arc::new(AtomicUsize::new(0));
        let own = count.clone();
        request.set_done(move |request| {
            if own.fetch_add(1, Ordering::SeqCst) < 4 {
                assert_eq!(unsafe { raw::mcp_request_start(request) }, 0);
            }
        }).unwrap();
        request.start().unwrap();
        // The wait is for the end of the last run.
        assert_eq!(request.wait(60_000), 0);
        assert_eq!(count.load(Ordering::SeqCst), 5);
    }

    callback_that_waits_for_others_is_not_nested {
        // Each callback starts another request and waits for it: a hundred of
        // them would overflow a stack on which they were nested.
        let slow = SlowServer::new(Some(Duration::ZERO));
        let client = slow.client();
        client.ping().unwrap();
        #[derive(Default)]
        struct Depth {
            now: AtomicUsize,
            most: AtomicUsize,
            done: AtomicUsize,
        }
        let depth = Arc::new(Depth::default());
        fn begin(client: usize, depth: &Arc<Depth>, left: usize) -> Request {
            let own = ManuallyDrop::new(Client(client as *mut _));
            let request = tool(&own);
            let shared = depth.clone();
            request.set_done(move |_| {
                let now = shared.now.fetch_add(1, Ordering::SeqCst) + 1;
                shared.most.fetch_max(now, Ordering::SeqCst);
                if left > 0 {
                    let next = ManuallyDrop::new(begin(client, &shared, left - 1));
                    assert_eq!(next.wait(60_000), 0, "a wait in a callback reports the end");
                }
                shared.now.fetch_sub(1, Ordering::SeqCst);
                shared.done.fetch_add(1, Ordering::SeqCst);
            }).unwrap();
            request.start().unwrap();
            request
        }
        let first = begin(client.0 as usize, &depth, 100);
        let is_all = || {
            client.dispatch(20).unwrap();
            depth.done.load(Ordering::SeqCst) == 101
        };
        assert!(await_true(SOON, is_all), "{}", depth.done.load(Ordering::SeqCst));
        assert_eq!(depth.most.load(Ordering::SeqCst), 1);
        drop(first);
    }

    callback_does_not_run_inside_another_callback {
        let told = HttpServer::handshake();
        let client = told.client();
        let inner = client.tool_request("echo", json!({})).unwrap();
        let (done, is_inside) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (own, inside) = (done.clone(), is_inside.clone());
        inner.set_done(move |_| {
            assert_eq!(inside.load(Ordering::SeqCst), 0);
            own.fetch_add(1, Ordering::SeqCst);
        }).unwrap();
        let request = client.tool_request("slow", json!({"steps": 2, "pause": 10})).unwrap();
        let (address, is_first) = (inner.0 as usize, AtomicUsize::new(0));
        let (seen, inside) = (done.clone(), is_inside.clone());
        request.set_progress(move |_| {
            if is_first.fetch_add(1, Ordering::SeqCst) == 0 {
                inside.store(1, Ordering::SeqCst);
                let inner = ManuallyDrop::new(Request(address as *mut _));
                inner.start().unwrap();
                assert_eq!(inner.wait(60_000), 0);
                assert_eq!(seen.load(Ordering::SeqCst), 0);
                inside.store(0, Ordering::SeqCst);
            }
        }).unwrap();
        request.perform().unwrap();
        client.dispatch(0).unwrap();
        assert_eq!(done.load(Ordering::SeqCst), 1);
    }

    close_hands_out_to_callbacks_in_a_later_dispatch {
        let slow = SlowServer::new(None);
        let client = slow.client();
        client.ping().unwrap();
        let requests: Vec<Request> = (0..10).map(|_| tool(&client)).collect();
        let all: Vec<Done> = requests.iter().map(Done::on).collect();
        requests.iter().for_each(|request| request.start().unwrap());
        client.close();
        assert!(all.iter().all(|done| done.count() == 0), "close runs no callback");
        assert!(readable(client.fd(), 0));
        client.dispatch(0).unwrap();
        assert!(all.iter().all(|done| done.count() == 1 && done.status() == MCP_E_CLOSED));
        assert_eq!(client.dispatch(0).unwrap_err().status, MCP_E_CLOSED);
        assert!(!readable(client.fd(), 0) && client.next_done().is_null());
    }

    close_wakes_a_dispatch_that_runs_the_callbacks {
        let slow = SlowServer::new(None);
        let client = slow.client();
        client.ping().unwrap();
        let request = tool(&client);
        let done = Done::on(&request);
        request.start().unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| client.dispatch(20_000));
            std::thread::sleep(Duration::from_millis(50));
            client.close();
            waiting.join().unwrap().unwrap();
        });
        assert_eq!((done.count(), done.status()), (1, MCP_E_CLOSED));
    }

    client_free_hands_out_to_callbacks {
        let slow = SlowServer::new(None);
        let client = slow.client();
        client.ping().unwrap();
        let freed = Arc::new(AtomicUsize::new(0));
        for _ in 0..10 {
            freed_when_done(&client, &freed);
        }
        let request = tool(&client);
        let (done, start) = (Done::default(), Arc::new(AtomicI32::new(0)));
        let (own, again) = (done.clone(), start.clone());
        request.set_done(move |request| {
            own.take(request);
            assert!(unsafe { raw::mcp_request_client(request) }.is_null());
            again.store(unsafe { raw::mcp_request_start(request) }, Ordering::SeqCst);
        }).unwrap();
        request.start().unwrap();
        drop(client);
        assert_eq!(freed.load(Ordering::SeqCst), 10);
        assert_eq!((done.count(), done.status()), (1, MCP_E_CLOSED));
        assert_eq!(start.load(Ordering::SeqCst), MCP_E_CLOSED);
        assert_eq!(request.wait(0), MCP_E_CLOSED);
    }

    freed_request_gets_no_callback {
        let slow = SlowServer::new(Some(Duration::from_millis(10)));
        let client = slow.client();
        client.ping().unwrap();
        let kept = Arc::new(());
        let count = Arc::new(AtomicUsize::new(0));
        for pause in [0, 0, 30, 30] {
            let request = tool(&client);
            let (own, held) = (count.clone(), kept.clone());
            request.set_done(move |_| {
                let _ = &held;
                own.fetch_add(1, Ordering::SeqCst);
            }).unwrap();
            request.start().unwrap();
            std::thread::sleep(Duration::from_millis(pause));
            drop(request);
        }
        client.dispatch(50).unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 0);
        let is_released = || {
            client.dispatch(0).unwrap();
            Arc::strong_count(&kept) == 1
        };
        assert!(await_true(SOON, is_released), "user data is released");
    }

    free_waits_for_a_callback_on_another_thread {
        let slow = SlowServer::new(Some(Duration::ZERO));
        let client = slow.client();
        let request = tool(&client);
        let state = Arc::new(AtomicUsize::new(0));
        let own = state.clone();
        request.set_done(move |request| {
            own.store(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(100));
            // Not freed yet.
            assert_eq!(unsafe { raw::mcp_request_status(request) }, 0);
            own.store(2, Ordering::SeqCst);
        }).unwrap();
        request.start().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| while state.load(Ordering::SeqCst) == 0 {
                client.dispatch(20).unwrap();
            });
            assert!(await_true(SOON, || state.load(Ordering::SeqCst) == 1));
            drop(request);
            assert_eq!(state.load(Ordering::SeqCst), 2);
        });
    }

    callback_set_after_the_end_still_hands_out {
        let slow = SlowServer::new(Some(Duration::ZERO));
        let client = slow.client();
        let request = tool(&client);
        request.start().unwrap();
        while request.status() == MCP_PENDING {
            client.dispatch(20).unwrap();
        }
        let done = Done::on(&request);
        assert!(readable(client.fd(), 0) && client.next_done().is_null());
        done.await_count(&client, 1);
        // The other way round: close leaves it to the callback.
        let silent = SlowServer::new(None);
        let other = silent.client();
        let request = tool(&other);
        let done = Done::on(&request);
        request.start().unwrap();
        other.close();
        request.remove_done().unwrap();
        assert_eq!(other.next_done(), request.0);
        assert!(other.next_done().is_null());
        assert_eq!((done.count(), request.status()), (0, MCP_E_CLOSED));
    }

    callback_is_refused_in_flight_and_without_a_request {
        let slow = SlowServer::new(None);
        let client = slow.client();
        let request = tool(&client);
        let kept = Arc::new(());
        request.start().unwrap();
        let held = kept.clone();
        let failure = request.set_done(move |_| { let _ = &held; }).unwrap_err();
        assert_eq!(failure.status, MCP_E_STATE);
        assert_eq!(Arc::strong_count(&kept), 1, "its user data is released");
        let none = ManuallyDrop::new(Request(std::ptr::null_mut()));
        let held = kept.clone();
        let failure = none.set_done(move |_| { let _ = &held; }).unwrap_err();
        assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT);
        assert_eq!(Arc::strong_count(&kept), 1);
        client.set_close_timeout(0).unwrap();
    }

    many_threads_hand_out_each_request_once {
        let slow = SlowServer::new(Some(Duration::ZERO));
        let client = slow.client();
        client.ping().unwrap();
        let counts: Arc<Vec<AtomicUsize>> = Arc::new((0..400).map(|_| AtomicUsize::new(0)).collect());
        let total = Arc::new(AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| while total.load(Ordering::SeqCst) < 400 {
                    client.dispatch(20).unwrap();
                    assert!(client.next_done().is_null());
                });
            }
            for number in 0..400 {
                let request = ManuallyDrop::new(tool(&client));
                let (counts, total) = (counts.clone(), total.clone());
                request.set_done(move |request| {
                    counts[number].fetch_add(1, Ordering::SeqCst);
                    unsafe { raw::mcp_request_free(request) };
                    total.fetch_add(1, Ordering::SeqCst);
                }).unwrap();
                request.start().unwrap();
            }
        });
        assert!(counts.iter().all(|count| count.load(Ordering::SeqCst) == 1));
    }
}
