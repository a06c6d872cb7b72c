//! Calls that run as tasks, in both forms: one call polls its task until the end.
//! The server reports polls that come too soon and messages that a task must not
//! get.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::tasks::{
    TOOL, ends_at_poll, eras, following, handshake, in_each_era, is_masked, offer, stateless,
};
use behaviour::{Cancel, HttpServer, Request, is_fast, tests};
use mcp_test_server::mcp::Config;
use mcp_test_server::{Action, http};
use serde_json::json;

tests! {
    call_polls_its_task_until_the_end {
        for served in eras() {
            let served = ends_at_poll(&served, |count| count == 3);
            let client = following(&served);
            let result = client.call(TOOL, json!({"for": 60_000, "interval": 40})).unwrap();
            assert_eq!(result.told(), json!([]));
            assert_eq!(result.task_id(), None, "it is the result");
            assert_eq!(served.count("tasks/get"), 3);
            assert_eq!(served.count("tasks/result"), usize::from(!served.is_stateless()));
            served.has_no_complaint();
        }
    }

    started_request_polls_its_task_until_the_end {
        for served in eras() {
            let client = following(&served);
            let requests: Vec<Request> = (0..5)
                .map(|_| client.tool_request(TOOL, json!({"for": 100})).unwrap())
                .collect();
            requests.iter().for_each(|request| request.start().unwrap());
            for request in &requests {
                assert_eq!(request.wait(60_000), 0);
                assert_eq!(request.take_result().unwrap().told(), json!([]));
            }
            served.has_no_complaint();
        }
    }

    call_that_requires_a_task_is_repeated_as_a_task {
        // The second refusal comes when the list of tools was read for the first.
        let plain = AtomicUsize::new(0);
        let config = handshake().mcp.config.clone();
        let served = HttpServer::before(config, move |_, mcp, request| {
            let is_plain = request.rpc_method() == "tools/call"
                && request.json()["params"]["task"].is_null();
            let mut actions = mcp.handle(request);
            if is_plain && plain.fetch_add(1, Ordering::SeqCst) > 0 {
                actions.insert(0, Action::Pause(Duration::from_millis(500)));
            }
            actions
        });
        let client = following(&served);
        client.ping().unwrap();
        let requests: Vec<Request> = (0..3)
            .map(|_| client.tool_request(TOOL, json!({"for": 10})).unwrap())
            .collect();
        requests.iter().for_each(|request| request.start().unwrap());
        for request in &requests {
            assert_eq!(request.wait(60_000), 0);
        }
        served.has_no_complaint();
    }

    poll_interval_is_the_latest_of_the_server {
        for served in eras() {
            let served = ends_at_poll(&served, |count| count == 4);
            let client = following(&served);
            let begin = Instant::now();
            // The third poll is due after 220 ms, the fourth after 520.
            client.call(TOOL, json!({"for": 60_000, "interval": [10, 10, 200, 300]})).unwrap();
            assert!(begin.elapsed() >= Duration::from_millis(500), "{:?}", begin.elapsed());
            assert_eq!(served.count("tasks/get"), 4);
            served.has_no_complaint();
        }
    }

    task_without_a_poll_interval_is_polled_each_second {
        for served in eras() {
            // The same length, so that nothing else changes.
            let served = HttpServer::before(served.mcp.config.clone(), |_, mcp, request| {
                let mut actions = mcp.handle(request);
                for action in &mut actions {
                    if let Action::Send(bytes) = action {
                        let text = String::from_utf8_lossy(bytes);
                        let text = text.replace("pollInterval", "pollIntercal");
                        *action = Action::Send(text.into_bytes());
                    }
                }
                actions
            });
            let client = following(&served);
            let polled = || {
                let begin = Instant::now();
                client.call(TOOL, json!({})).unwrap();
                let took = begin.elapsed();
                assert!(took >= Duration::from_millis(1000), "{took:?}");
                took
            };
            is_fast(Duration::from_millis(1900), polled).unwrap();
        }
    }

    undeclared_task_is_a_protocol_error {
        let served = HttpServer::before(Config::stateless(offer()), |_, mcp, request| {
            if request.rpc_method() != "tools/call" {
                return mcp.handle(request);
            }
            let task = json!({"resultType": "task", "taskId": "x", "status": "working"});
            vec![Action::Send(http::result(request, task))]
        });
        let client = served.client();
        assert_eq!(client.call("echo", json!({})).unwrap_err().status, MCP_E_PROTOCOL);
        client.set_tasks(true);
        // For anything but a tool as well.
        let failure = client.call("echo", json!({})).unwrap_err();
        assert_eq!(failure.status, MCP_E_NOT_FOUND, "{}", failure.message);
    }

    tools_are_listed_only_after_a_refused_call {
        let served = handshake();
        let client = following(&served);
        client.call("echo", json!({})).unwrap();
        assert_eq!(served.count("tools/list"), 0);
        client.call(TOOL, json!({})).unwrap();
        client.call(TOOL, json!({})).unwrap();
        assert_eq!((served.count("tools/list"), served.count("tools/call")), (1, 4));
        // A refusal that has another reason stays one, and is not repeated.
        let failure = client.call("error", json!({"code": -32601})).unwrap_err();
        assert_eq!((failure.status, served.count("tools/call")), (MCP_E_RPC, 5));
        served.has_no_complaint();
    }

    tool_that_fails_is_a_result {
        for served in eras() {
            let client = following(&served);
            let result = client.call(TOOL, json!({"is_error": true})).unwrap();
            assert!(result.is_error());
            served.has_no_complaint();
        }
    }

    failed_task_gives_its_error {
        for served in eras() {
            let client = following(&served);
            let error = json!({"code": -32602, "message": "no such city", "data": {"city": "x"}});
            let failure = client.call(TOOL, json!({"error": error})).unwrap_err();
            assert_eq!((failure.status, failure.rpc_code), (MCP_E_RPC, -32602));
            assert!(failure.message.contains("no such city") && failure.may_have_run);
            assert_eq!(failure.data.as_deref(), Some(r#"{"city":"x"}"#));
            served.has_no_complaint();
        }
    }

    task_cancelled_by_the_server_is_a_cancelled_error {
        for served in eras() {
            let client = following(&served);
            let arguments = json!({"stops": true, "says": "out of\nmemory"});
            let failure = client.call(TOOL, arguments).unwrap_err();
            assert_eq!(failure.status, MCP_E_CANCELLED);
            assert!(failure.message.contains("the server cancelled the task: \"out of memory\""),
                    "{}", failure.message);
            assert_eq!(served.count("tasks/cancel"), 0);
            served.has_no_complaint();
        }
    }

    malformed_task_is_a_protocol_error_and_is_cancelled {
        for served in eras() {
            let client = following(&served);
            for odd in [json!({"status": "asleep"}), json!({"taskId": "another"}),
                        json!({"status": 7}), json!({"taskId": null})] {
                let arguments = json!({"for": 60_000, "odd": odd});
                let failure = client.call(TOOL, arguments).unwrap_err();
                assert_eq!(failure.status, MCP_E_PROTOCOL, "{}", failure.message);
            }
            served.awaits_tasks_in("cancelled", 4);
            served.has_no_complaint();
        }
        let served = stateless();
        let client = following(&served);
        for odd in [json!({"result": null}), json!({"result": []}),
                    json!({"status": "failed", "error": null}),
                    json!({"status": "input_required"})] {
            let failure = client.call(TOOL, json!({"odd": odd})).unwrap_err();
            assert_eq!(failure.status, MCP_E_PROTOCOL, "{}", failure.message);
        }
    }

    poll_interval_may_exceed_the_timeout {
        in_each_era(|served| {
            let served = ends_at_poll(&served, |_| true);
            let client = following(&served);
            client.set_timeout(4000);
            client.call(TOOL, json!({"for": 60_000, "interval": 4500})).unwrap();
            served.has_no_complaint();
        });
    }

    deadline_cancels_the_task_at_the_server {
        in_each_era(|served| {
            let client = following(&served);
            let arguments = json!({"for": 1_000_000, "interval": 1_000_000});
            let request = client.tool_request(TOOL, arguments).unwrap();
            request.set_timeout(3900);
            request.set_deadline(4000).unwrap();
            let failure = request.perform().unwrap_err();
            assert_eq!(failure.status, MCP_E_TIMEOUT);
            assert!(failure.message.contains("deadline"), "{}", failure.message);
            assert!(failure.may_have_run);
            served.awaits_tasks_in("cancelled", 1);
            served.has_no_complaint();
        });
    }

    unanswered_poll_is_a_timeout {
        in_each_era(|served| {
            let served = HttpServer::before(served.mcp.config.clone(), |_, mcp, request| {
                if request.rpc_method() == "tasks/get" {
                    return vec![Action::Hang];
                }
                mcp.handle(request)
            });
            let client = following(&served);
            client.set_timeout(3900);
            let failure = client.call(TOOL, json!({"for": 60_000})).unwrap_err();
            assert_eq!(failure.status, MCP_E_TIMEOUT);
            assert!(failure.message.contains("3.9 s"), "{}", failure.message);
            served.awaits("tasks/cancel", 1);
            served.has_no_complaint();
        });
    }

    cancel_cancels_the_task_at_the_server_at_once {
        for is_started in [false, true] {
            for served in eras() {
                let client = following(&served);
                let arguments = json!({"for": 1_000_000, "interval": [20, 1_000_000]});
                let request = client.tool_request(TOOL, arguments).unwrap();
                let cancel = Cancel::new();
                request.set_cancel(&cancel);
                let status = std::thread::scope(|scope| {
                    scope.spawn(|| {
                        // The client knows the task, and is on to the second pause.
                        served.awaits("tasks/get", 1);
                        std::thread::sleep(Duration::from_millis(100));
                        cancel.fire();
                    });
                    if is_started {
                        request.start().unwrap();
                        return request.wait(60_000);
                    }
                    let failure = request.perform().unwrap_err();
                    assert!(failure.may_have_run);
                    failure.status
                });
                assert_eq!(status, MCP_E_CANCELLED);
                served.awaits_tasks_in("cancelled", 1);
                served.has_no_complaint();
            }
        }
    }

    poll_is_repeated_while_the_server_is_unavailable {
        for served in eras() {
            let served = HttpServer::before(served.mcp.config.clone(), |count, mcp, request| {
                if request.rpc_method() == "tasks/get" && count > 6 {
                    mcp.finish_tasks();
                }
                match (request.rpc_method().as_str(), count) {
                    // Some of which are made good without a word.
                    ("tasks/get", 2..=5) => vec![Action::Close],
                    ("tasks/get", 6) => {
                        vec![Action::Send(http::reply(503, &[("retry-after", "1")], b""))]
                    }
                    _ => mcp.handle(request),
                }
            });
            let client = following(&served);
            let begin = Instant::now();
            client.call(TOOL, json!({"for": 60_000, "interval": 30, "loose": true})).unwrap();
            assert!(begin.elapsed() >= Duration::from_millis(1500), "{:?}", begin.elapsed());
            served.has_no_complaint();
        }
    }

    unavailable_server_is_a_timeout {
        in_each_era(|served| {
            let served = HttpServer::before(served.mcp.config.clone(), |count, mcp, request| {
                match (request.rpc_method().as_str(), count) {
                    ("tasks/get", 1..=2) => vec![Action::Send(http::reply(503, &[], b""))],
                    // The timeout is over in this pause, and not during a poll.
                    ("tasks/get", _) => {
                        let pause = [("retry-after", "60")];
                        vec![Action::Send(http::reply(503, &pause, b""))]
                    }
                    _ => mcp.handle(request),
                }
            });
            let client = following(&served);
            client.set_timeout(4000);
            let failure = client.call(TOOL, json!({"for": 60_000})).unwrap_err();
            assert_eq!(failure.status, MCP_E_UNAVAILABLE);
            assert!(failure.may_have_run);
        });
    }

    lost_session_keeps_the_task {
        for is_kept in [true, false] {
            // The server's only thread handles requests, so that the client never
            // sees a server that has forgotten the tasks and not the sessions.
            let config = handshake().mcp.config.clone();
            let served = HttpServer::before(config, move |count, mcp, request| {
                match (request.rpc_method().as_str(), count) {
                    ("tasks/get", 1) => {
                        if !is_kept {
                            mcp.forget_tasks();
                        }
                        mcp.forget_sessions();
                    }
                    ("tasks/get", 2) => drop(mcp.finish_tasks()),
                    _ => {}
                }
                mcp.handle(request)
            });
            let client = following(&served);
            client.list_tools().unwrap();
            let outcome = client.call(TOOL, json!({"for": 60_000, "interval": 50}));
            assert_eq!(served.count("initialize"), 2);
            if is_kept {
                outcome.unwrap();
            } else {
                let failure = outcome.unwrap_err();
                assert_eq!(failure.status, MCP_E_SESSION_LOST, "{}", failure.message);
                assert!(failure.may_have_run && is_masked(&failure));
            }
            assert_eq!(served.count("tools/call"), 1, "not sent twice");
            served.has_no_complaint();
        }
    }
}
