//! Messages while a task runs: progress, status, and input requests, each of which
//! is answered once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use behaviour::constants::*;
use behaviour::tasks::{
    TOOL, answering, ends_at_poll, eras, following, form, handshake, in_each_era, named, stateless,
};
use behaviour::{Event, HttpServer, Input, Progress, SOON, tests};
use mcp_test_server::{Action, await_true, http};
use serde_json::{Value, json};

/// A task at work whose next poll is far away.
fn patient(id: &Value, is_stateless: bool) -> Value {
    let mut task = json!({"taskId": id, "status": "working", "ttl": null, "ttlMs": null,
        "createdAt": "2026-01-02T03:04:05Z", "lastUpdatedAt": "2026-01-02T03:04:06Z",
        "pollInterval": 1_000_000, "pollIntervalMs": 1_000_000});
    if is_stateless {
        task["resultType"] = json!("complete");
    }
    task
}

tests! {
    task_progress_is_delivered {
        // Reports may be read later than the result of a poll that came after them.
        let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
        let shared = told.clone();
        let served = ends_at_poll(&handshake(), move |_| shared.lock().unwrap().len() >= 3);
        let client = following(&served);
        client.set_input_handler(MCP_INPUT_FORM, |_| {}).unwrap();
        client.connect().unwrap();
        assert!(served.mcp.await_listeners(1, SOON));
        let arguments = json!({"for": 60_000, "interval": 50, "progress": 1});
        let request = client.tool_request(TOOL, arguments).unwrap();
        let shared = told.clone();
        request.set_progress(move |one| shared.lock().unwrap().push(one)).unwrap();
        request.perform().unwrap();
        let told = told.lock().unwrap();
        assert!(told.len() >= 3, "{told:?}");
        assert_eq!(told[0].message.as_deref(), Some("step 1"));
        served.has_no_complaint();
    }

    task_input_request_is_answered {
        for served in eras() {
            let client = answering(&served);
            let rounds = json!([{"a": form("Ada"), "b": form("Bob")}, {"c": form("Cyd")}]);
            let result = client.call(TOOL, json!({"rounds": rounds, "after": 60})).unwrap();
            assert_eq!(result.told(), json!([{"a": named("Ada"), "b": named("Bob")},
                                             {"c": named("Cyd")}]));
            served.has_no_complaint();
        }
    }

    task_input_request_may_come_on_the_notification_stream {
        let served = handshake();
        let client = answering(&served);
        let arguments = json!({"rounds": [{"a": form("Ada")}], "on": "get"});
        let result = client.call(TOOL, arguments).unwrap();
        assert_eq!(result.told(), json!([{"a": named("Ada")}]));
        served.has_no_complaint();
    }

    repeated_task_input_request_is_answered_once {
        let served = stateless();
        let asked = Arc::new(AtomicUsize::new(0));
        let shared = asked.clone();
        let client = following(&served);
        client.set_input_handler(MCP_INPUT_FORM, move |input| {
            shared.fetch_add(1, Ordering::SeqCst);
            input.accept(Some(json!({"name": "x"}))).unwrap();
        }).unwrap();
        let rounds = json!([{"a": form("1")}, {"b": form("2")}]);
        client.call(TOOL, json!({"rounds": rounds, "lags": true})).unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        assert_eq!(served.count("tasks/update"), 2);
        served.has_no_complaint();
    }

    inputs_of_one_round_may_be_answered_one_by_one {
        in_each_era(|served| {
            let client = following(&served);
            client.set_input_handler(MCP_INPUT_FORM, |input| {
                // Beside the handler, the second much later than the first.
                std::thread::spawn(move || {
                    let message = input.message();
                    if message == "late" {
                        std::thread::sleep(Duration::from_millis(4500));
                    }
                    input.accept(Some(json!({"name": message}))).unwrap();
                });
            }).unwrap();
            client.set_timeout(4000);
            let rounds = json!([{"a": form("early"), "b": form("late")}]);
            let result = client.call(TOOL, json!({"rounds": rounds})).unwrap();
            assert_eq!(result.told(), json!([{"a": named("early"), "b": named("late")}]));
            if served.is_stateless() {
                assert_eq!(served.count("tasks/update"), 2);
            }
            served.has_no_complaint();
        });
    }

    task_input_request_of_a_started_request_comes_by_dispatch {
        for served in eras() {
            let client = answering(&served);
            let rounds = json!([{"a": form("Ada")}, {"b": form("Bob")}]);
            let request = client.tool_request(TOOL, json!({"rounds": rounds})).unwrap();
            request.start().unwrap();
            assert_eq!(request.wait(60_000), 0);
            let told = request.take_result().unwrap().told();
            assert_eq!(told, json!([{"a": named("Ada")}, {"b": named("Bob")}]));
            served.has_no_complaint();
        }
    }

    task_input_request_without_a_handler_cancels_the_task {
        let served = stateless();
        let client = following(&served);
        let arguments = json!({"rounds": [{"a": form("Ada")}]});
        let failure = client.call(TOOL, arguments.clone()).unwrap_err();
        assert_eq!(failure.status, MCP_E_INPUT_REQUIRED, "{}", failure.message);
        served.awaits("tasks/cancel", 1);
        let served = handshake();
        let client = following(&served);
        let told = client.call(TOOL, arguments).unwrap().told();
        assert_eq!(told[0]["a"]["error"]["code"], -32601, "as without a task");
        served.has_no_complaint();
    }

    task_input_request_ends_with_its_task {
        for served in eras() {
            let client = following(&served);
            let kept: Arc<Mutex<Vec<Input>>> = Arc::default();
            let shared = kept.clone();
            client.set_input_handler(MCP_INPUT_FORM, move |input| {
                shared.lock().unwrap().push(input);
            }).unwrap();
            let rounds = json!([{"a": form("Ada")}]);
            let outcome = std::thread::scope(|scope| {
                scope.spawn(|| {
                    while kept.lock().unwrap().is_empty() {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    served.mcp.finish_tasks();
                });
                client.call(TOOL, json!({"rounds": rounds}))
            });
            assert_eq!(outcome.unwrap().told(), json!([]));
            if served.is_stateless() {
                let failure = kept.lock().unwrap()[0].accept(None).unwrap_err();
                assert_eq!(failure.status, MCP_E_STATE);
                served.has_no_complaint();
            }
        }
    }

    task_notification_is_delivered_and_triggers_a_poll {
        for served in eras() {
            let (is_told, opened) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
            let (told, streams) = (is_told.clone(), opened.clone());
            let served = HttpServer::before(served.mcp.config.clone(), move |_, mcp, request| {
                let is_stateless = mcp.config.is_stateless;
                // The client has opened its stream again to listen for this task.
                let listens = streams.load(Ordering::SeqCst) > usize::from(is_stateless);
                if request.rpc_method() == "tasks/get" && listens && !told.load(Ordering::SeqCst) {
                    // The next poll is due after the deadline of the test.
                    let task = patient(&request.json()["params"]["taskId"], is_stateless);
                    told.store(mcp.finish_tasks() > 0, Ordering::SeqCst);
                    return vec![Action::Send(http::result(request, task))];
                }
                mcp.handle(request)
            });
            let client = following(&served);
            let events: Arc<Mutex<Vec<Event>>> = Arc::default();
            let shared = events.clone();
            client.set_event_handler(move |event| {
                opened.fetch_add(usize::from(event.kind == MCP_EVENT_LISTENING), Ordering::SeqCst);
                shared.lock().unwrap().push(event);
            }).unwrap();
            client.listen(MCP_EVENT_TASK_STATUS).unwrap();
            client.call(TOOL, json!({"for": 1_000_000, "interval": 20})).unwrap();
            assert!(is_told.load(Ordering::SeqCst), "nobody listened");
            // The event may be queued a moment after the poller was woken.
            let is_delivered = || {
                client.dispatch(20).unwrap();
                events.lock().unwrap().iter().any(|event| event.kind == MCP_EVENT_TASK_STATUS)
            };
            assert!(await_true(SOON, is_delivered), "no event");
            let events = events.lock().unwrap();
            let told: Vec<&Event> =
                events.iter().filter(|event| event.kind == MCP_EVENT_TASK_STATUS).collect();
            let (id, status) = told[0].task.clone().unwrap();
            assert!(id.starts_with("task-1-") && status == "completed");
            assert!(events.iter().all(|event| event.task.is_some() == (event.kind == 64)));
            served.has_no_complaint();
        }
    }

    task_of_another_client_is_not_reported {
        let served = stateless();
        let client = following(&served);
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let shared = events.clone();
        client.set_event_handler(move |event| shared.lock().unwrap().push(event)).unwrap();
        client.listen(MCP_EVENT_TASK_STATUS).unwrap();
        assert!(served.mcp.await_listeners(1, SOON));
        let params = json!({"taskId": "of-somebody", "status": "working"});
        assert_eq!(served.mcp.notify_all("notifications/tasks", params), 1);
        client.dispatch(200).unwrap();
        client.call("echo", json!({})).unwrap();
        let events = events.lock().unwrap();
        assert!(events.iter().all(|event| event.kind != MCP_EVENT_TASK_STATUS), "{events:?}");
    }
}
