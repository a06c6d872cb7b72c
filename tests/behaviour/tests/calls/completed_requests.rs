//! Started requests: mcp_client_next_done() returns each once, and no wake-up is
//! lost.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::chaos::children;
use behaviour::constants::*;
use behaviour::slow_server::{hello, tool};
use behaviour::{
    Cancel, Client, HttpServer, Request, SOON, SlowServer, TEST_LIMIT, is_fast, raw, readable,
    tests,
};
use mcp_test_server::http;
use mcp_test_server::{Action, Gate, Server, await_true};
use serde_json::json;

/// The address of a client, for its own handlers.
#[derive(Clone, Copy)]
struct Own(*mut raw::mcp_client);

unsafe impl Send for Own {}
unsafe impl Sync for Own {}

impl Own {
    fn tool(self, name: &str) -> *mut raw::mcp_request {
        let name = behaviour::c(name);
        unsafe {
            raw::mcp_request_new_call_tool(
                self.0,
                name.as_ptr(),
                c"{\"steps\":1000,\"pause\":20}".as_ptr(),
            )
        }
    }
}

/// The address of a request that another thread uses.
struct Handle(*mut raw::mcp_request);

unsafe impl Send for Handle {}
unsafe impl Sync for Handle {}

/// The processor time that this thread has used.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

