//! What has a blocking function can be started as well, over each transport.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::chaos::Process;
use behaviour::constants::*;
use behaviour::tasks::TOOL;
use behaviour::{Cancel, Client, HttpServer, Outcome, Request, SOON, tasks, tests};
use mcp_test_server::{Action, Server, await_true};
use serde_json::json;

use crate::same_over_each_transport::{address, by_stdio};

/// Starts a request and dispatches until the client hands it out.
fn run(client: &Client, request: Outcome<Request>) -> Request {
    let request = request.unwrap();
    request.start().unwrap();
    until_handed_out(client, &request);
    request
}

fn until_handed_out(client: &Client, request: &Request) {
    let start = Instant::now();
    loop {
        client.dispatch(20).unwrap();
        let done = client.next_done();
        if done == request.0 {
            break;
        }
        assert!(done.is_null(), "another request");
        assert!(start.elapsed() < SOON, "it is not done");
    }
    assert!(client.next_done().is_null(), "each once");
}

fn clients(server: &Process) -> [(&'static str, Client); 5] {
    [
        ("handshake", address(server, "/tasks-handshake/mcp")),
        ("stateless", address(server, "/tasks-stateless/mcp")),
        ("sse", address(server, "/tasks-sse/sse")),
        ("stdio", by_stdio("2025-11-25")),
        ("stateless stdio", by_stdio("stateless")),
    ]
}

/// A request of each kind.
fn all(client: &Client, task_id: &str) -> Vec<Outcome<Request>> {
    let mut all = vec![client.connect_request(), client.task_result_request(task_id)];
    all.extend(without_result(client));
    all.extend([client.sign_in_request(), client.sign_out_request(), client.close_request()]);
    all
}

/// Those that any server takes, and that have no result.
fn without_result(client: &Client) -> Vec<Outcome<Request>> {
    vec![
        client.listen_request(MCP_EVENT_TOOLS_CHANGED),
        client.subscribe_request("test://text"),
        client.unsubscribe_request("test://text"),
        client.listen_request(0),
        client.set_log_level_request(MCP_LOG_ERROR),
        client.notify_request("notifications/x", None),
    ]
}

/// How often the functions for a loop made this thread wait.
fn waits_of_a_loop(client: &Client) -> i64 {
    let mut waits = 0;
    let mut step = |call: &mut dyn FnMut()| {
        let before = voluntary_switches();
        call();
        waits += voluntary_switches() - before;
    };
    let mut requests = Vec::new();
    step(&mut || {
        requests.push(client.connect_request());
        requests.extend(without_result(client));
        requests.push(client.close_request());
    });
    for request in requests {
        let request = request.unwrap();
        step(&mut || request.start().unwrap());
        let start = Instant::now();
        while request.status() == MCP_PENDING {
            assert!(start.elapsed() < SOON);
            std::thread::sleep(Duration::from_millis(1));
            step(&mut || client.dispatch(0).unwrap());
        }
        step(&mut || assert_eq!(client.next_done(), request.0));
        assert_eq!(request.status(), MCP_OK, "{}", request.method());
        step(&mut || unsafe {
            let out = std::ptr::null_mut();
            assert_eq!(behaviour::raw::mcp_request_take_result(request.0, out), MCP_OK);
        });
        let mut request = Some(request);
        step(&mut || drop(request.take()));
    }
    waits
}

fn voluntary_switches() -> i64 {
    let mut usage = unsafe { std::mem::zeroed::<libc::rusage>() };
    assert_eq!(unsafe { libc::getrusage(libc::RUSAGE_THREAD, &mut usage) }, 0);
    usage.ru_nvcsw
}

fn count(heard: &Mutex<Vec<i32>>, kind: i32) -> usize {
    heard.lock().unwrap().iter().filter(|one| **one == kind).count()
}

fn awaits(client: &Client, heard: &Mutex<Vec<i32>>, kind: i32) {
    let start = Instant::now();
    while count(heard, kind) == 0 {
        assert!(start.elapsed() < SOON, "{kind}: {:?}", heard.lock().unwrap());
        client.dispatch(20).unwrap();
    }
    heard.lock().unwrap().clear();
}

tests! {
    everything_is_started_over_each_transport {
        let server = Process::start();
        for (name, client) in clients(&server) {
            let heard: Arc<Mutex<Vec<i32>>> = Arc::default();
            let theirs = heard.clone();
            client.set_event_handler(move |event| theirs.lock().unwrap().push(event.kind)).unwrap();
            client.set_tasks(true);

            let connect = run(&client, client.connect_request());
            let info = connect.take_result().unwrap();
            assert_eq!(info.server_name(), client.connect().unwrap().server_name(), "{name}");

            let kinds = MCP_EVENT_TOOLS_CHANGED;
            run(&client, client.listen_request(kinds)).take_no_result().unwrap();
            let changed = "notifications/tools/list_changed";
            client.call("push", json!({"method": changed, "params": {}})).unwrap();
            awaits(&client, &heard, MCP_EVENT_TOOLS_CHANGED);

            run(&client, client.subscribe_request("test://text")).take_no_result().unwrap();
            let updated = "notifications/resources/updated";
            let push = json!({"method": updated, "params": {"uri": "test://text"}});
            client.call("push", push).unwrap();
            awaits(&client, &heard, MCP_EVENT_RESOURCE_UPDATED);
            run(&client, client.unsubscribe_request("test://text")).take_no_result().unwrap();
            run(&client, client.listen_request(0)).take_no_result().unwrap();

            let level = client.set_log_level_request(MCP_LOG_WARNING);
            run(&client, level).take_no_result().unwrap();
            client.call("log", json!({})).unwrap();
            awaits(&client, &heard, MCP_EVENT_LOG);

            let notification = client.notify_request("notifications/x", Some(json!({"a": 1})));
            run(&client, notification).take_no_result().unwrap();

            let begins = client.tool_request(TOOL, json!({"for": 60, "interval": 20})).unwrap();
            begins.set_task(0).unwrap();
            let id = begins.perform().unwrap().task_id().unwrap();
            // The server does not want to be asked before the interval.
            std::thread::sleep(Duration::from_millis(30));
            let task = run(&client, client.task_result_request(&id));
            task.take_result().unwrap();

            let violations = client.call("violations", json!({})).unwrap();
            assert_eq!(violations.text(), "[]", "{name}");
            run(&client, client.close_request()).take_no_result().unwrap();
            assert_eq!(client.dispatch(0).unwrap_err().status, MCP_E_CLOSED);
            assert_eq!(client.ping().unwrap_err().status, MCP_E_CLOSED, "{name}");
        }
    }

    each_is_performed_as_well {
        for served in [tasks::stateless(), tasks::handshake()] {
            let client = served.client();
            client.set_tasks(true);
            let info = client.connect_request().unwrap().perform().unwrap();
            assert_eq!(info.server_name(), client.connect().unwrap().server_name());
            let id = tasks::begun(&client, json!({"for": 0}));
            client.task_result_request(&id).unwrap().perform().unwrap();
            for request in without_result(&client) {
                request.unwrap().perform_without_result().unwrap();
            }
            let notification = client.notify_request("notifications/x", None).unwrap();
            notification.set_meta(json!({"a/b": 1})).unwrap();
            notification.perform_without_result().unwrap();
            let sent = served.log().of("notifications/x").pop().unwrap();
            assert_eq!(sent.json()["params"]["_meta"]["a/b"], 1);
            let close = client.close_request().unwrap();
            close.perform_without_result().unwrap();
            assert_eq!(client.ping().unwrap_err().status, MCP_E_CLOSED);
            close.perform_without_result().unwrap();
            served.has_no_complaint();
        }
    }

    no_step_of_a_loop_waits {
        // In one of many attempts, no step has met a lock of another thread.
        for served in [HttpServer::stateless(), HttpServer::handshake()] {
            assert!((0..50).any(|_| waits_of_a_loop(&served.client()) == 0));
            served.has_no_complaint();
        }
        assert!((0..50).any(|_| waits_of_a_loop(&by_stdio("2025-11-25")) == 0));
    }

    option_of_a_call_is_refused_elsewhere {
        let served = HttpServer::stateless();
        let client = served.client();
        for request in all(&client, "task") {
            let request = request.unwrap();
            let method = request.method();
            let refused = |outcome: Outcome<()>| {
                let failure = outcome.unwrap_err();
                assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT, "{method}");
                failure.message
            };
            let message = refused(request.set_progress(|_| ()));
            assert!(message.contains(&method), "{method}: {message}");
            refused(request.set_all_pages(true));
            refused(request.set_repeatable(true));
            refused(request.set_task(0));
            if method != "notifications/x" {
                refused(request.set_meta(json!({"a": 1})));
            }
            // What all have.
            request.set_timeout(1000);
            request.set_deadline(1000).unwrap();
            request.set_cancel(&Cancel::new());
            request.set_all_pages(false).unwrap();
            request.set_task(-1).unwrap();
            assert_eq!(request.status(), MCP_E_STATE);
        }
        assert_eq!(served.log().count(), 0);
    }

    wrong_argument_is_refused_before_anything_is_sent {
        let served = HttpServer::stateless();
        let client = served.client();
        for request in [
            client.listen_request(1 << 30),
            client.listen_request(-1),
            client.set_log_level_request(8),
            client.set_log_level_request(-1),
            client.notify_request("", None),
            client.notify_request("notifications/x", Some(json!([]))),
            client.task_result_request(""),
        ] {
            assert_eq!(request.err().unwrap().status, MCP_E_INVALID_ARGUMENT);
        }
        assert_eq!(served.log().count(), 0);
    }

    none_is_started_twice_at_once_and_each_is_started_again {
        let server = Server::start(|_| vec![Action::Hang]);
        let client = Client::of(&server.url("/mcp"));
        for request in all(&client, "task") {
            let request = request.unwrap();
            let method = request.method();
            if method == "close" {
                continue;
            }
            request.start().unwrap();
            if request.status() == MCP_PENDING {
                assert_eq!(request.start().unwrap_err().status, MCP_E_STATE, "{method}");
                assert_eq!(request.perform().unwrap_err().status, MCP_E_STATE, "{method}");
                // A sign-in without an authorization has failed already.
                let _ = request.cancel();
            }
            assert_ne!(request.wait(60_000), MCP_PENDING, "{method}");
        }
        let served = HttpServer::handshake();
        let client = served.client();
        for _ in 0..2 {
            for request in without_result(&client) {
                let request = run(&client, request);
                request.take_no_result().unwrap();
                assert_eq!(request.take_no_result().unwrap_err().status, MCP_E_NOT_FOUND);
                request.start().unwrap();
                until_handed_out(&client, &request);
                request.take_no_result().unwrap();
            }
        }
        served.has_no_complaint();
    }

    each_ends_by_its_timeout_its_deadline_its_cancel_and_mcp_request_cancel {
        // Of the client's own: sign-in is in the tests of authorizations.
        let server = Server::start(|_| vec![Action::Hang]);
        let client = Client::of(&server.url("/mcp"));
        for request in all(&client, "task") {
            let request = request.unwrap();
            let method = request.method();
            if ["close", "sign in", "sign out"].contains(&&*method) {
                continue;
            }
            request.set_timeout(50);
            request.start().unwrap();
            assert_eq!(request.wait(60_000), MCP_E_TIMEOUT, "{method}");
            let failure = request.take_no_result().unwrap_err();
            assert!(failure.message.starts_with(&format!("{method}: ")), "{}", failure.message);
            request.set_timeout(60_000);
            request.set_deadline(60_000).unwrap();
            let cancel = Cancel::new();
            request.set_cancel(&cancel);
            request.start().unwrap();
            assert_eq!(request.wait(20), MCP_PENDING);
            cancel.fire();
            assert_eq!(request.wait(60_000), MCP_E_CANCELLED, "{method}");
            request.set_cancel(&Cancel::new());
            request.start().unwrap();
            assert_eq!(request.wait(20), MCP_PENDING);
            request.cancel().unwrap();
            assert_eq!(request.wait(60_000), MCP_E_CANCELLED, "{method}");
        }
    }

    freed_in_flight_in_any_order {
        for frees_client_first in [false, true] {
            let server = Server::start(|_| vec![Action::Hang]);
            let client = Client::of(&server.url("/mcp"));
            client.set_close_timeout(100).unwrap();
            // A wait for a response would be longer than the test may take.
            client.set_timeout(1_000_000);
            let requests: Vec<Request> = all(&client, "task")
                .into_iter()
                .flatten()
                .filter(|request| request.start().is_ok())
                .collect();
            assert!(requests.len() >= 8, "{}", requests.len());
            if frees_client_first {
                drop(client);
                for request in requests {
                    assert_ne!(request.status(), MCP_PENDING);
                    assert_eq!(request.start().is_ok(), request.method() == "close");
                }
            } else {
                drop(requests);
                drop(client);
            }
        }
    }

    two_connects_at_once_negotiate_once {
        for served in [HttpServer::stateless(), HttpServer::handshake()] {
            let client = served.client();
            let requests: Vec<Request> =
                (0..4).map(|_| client.connect_request().unwrap()).collect();
            requests.iter().for_each(|request| request.start().unwrap());
            client.connect().unwrap();
            for request in &requests {
                assert_eq!(request.wait(60_000), MCP_OK);
                assert!(request.take_result().unwrap().server_name().is_some());
            }
            let expected = if served.is_stateless() { (1, 0) } else { (1, 1) };
            let sent = (served.count("server/discover"), served.count("initialize"));
            assert_eq!(sent, expected);
            served.has_no_complaint();
        }
    }

    last_of_several_listens_counts {
        for served in [HttpServer::stateless(), HttpServer::handshake()] {
            let client = served.client();
            let kinds = [
                MCP_EVENT_TOOLS_CHANGED,
                MCP_EVENT_RESOURCES_CHANGED,
                MCP_EVENT_TOOLS_CHANGED | MCP_EVENT_RESOURCES_CHANGED,
            ];
            let requests: Vec<Request> =
                kinds.map(|kinds| client.listen_request(kinds).unwrap()).into();
            requests.iter().for_each(|request| request.start().unwrap());
            for request in &requests {
                assert_ne!(request.wait(60_000), MCP_PENDING);
                request.take_no_result().unwrap();
            }
            let heard: Arc<Mutex<Vec<i32>>> = Arc::default();
            let theirs = heard.clone();
            client.set_event_handler(move |event| theirs.lock().unwrap().push(event.kind)).unwrap();
            for (method, kind) in [
                ("notifications/tools/list_changed", MCP_EVENT_TOOLS_CHANGED),
                ("notifications/resources/list_changed", MCP_EVENT_RESOURCES_CHANGED),
            ] {
                client.call("push", json!({"method": method, "params": {}})).unwrap();
                awaits(&client, &heard, kind);
            }
            run(&client, client.listen_request(0)).take_no_result().unwrap();
            served.has_no_complaint();
        }
    }

    listen_to_nothing_closes_a_stream_that_is_being_opened {
        for served in [HttpServer::stateless(), HttpServer::handshake()] {
            let client = served.client();
            client.connect().unwrap();
            for _ in 0..3 {
                let requests = [MCP_EVENT_TOOLS_CHANGED, 0]
                    .map(|kinds| client.listen_request(kinds).unwrap());
                requests.iter().for_each(|request| request.start().unwrap());
                for request in &requests {
                    assert_eq!(request.wait(60_000), MCP_OK);
                }
            }
            let (method, stream) = match served.is_stateless() {
                true => ("subscriptions/listen", None),
                false => ("", Some("GET")),
            };
            let opened = served.log().that(|one| match stream {
                Some(verb) => one.method == verb,
                None => one.rpc_method() == method,
            });
            for request in opened {
                assert!(served.log().await_closed(request.connection, SOON));
            }
            served.has_no_complaint();
        }
    }

    failed_listen_leaves_the_earlier_one {
        let served = HttpServer::stateless();
        let client = served.client();
        let heard: Arc<Mutex<Vec<i32>>> = Arc::default();
        let theirs = heard.clone();
        client.set_event_handler(move |event| theirs.lock().unwrap().push(event.kind)).unwrap();
        run(&client, client.listen_request(MCP_EVENT_TOOLS_CHANGED)).take_no_result().unwrap();
        let late = client.listen_request(MCP_EVENT_RESOURCES_CHANGED).unwrap();
        late.start().unwrap();
        let cancelled = late.cancel().is_ok();
        until_handed_out(&client, &late);
        assert_eq!(late.status() == MCP_E_CANCELLED, cancelled);
        if cancelled {
            let push = json!({"method": "notifications/tools/list_changed", "params": {}});
            // A stream that was opened again reports it, and misses what came before.
            let is_heard = || {
                client.call("push", push.clone()).unwrap();
                client.dispatch(20).unwrap();
                count(&heard, MCP_EVENT_TOOLS_CHANGED) > 0
            };
            assert!(await_true(SOON, is_heard), "{:?}", heard.lock().unwrap());
        }
    }
}
