//! Tasks by their ids, and when a call becomes a task.

use behaviour::constants::*;
use behaviour::tasks::{
    TOOL, answering, begun, eras, following, form, handed_out, handshake, is_masked, named, offer,
    stateless,
};
use behaviour::{HttpServer, tests};
use mcp_test_server::mcp::{Config, HANDSHAKE};
use mcp_test_server::offer::Offer;
use serde_json::json;

tests! {
    task_is_not_requested_unless_allowed {
        let served = handshake();
        let client = served.client();
        let failure = client.call(TOOL, json!({})).unwrap_err();
        assert_eq!((failure.status, failure.rpc_code), (MCP_E_RPC, -32601));
        let served = stateless();
        let client = served.client();
        let failure = client.call(TOOL, json!({})).unwrap_err();
        assert_eq!((failure.status, failure.rpc_code), (MCP_E_RPC, -32021));
        assert_eq!(client.call("task-optional", json!({})).unwrap().text(), "at once");
        client.set_tasks(true);
        client.call(TOOL, json!({})).unwrap();
        client.set_tasks(false);
        client.call(TOOL, json!({})).unwrap_err();
        served.has_no_complaint();
    }

    optional_task_runs_as_a_task_only_on_request {
        let served = handshake();
        let client = following(&served);
        client.list_tools().unwrap();
        assert_eq!(client.call("task-optional", json!({})).unwrap().text(), "at once");
        assert_eq!(client.call("task-forbidden", json!({})).unwrap().text(), "at once");
        let result = handed_out(&client, "task-optional", json!({"for": 60_000})).perform().unwrap();
        assert_eq!(result.task_status().as_deref(), Some("working"));
        let result = handed_out(&client, "task-forbidden", json!({})).perform().unwrap();
        assert_eq!((result.task_id(), result.text().as_str()), (None, "at once"));
        served.has_no_complaint();
    }

    server_without_tasks_is_called_without_them {
        for config in [Config::of(Offer::default()), Config::handshake(Offer::default())] {
            let served = HttpServer::new(config);
            let client = following(&served);
            assert_eq!(client.call("echo", json!({"a": 1})).unwrap().text(), r#"{"a":1}"#);
            let result = handed_out(&client, "echo", json!({})).perform().unwrap();
            assert_eq!((result.task_id(), result.tasks().len()), (None, 0));
            for failure in [client.get_task("x").unwrap_err(), client.list_tasks().unwrap_err(),
                            client.get_task_result("x").unwrap_err(),
                            client.cancel_task("x").unwrap_err()] {
                assert_eq!(failure.status, MCP_E_UNSUPPORTED, "{}", failure.message);
            }
            served.has_no_complaint();
        }
        // A revision that has none, of a server that has.
        let config = Config { handshake: HANDSHAKE[1..].to_vec(), ..Config::handshake(offer()) };
        let served = HttpServer::new(config);
        let client = following(&served);
        assert_eq!(client.call("task-optional", json!({})).unwrap().text(), "at once");
        let failure = client.get_task("x").unwrap_err();
        assert!(failure.message.contains("2025-06-18"), "{}", failure.message);
    }

    unknown_task_is_an_error_without_its_id {
        for served in eras() {
            let client = following(&served);
            let failure = client.call(TOOL, json!({"for": 60_000, "forgets": 60})).unwrap_err();
            assert_eq!((failure.status, failure.rpc_code), (MCP_E_NOT_FOUND, -32602));
            assert!(failure.message.contains("time to live") && failure.may_have_run);
            assert!(is_masked(&failure), "{failure:?}");
            assert_eq!(served.count("tasks/cancel"), 0);
            let failure = client.get_task("nobody-s3cret").unwrap_err();
            assert_eq!(failure.status, MCP_E_NOT_FOUND);
            assert!(is_masked(&failure), "{failure:?}");
            client.call("echo", json!({})).unwrap();
            served.has_no_complaint();
        }
    }

    task_id_is_usable_by_another_client {
        for served in eras() {
            let client = served.client();
            let request = client.tool_request(TOOL, json!({"for": 1000, "interval": 50,
                "says": "begun", "rounds": [{"a": form("Ada")}]})).unwrap();
            request.set_task(60_000).unwrap();
            let task = request.perform().unwrap();
            assert_eq!(task.task_status().as_deref(), Some("working"));
            assert_eq!(task.task_message().as_deref(), Some("begun"));
            let ttl = if served.is_stateless() { -1 } else { 60_000 };
            let own = task.tasks()[0];
            assert_eq!((own.poll_interval(), own.ttl()), (50, ttl));
            if !served.is_stateless() {
                let meta = task.meta().unwrap();
                assert_eq!(meta["io.modelcontextprotocol/model-immediate-response"], "Begun.");
            }
            let id = task.task_id().unwrap();
            drop((client, request));
            let other = answering(&served);
            let result = other.get_task_result(&id).unwrap();
            assert_eq!(result.told(), json!([{"a": named("Ada")}]));
            assert_eq!((result.task_id(), result.task_status()), (None, None));
            // As often as is wanted, as long as the server keeps it.
            let now = other.get_task(&id).unwrap();
            assert_eq!(now.task_status().as_deref(), Some("completed"));
            assert_eq!(now.task_id(), Some(id));
            assert_eq!(now.tasks()[0].created().as_deref(), Some("2026-01-02T03:04:05Z"));
            assert_eq!(now.tasks()[0].updated().as_deref(), Some("2026-01-02T03:04:06Z"));
        }
    }

    abandoned_wait_leaves_the_task_running {
        for served in eras() {
            let client = served.client();
            let id = begun(&client, json!({"for": 60_000, "loose": true}));
            client.set_timeout(50);
            client.set_deadline(60).unwrap();
            assert_eq!(client.get_task_result(&id).unwrap_err().status, MCP_E_TIMEOUT);
            served.mcp.finish_tasks();
            client.set_timeout(60_000);
            client.set_deadline(60_000).unwrap();
            client.get_task_result(&id).unwrap();
            assert_eq!(served.count("tasks/cancel"), 0);
            served.has_no_complaint();
        }
    }

    task_option_can_be_unset_and_is_for_tools_only {
        for served in eras() {
            let client = following(&served);
            let request = handed_out(&client, TOOL, json!({}));
            assert!(request.perform().unwrap().task_id().is_some());
            request.set_task(-1).unwrap();
            assert_eq!(request.perform().unwrap().told(), json!([]));
            assert_eq!(request.set_task(-2).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
            let read = client.read_request("test://text").unwrap();
            assert_eq!(read.set_task(0).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
            read.set_task(-1).unwrap();
            assert_eq!(client.get_task("").unwrap_err().status, MCP_E_INVALID_ARGUMENT);
            served.has_no_complaint();
        }
    }

    server_may_answer_a_task_call_at_once {
        let served = stateless();
        let client = following(&served);
        assert_eq!(client.call(TOOL, json!({"direct": true})).unwrap().text(), "at once");
        let result = handed_out(&client, TOOL, json!({"direct": true})).perform().unwrap();
        assert_eq!((result.task_id(), result.text().as_str()), (None, "at once"));
    }

    task_is_cancelled_by_its_id {
        for served in eras() {
            let client = served.client();
            let id = begun(&client, json!({"for": 60_000, "loose": true}));
            client.cancel_task(&id).unwrap();
            let status = client.get_task(&id).unwrap().task_status();
            assert_eq!(status.as_deref(), Some("cancelled"));
            let failure = client.get_task_result(&id).unwrap_err();
            assert_eq!(failure.status, MCP_E_CANCELLED, "{}", failure.message);
            for id in [Some(id.as_str()).filter(|_| !served.is_stateless()), Some("nobody-s3cret")] {
                let Some(id) = id else { continue };
                let failure = client.cancel_task(id).unwrap_err();
                assert_eq!(failure.status, MCP_E_NOT_FOUND);
                assert!(is_masked(&failure), "{failure:?}");
            }
            served.has_no_complaint();
        }
    }

    tasks_are_listed_if_supported {
        let served = HttpServer::new(Config::handshake(Offer { page: 2, ..offer() }));
        let client = served.client();
        let ids: Vec<String> = (0..3).map(|_| begun(&client, json!({"ttl": 5, "for": 60_000}))).collect();
        let list = client.list_tasks().unwrap();
        let listed: Vec<String> = list.tasks().iter().map(|task| task.id().unwrap()).collect();
        assert_eq!(listed, ids);
        let first = list.tasks()[0];
        assert_eq!((first.status().as_deref(), first.ttl()), (Some("working"), 5));
        assert_eq!(first.message(), None);
        assert_eq!(first.json()["taskId"], json!(ids[0]));
    }

    extension_is_declared_only_by_the_option {
        let client = stateless().client();
        let tasks = json!({"extensions": {"io.modelcontextprotocol/tasks": {}}});
        assert_eq!(client.set_capabilities(tasks).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
        let served = stateless();
        let client = following(&served);
        client.set_capabilities(json!({"extensions": {"a/b": {}}})).unwrap();
        client.call(TOOL, json!({})).unwrap();
        let declared = served.log().of("tools/call")[0].json()["params"]["_meta"]
            ["io.modelcontextprotocol/clientCapabilities"].clone();
        assert_eq!(declared["extensions"],
                   json!({"a/b": {}, "io.modelcontextprotocol/tasks": {}}));
    }
}