tests! {
    descriptor_stays_readable_while_another_thread_is_in_a_call {
        let slow = SlowServer::new(Some(Duration::from_millis(30)));
        let client = slow.client();
        client.ping().unwrap();
        let (fd, is_over) = (client.fd(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            // It attends while it waits, and takes what comes.
            for _ in 0..2 {
                scope.spawn(|| while !is_over.load(Ordering::SeqCst) {
                    client.call("x", json!({})).unwrap();
                });
            }
            for _ in 0..30 {
                let request = tool(&client);
                request.start().unwrap();
                // Any wake-up may be for something else: the loop goes round.
                let start = Instant::now();
                loop {
                    assert!(start.elapsed() < SOON);
                    assert!(readable(fd, 60_000), "a loop would sleep for ever");
                    client.dispatch(0).unwrap();
                    let done = client.next_done();
                    if !done.is_null() {
                        assert_eq!(done, request.0);
                        break;
                    }
                }
            }
            is_over.store(true, Ordering::SeqCst);
        });
        assert!(!readable(fd, 0));
    }

    dispatch_returns_at_once_while_a_request_is_done {
        let slow = SlowServer::new(Some(Duration::ZERO));
        let client = slow.client();
        let request = tool(&client);
        request.start().unwrap();
        while request.status() == MCP_PENDING {
            client.dispatch(100).unwrap();
        }
        // A wait would be longer than the test may take.
        client.dispatch(1_000_000).unwrap();
        assert!(readable(client.fd(), 0));
        assert_eq!(client.next_done(), request.0);
        assert!(!readable(client.fd(), 0));
        let start = Instant::now();
        client.dispatch(100).unwrap();
        assert!(start.elapsed() >= Duration::from_millis(90));
    }

    call_does_not_spin_while_a_request_is_done {
        let slow = SlowServer::new(Some(Duration::from_millis(500)));
        let client = slow.client();
        let request = client.request("ping", None).unwrap();
        request.start().unwrap();
        while request.status() == MCP_PENDING {
            client.dispatch(100).unwrap();
        }
        let before = cpu_time();
        client.call("x", json!({})).unwrap();
        assert!(cpu_time() - before < Duration::from_millis(200), "{:?}", cpu_time() - before);
        assert_eq!(client.next_done(), request.0);
    }

    waited_for_request_is_not_returned_by_next_done {
        let slow = SlowServer::new(Some(Duration::from_millis(20)));
        let client = slow.client();
        for _ in 0..5 {
            let (waited, other) = (tool(&client), tool(&client));
            waited.start().unwrap();
            other.start().unwrap();
            assert_eq!(waited.wait(60_000), 0);
            assert_eq!(waited.wait(0), 0, "its status stays");
            while other.status() == MCP_PENDING {
                client.dispatch(100).unwrap();
            }
            assert_eq!(client.next_done(), other.0);
            assert!(client.next_done().is_null());
            // Done, seen by a loop, and waited for before it is asked for.
            waited.start().unwrap();
            while waited.status() == MCP_PENDING {
                client.dispatch(100).unwrap();
            }
            assert_eq!(waited.wait(0), 0);
            assert!(client.next_done().is_null() && !readable(client.fd(), 0));
        }
    }

    expired_wait_leaves_the_request_to_next_done {
        let gate = Gate::default();
        let slow = SlowServer::behind(&gate);
        let client = slow.client();
        let request = tool(&client);
        request.start().unwrap();
        assert_eq!(request.wait(5), MCP_PENDING);
        gate.open();
        assert!(readable(client.fd(), 60_000));
        let is_done = || {
            client.dispatch(10).unwrap();
            client.next_done() == request.0
        };
        assert!(await_true(SOON, is_done));
        assert!(client.next_done().is_null());
    }

    close_completes_requests_in_flight {
        let slow = SlowServer::new(None);
        let client = slow.client();
        client.ping().unwrap();
        let requests: Vec<Request> = (0..10).map(|_| tool(&client)).collect();
        requests.iter().for_each(|request| request.start().unwrap());
        let finished = client.request("ping", None).unwrap();
        finished.start().unwrap();
        assert!(readable(client.fd(), 60_000), "its response has arrived");
        client.close();
        assert!(readable(client.fd(), 0));
        let mut closed = 0;
        // A loop as programs have it.
        while client.dispatch(1000).is_ok() {
            let mut is_any = false;
            loop {
                let done = client.next_done();
                if done.is_null() {
                    break;
                }
                is_any = true;
                let status = unsafe { raw::mcp_request_status(done) };
                if done == finished.0 {
                    assert_eq!(status, 0, "it ended before the close");
                } else {
                    assert_eq!(status, MCP_E_CLOSED);
                    closed += 1;
                }
            }
            assert!(is_any);
        }
        assert_eq!(closed, 10);
        assert_eq!(client.dispatch(0).unwrap_err().status, MCP_E_CLOSED);
        assert!(!readable(client.fd(), 0));
        assert_eq!(requests[0].start().unwrap_err().status, MCP_E_CLOSED);
    }

    close_wakes_a_waiting_event_loop {
        let slow = SlowServer::new(None);
        let client = slow.client();
        client.ping().unwrap();
        let request = tool(&client);
        request.start().unwrap();
        std::thread::scope(|scope| {
            let waiting =
                scope.spawn(|| (client.dispatch(20_000), !client.next_done().is_null()));
            std::thread::sleep(Duration::from_millis(100));
            client.close();
            let (outcome, is_it) = waiting.join().unwrap();
            outcome.unwrap();
            assert!(is_it);
        });
        assert_eq!(request.wait(0), MCP_E_CLOSED);
    }

    started_request_refuses_new_options {
        let slow = SlowServer::new(None);
        let client = slow.client();
        let (request, cancel) = (tool(&client), Cancel::new());
        request.start().unwrap();
        let set = [
            unsafe { raw::mcp_request_set_timeout(request.0, 10) },
            unsafe { raw::mcp_request_set_cancel(request.0, cancel.0) },
        ];
        assert_eq!(set, [MCP_E_STATE; 2]);
        for outcome in [
            request.set_deadline(10),
            request.set_meta(json!({"a": 1})),
            request.set_repeatable(true),
        ] {
            assert_eq!(outcome.unwrap_err().status, MCP_E_STATE);
        }
        client.close();
        assert_eq!(request.wait(0), MCP_E_CLOSED);
        // There can be no other flight.
        assert_eq!(unsafe { raw::mcp_request_set_timeout(request.0, 10) }, MCP_E_STATE);
    }

    started_requests_beyond_the_limit_wait_in_order {
        let slow = SlowServer::new(Some(Duration::from_millis(20)));
        let client = slow.client();
        client.set_limit(MCP_LIMIT_CONNECTIONS, 3).unwrap();
        client.ping().unwrap();
        let requests: Vec<Request> = (0..30).map(|_| tool(&client)).collect();
        requests.iter().for_each(|request| request.start().unwrap());
        // One that is given up makes room for the next.
        let given_up = tool(&client);
        given_up.set_timeout(1);
        given_up.start().unwrap();
        let mut order = Vec::new();
        while order.len() < 31 {
            client.dispatch(1000).unwrap();
            loop {
                let done = client.next_done();
                if done.is_null() {
                    break;
                }
                order.push(done);
            }
        }
        assert!(slow.most.load(Ordering::SeqCst) <= 3);
        assert_eq!(given_up.status(), MCP_E_TIMEOUT);
        let last = requests.last().unwrap().0;
        assert!(order.iter().position(|one| *one == last).unwrap() >= 28, "the last began last");
        for value in [0, -1] {
            let refused = client.set_limit(MCP_LIMIT_CONNECTIONS, value).unwrap_err();
            assert_eq!(refused.status, MCP_E_INVALID_ARGUMENT);
        }
        assert_eq!(client.set_limit(99, 1).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
    }

    cancel_ends_started_and_blocking_calls_also_from_a_signal_handler {
        static FIRED: std::sync::atomic::AtomicPtr<raw::mcp_cancel> =
            std::sync::atomic::AtomicPtr::new(std::ptr::null_mut());
        extern "C" fn fire(_: i32) {
            unsafe { raw::mcp_cancel_fire(FIRED.load(Ordering::SeqCst)) };
        }
        let slow = SlowServer::new(None);
        let client = slow.client();
        client.ping().unwrap();
        unsafe { libc::signal(libc::SIGUSR1, fire as *const () as usize) };
        for _ in 0..3 {
            let cancel = Cancel::new();
            FIRED.store(cancel.0, Ordering::SeqCst);
            let (started, blocking) = (tool(&client), tool(&client));
            started.set_cancel(&cancel);
            blocking.set_cancel(&cancel);
            started.start().unwrap();
            std::thread::scope(|scope| {
                let call = scope.spawn(|| blocking.perform().map(drop).unwrap_err().status);
                std::thread::sleep(Duration::from_millis(100));
                unsafe { libc::raise(libc::SIGUSR1) };
                assert_eq!(call.join().unwrap(), MCP_E_CANCELLED);
            });
            assert_eq!(started.wait(60_000), MCP_E_CANCELLED);
        }
        client.set_close_timeout(0).unwrap();
    }

    client_of_a_hung_server_is_freed_within_its_close_timeout {
        // It takes connections after the first answers, and says nothing.
        let is_hung = Arc::new(AtomicBool::new(false));
        let flag = is_hung.clone();
        let server = Server::start(move |request| {
            if flag.load(Ordering::SeqCst) {
                return vec![Action::Hang];
            }
            if request.rpc_method() == "initialize" {
                let body = json!({"jsonrpc": "2.0", "id": request.id(), "result": hello()});
                let headers = [("mcp-session-id", "s"), ("content-type", "application/json")];
                return vec![Action::Send(http::reply(200, &headers, body.to_string().as_bytes()))];
            }
            vec![Action::Send(http::result(request, hello()))]
        });
        // The last is the default, which is 500 ms.
        for (timeout, least, most) in [(0, 0, 90), (100, 100, 400), (-1, 500, 2000)] {
            let freed = || {
                is_hung.store(false, Ordering::SeqCst);
                let client = Client::new(&server.url("/mcp"), None).unwrap();
                client.pin("2025-11-25").unwrap();
                client.ping().unwrap();
                if timeout >= 0 {
                    client.set_close_timeout(timeout).unwrap();
                }
                is_hung.store(true, Ordering::SeqCst);
                let start = Instant::now();
                drop(client);
                assert!(start.elapsed() >= Duration::from_millis(least), "{:?}", start.elapsed());
                start.elapsed()
            };
            is_fast(Duration::from_millis(most), freed).unwrap();
        }
        let client = Client::of("http://127.0.0.1:9/");
        assert_eq!(client.set_close_timeout(-1).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
    }

    hung_process_is_killed_within_the_close_timeout {
        // The default is 7 s. The process is killed after two thirds of the timeout.
        for (timeout, least, most) in [(0, 0, 250), (300, 200, 3000)] {
            let script = "trap '' TERM; while read -r line; do \
                id=$(printf %s \"$line\" | sed 's/.*\"id\":\\([0-9]*\\).*/\\1/'); \
                echo '{\"jsonrpc\":\"2.0\",\"id\":'$id',\"result\":{\"protocolVersion\":\
                \"2025-11-25\",\"capabilities\":{},\"serverInfo\":{\"name\":\"s\",\
                \"version\":\"1\"}}}'; done; sleep 60; sleep 60";
            let freed = || {
                let client = Client::stdio(&["/bin/sh", "-c", script]);
                client.pin("2025-11-25").unwrap();
                client.ping().unwrap();
                client.set_close_timeout(timeout).unwrap();
                let start = Instant::now();
                drop(client);
                assert!(start.elapsed() >= Duration::from_millis(least), "{:?}", start.elapsed());
                start.elapsed()
            };
            is_fast(Duration::from_millis(most), freed).unwrap();
            assert!(await_true(SOON, || children().is_empty()), "{:?}", children());
        }
    }

    list_is_limited_in_bytes {
        let (pages, count) = (Arc::new(AtomicUsize::new(0)), "x".repeat(1 << 20));
        let given = pages.clone();
        let server = Server::start(move |request| {
            if request.rpc_method() != "tools/list" {
                return vec![Action::Send(http::result(request, hello()))];
            }
            let number = given.fetch_add(1, Ordering::SeqCst);
            let page = json!({"tools": [{"name": "a", "description": count}],
                "nextCursor": number.to_string()});
            vec![Action::Send(http::result(request, page))]
        });
        let client = Client::new(&server.url("/mcp"), None).unwrap();
        client.pin("2025-11-25").unwrap();
        client.set_limit(MCP_LIMIT_MESSAGE_SIZE, 8 << 20).unwrap();
        let failure = client.list_tools().unwrap_err();
        assert_eq!(failure.status, MCP_E_TOO_LARGE, "{}", failure.message);
        assert!(failure.message.contains("8388608 bytes"), "{}", failure.message);
        assert!(pages.load(Ordering::SeqCst) <= 9);
    }

    user_data_is_freed_on_application_threads_without_a_lock {
        struct Kept(Arc<Mutex<Vec<Option<String>>>>, Option<Request>);
        impl Drop for Kept {
            fn drop(&mut self) {
                let name = std::thread::current().name().map(str::to_owned);
                self.0.lock().unwrap().push(name);
                // Calls of the library, which a lock would keep waiting.
                drop(self.1.take());
            }
        }
        let slow = SlowServer::new(None);
        let client = slow.client();
        client.ping().unwrap();
        let released = Arc::new(Mutex::new(Vec::new()));
        let count = 200;
        for number in 0..count {
            let other = tool(&client);
            other.start().unwrap();
            let kept = Kept(released.clone(), Some(other));
            let request = tool(&client);
            request.set_progress(move |_| { let _ = &kept; }).unwrap();
            let kept = Kept(released.clone(), None);
            client.set_event_handler(move |_| { let _ = &kept; }).unwrap();
            request.start().unwrap();
            if number % 3 == 0 {
                std::thread::yield_now();
            }
            drop(request);
        }
        client.set_close_timeout(2000).unwrap();
        client.take_event_handler().unwrap();
        client.close();
        let is_all = || {
            let _ = client.dispatch(0);
            released.lock().unwrap().len() == 2 * count
        };
        assert!(await_true(SOON, is_all), "{}", released.lock().unwrap().len());
        let released = released.lock().unwrap();
        assert!(released.iter().flatten().all(|name| !name.starts_with("mcp-")), "{released:?}");
    }

    close_waits_for_no_callback_and_ends_its_calls {
        // The callback makes a call that nobody answers.
        let told = HttpServer::handshake();
        let client = told.client();
        let own = Own(client.0);
        let (begun, status) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(None)));
        let request = client.tool_request("slow", json!({"steps": 1000, "pause": 20})).unwrap();
        let (flag, seen) = (begun.clone(), status.clone());
        request.set_progress(move |_| {
            let own = own;
            if !flag.swap(true, Ordering::SeqCst) {
                let inner = own.tool("hang");
                *seen.lock().unwrap() = Some(unsafe { raw::mcp_request_perform(inner, std::ptr::null_mut()) });
                unsafe { raw::mcp_request_free(inner) };
            }
        }).unwrap();
        request.start().unwrap();
        client.set_close_timeout(0).unwrap();
        client.set_timeout(1_000_000);
        std::thread::scope(|scope| {
            scope.spawn(|| while status.lock().unwrap().is_none() {
                let _ = client.dispatch(50);
            });
            assert!(await_true(SOON, || begun.load(Ordering::SeqCst)));
            // A wait for the callback would have no end.
            client.close();
        });
        assert_eq!(*status.lock().unwrap(), Some(MCP_E_CLOSED));
        assert_eq!(request.wait(60_000), MCP_E_CLOSED);
    }

    call_waits_for_no_callback_on_another_thread {
        let told = HttpServer::handshake();
        let client = told.client();
        let (begun, leave) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let request = client.tool_request("slow", json!({"steps": 3, "pause": 20})).unwrap();
        let (flag, go) = (begun.clone(), leave.clone());
        request.set_progress(move |_| {
            // Later messages may be delivered on any thread.
            if !flag.swap(true, Ordering::SeqCst) {
                await_true(TEST_LIMIT, || go.load(Ordering::SeqCst));
            }
        }).unwrap();
        request.start().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| while !leave.load(Ordering::SeqCst) {
                client.dispatch(50).unwrap();
            });
            assert!(await_true(SOON, || begun.load(Ordering::SeqCst)));
            // The request ends meanwhile, and this thread takes its end.
            std::thread::sleep(Duration::from_millis(300));
            client.dispatch(0).unwrap();
            client.ping().unwrap();
            assert_eq!(request.status(), MCP_PENDING, "its callback still runs");
            leave.store(true, Ordering::SeqCst);
        });
        assert_eq!(request.wait(60_000), 0);
    }

    callbacks_may_free_each_others_requests {
        let told = HttpServer::handshake();
        let client = told.client();
        let requests: Vec<*mut raw::mcp_request> =
            (0..2).map(|_| {
                let request = client.tool_request("slow", json!({"steps": 500, "pause": 10})).unwrap();
                std::mem::ManuallyDrop::new(request).0
            }).collect();
        let inside = Arc::new(AtomicUsize::new(0));
        for (one, other) in [(0, 1), (1, 0)] {
            let (inside, other) = (inside.clone(), Handle(requests[other]));
            let is_first = AtomicBool::new(true);
            let request = std::mem::ManuallyDrop::new(Request(requests[one]));
            request.set_progress(move |_| {
                let other = &other;
                if is_first.swap(false, Ordering::SeqCst) {
                    inside.fetch_add(1, Ordering::SeqCst);
                    await_true(SOON, || inside.load(Ordering::SeqCst) >= 2);
                    unsafe { raw::mcp_request_free(other.0) };
                    inside.fetch_add(10, Ordering::SeqCst);
                }
            }).unwrap();
            request.start().unwrap();
        }
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| while inside.load(Ordering::SeqCst) < 22 {
                    client.dispatch(50).unwrap();
                });
            }
        });
        client.set_close_timeout(0).unwrap();
    }

    event_loop_may_free_a_request_before_its_start_returns {
        let client = Client::of("http://127.0.0.1:9/");
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let freed = scope.spawn(|| {
                let mut freed = 0;
                while !is_over.load(Ordering::SeqCst) || freed < 2000 {
                    client.dispatch(20).unwrap();
                    loop {
                        let done = client.next_done();
                        if done.is_null() {
                            break;
                        }
                        unsafe { raw::mcp_request_free(done) };
                        freed += 1;
                    }
                }
                freed
            });
            for _ in 0..2000 {
                let request = std::mem::ManuallyDrop::new(client.request("ping", None).unwrap());
                request.start().unwrap();
            }
            is_over.store(true, Ordering::SeqCst);
            assert_eq!(freed.join().unwrap(), 2000);
        });
    }

    cancel_ends_running_calls_and_later_ones {
        let slow = SlowServer::new(None);
        let client = slow.client();
        client.ping().unwrap();
        let cancel = Cancel::new();
        let started: Vec<Request> = (0..20).map(|_| tool(&client)).collect();
        for request in &started {
            request.set_cancel(&cancel);
            request.start().unwrap();
        }
        let blocking: Vec<Request> = (0..4).map(|_| tool(&client)).collect();
        blocking.iter().for_each(|request| request.set_cancel(&cancel));
        std::thread::scope(|scope| {
            let calls: Vec<_> = blocking.iter().map(|request| {
                let request = Handle(request.0);
                scope.spawn(move || {
                    let request = &request;
                    unsafe { raw::mcp_request_perform(request.0, std::ptr::null_mut()) }
                })
            }).collect();
            std::thread::sleep(Duration::from_millis(200));
            cancel.fire();
            let later = tool(&client);
            later.set_cancel(&cancel);
            assert_eq!(later.perform().map(drop).unwrap_err().status, MCP_E_CANCELLED);
            let other = Cancel::new();
            later.set_cancel(&other);
            later.set_timeout(100);
            assert_eq!(later.perform().map(drop).unwrap_err().status, MCP_E_TIMEOUT);
            for call in calls {
                assert_eq!(call.join().unwrap(), MCP_E_CANCELLED);
            }
        });
        assert!(started.iter().all(|request| request.wait(60_000) == MCP_E_CANCELLED));
        client.set_close_timeout(0).unwrap();
    }

    request_uses_the_options_set_at_its_start {
        let slow = SlowServer::new(Some(Duration::from_millis(50)));
        let client = slow.client();
        client.ping().unwrap();
        client.set_limit(MCP_LIMIT_CONNECTIONS, 1).unwrap();
        let requests: Vec<Request> = (0..10).map(|_| tool(&client)).collect();
        requests.iter().for_each(|request| request.start().unwrap());
        client.set_timeout(1);
        assert!(requests.iter().all(|request| request.wait(60_000) == 0));
    }
}
