//! The structured content of a tool, checked against its output schema, and the
//! arguments against the input schema.

use behaviour::constants::*;
use behaviour::{Beside, Client, HttpServer, RAW_CARRIERS, RawCarrier, RawServer, raw, tests};
use mcp_test_server::offer::Offer;
use serde_json::{Value, json};

/// The schema that FastMCP writes for a tool that returns an integer.
fn wrapped() -> Value {
    json!({"type": "object", "properties": {"result": {"type": "integer"}},
        "required": ["result"], "x-fastmcp-wrap-result": true})
}

/// A server with one tool, whose schema and result are given.
fn server(carrier: RawCarrier, schema: Value, result: Value) -> RawServer {
    RawServer::new(carrier, move |method, _| match method {
        "tools/list" => {
            let tool = json!({"name": "add", "inputSchema": {"type": "object"},
                "outputSchema": schema});
            Some(complete(json!({"tools": [tool], "ttlMs": 0, "cacheScope": "private"})))
        }
        "tools/call" => Some(complete(result.clone())),
        _ => None,
    })
}

fn complete(mut result: Value) -> String {
    result["resultType"] = "complete".into();
    result.to_string()
}

fn result(structured: Value) -> Value {
    json!({"content": [{"type": "text", "text": "3"}], "structuredContent": structured})
}

fn matches((outcome, answer): Beside) {
    assert_eq!(outcome, Ok(()));
    assert!(answer.is_some());
}

/// The tool has run: the result is there, and the message names the field.
fn mismatches((outcome, answer): Beside, words: &str) {
    let failure = outcome.unwrap_err();
    assert_eq!(failure.status, MCP_E_SCHEMA, "{}", failure.message);
    assert!(failure.message.contains(words), "{}", failure.message);
    assert!(failure.message.starts_with("tools/call: tool \"add\": "), "{}", failure.message);
    assert!(failure.may_have_run);
    assert_eq!(answer.unwrap().text(), "3", "the result is handed out");
}

fn listed(server: &RawServer) -> Client {
    let client = server.client();
    client.list_tools().unwrap();
    client
}

fn unchecked(client: &Client) -> i64 {
    client.count(MCP_COUNTER_UNCHECKED_RESULTS)
}

const MISMATCH: &str = "\"/result\" is a string, not an integer";

tests! {
    structured_content_is_checked_on_each_carrier {
        for carrier in RAW_CARRIERS {
            let good = server(carrier, wrapped(), result(json!({"result": 3})));
            matches(listed(&good).call_beside("add"));
            let bad = server(carrier, wrapped(), result(json!({"result": "3"})));
            let client = listed(&bad);
            mismatches(client.call_beside("add"), MISMATCH);
            // Each call is checked, and the client stays usable.
            mismatches(client.call_beside("add"), MISMATCH);
            client.ping().unwrap();
            assert_eq!(unchecked(&client), 0);
        }
    }

    performed_and_started_requests_hand_out_the_result_with_the_status {
        for carrier in RAW_CARRIERS {
            let server = server(carrier, wrapped(), result(json!({"result": "3"})));
            let client = listed(&server);
            let request = client.request("tools/call", Some(r#"{"name":"add"}"#)).unwrap();
            mismatches(request.perform_beside(), MISMATCH);
            assert_eq!(request.failure().status, MCP_E_SCHEMA);
            for _ in 0..2 {
                request.start().unwrap();
                assert_eq!(request.wait(60_000), MCP_E_SCHEMA);
                assert_eq!(request.status(), MCP_E_SCHEMA);
                assert!(request.failure().message.contains(MISMATCH));
                mismatches(request.take_beside(), MISMATCH);
                // Once.
                let (outcome, answer) = request.take_beside();
                assert_eq!(outcome.unwrap_err().status, MCP_E_NOT_FOUND);
                assert!(answer.is_none());
            }
            // A result that nobody takes is freed with the request.
            request.start().unwrap();
            assert_eq!(request.wait(60_000), MCP_E_SCHEMA);
        }
    }

    result_without_structured_content_is_a_mismatch_unless_the_tool_failed {
        let text = json!({"content": [{"type": "text", "text": "3"}]});
        for carrier in RAW_CARRIERS {
            let mut null = text.clone();
            null["structuredContent"] = Value::Null;
            for (mut result, words) in
                [(text.clone(), "has no structured content"), (null, "is null, not an object")]
            {
                let bare = server(carrier, wrapped(), result.clone());
                mismatches(listed(&bare).call_beside("add"), words);
                result["isError"] = true.into();
                matches(listed(&server(carrier, wrapped(), result)).call_beside("add"));
            }
            let mut result = result(json!({"result": "3"}));
            result["isError"] = true.into();
            matches(listed(&server(carrier, wrapped(), result)).call_beside("add"));
        }
    }

    nothing_is_checked_without_a_list_or_a_schema {
        let bad = || result(json!({"result": "3"}));
        for carrier in RAW_CARRIERS {
            let unlisted = server(carrier, wrapped(), bad());
            matches(unlisted.client().call_beside("add"));
            for schema in [Value::Null, json!({}), json!(true)] {
                matches(listed(&server(carrier, schema, bad())).call_beside("add"));
            }
            // Another tool of a server whose list has a schema.
            matches(listed(&unlisted).call_beside("other"));
        }
    }

    unusable_schema_leaves_the_tool_usable_and_is_counted {
        let deep = (0..300).fold(json!({}), |inner, _| json!({"not": inner}));
        for (at, schema) in [
            json!(7),
            json!({"type": "text"}),
            json!({"$ref": "https://example.com/schema.json"}),
            json!({"$ref": "file:///etc/passwd"}),
            json!({"$schema": "https://example.com/draft"}),
            json!({"properties": {"result": {"pattern": "(?=3)"}}}),
            json!({"$ref": "#"}),
            deep,
            json!({"title": "x".repeat(1 << 20)}),
        ].into_iter().enumerate() {
            let carrier = RAW_CARRIERS[at % RAW_CARRIERS.len()];
            let shown: String = schema.to_string().chars().take(60).collect();
            let server = server(carrier, schema, result(json!({"result": "3"})));
            let client = listed(&server);
            matches(client.call_beside("add"));
            matches(client.call_beside("add"));
            assert_eq!(unchecked(&client), 2, "{shown}");
        }
    }

    mismatch_may_be_allowed_and_forbidden_again {
        for carrier in RAW_CARRIERS {
            let server = server(carrier, wrapped(), result(json!({"result": "3"})));
            let client = listed(&server);
            client.set_allow(MCP_ALLOW_MISMATCH, true).unwrap();
            matches(client.call_beside("add"));
            client.set_allow(MCP_ALLOW_MISMATCH, false).unwrap();
            mismatches(client.call_beside("add"), MISMATCH);
        }
    }

    each_list_replaces_the_schemas {
        for carrier in RAW_CARRIERS {
            let lists = std::sync::atomic::AtomicUsize::new(0);
            let server = RawServer::new(carrier, move |method, _| match method {
                "tools/list" => {
                    let first = lists.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
                    let schema = if first { wrapped() } else { json!({"type": "object"}) };
                    let tool = json!({"name": "add", "inputSchema": {}, "outputSchema": schema});
                    Some(complete(json!({"tools": [tool], "ttlMs": 0, "cacheScope": "private"})))
                }
                "tools/call" => Some(complete(result(json!({"result": "3"})))),
                _ => None,
            });
            let client = listed(&server);
            mismatches(client.call_beside("add"), MISMATCH);
            client.list_tools().unwrap();
            matches(client.call_beside("add"));
        }
    }

    arguments_are_checked_on_request {
        let served = RawServer::new(RAW_CARRIERS[0], |method, _| {
            let schema = |schema: Value| json!({"name": "t", "inputSchema": schema});
            (method == "tools/list").then(|| json!({"tools": [
                schema(json!({"type": "object", "properties": {"city": {"type": "string"},
                    "days": {"type": "integer", "minimum": 1}}, "required": ["city"],
                    "additionalProperties": false})),
                schema(json!({"$ref": "https://example.com/"})),
                {"name": "t"},
                {"name": "t", "inputSchema": null},
            ]}).to_string())
        });
        let list = served.client().list_tools().unwrap();
        let tools = list.tools();
        let status = |tool: usize, arguments: Option<&str>, words: &str| {
            let failure = tools[tool].check_arguments(arguments).unwrap_err();
            assert!(failure.message.contains(words), "{}", failure.message);
            assert!(!failure.may_have_run);
            failure.status
        };
        assert_eq!(tools[0].check_arguments(Some(r#" {"city":"Oslo","days":2.0} "#)), Ok(()));
        for (arguments, words) in [
            (None, "\"/city\" is missing"),
            (Some(""), "\"/city\" is missing"),
            (Some("{}"), "\"/city\" is missing"),
            (Some(r#"{"city":7}"#), "\"/city\" is a number, not a string"),
            (Some(r#"{"city":"Oslo","days":0}"#), "\"/days\" is 0, less than 1"),
            (Some(r#"{"city":"Oslo","town":""}"#), "\"/town\" is not allowed"),
        ] {
            assert_eq!(status(0, arguments, words), MCP_E_SCHEMA);
        }
        for (arguments, words) in
            [("[]", "not an object"), ("7", "not an object"), ("{", "is not JSON")]
        {
            assert_eq!(status(0, Some(arguments), words), MCP_E_INVALID_ARGUMENT);
        }
        assert_eq!(status(1, None, "another document"), MCP_E_UNSUPPORTED);
        for tool in &tools[2..] {
            assert_eq!(tool.check_arguments(Some(r#"{"any":1}"#)), Ok(()));
            assert_eq!(tool.check_arguments(None), Ok(()));
        }
        let null = unsafe { raw::mcp_tool_check_arguments(std::ptr::null(), std::ptr::null()) };
        assert_eq!(null, MCP_E_INVALID_ARGUMENT);
    }

    structured_content_of_the_test_server_is_checked {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            client.list_tools().unwrap();
            let answer = client.call("structured", json!({"value": {"n": 3}})).unwrap();
            assert_eq!(answer.structured(), Some("{\"n\":3}".to_owned()));
            for value in [json!({"n": "3"}), json!([]), Value::Null] {
                let failure = client.call("structured", json!({"value": value})).unwrap_err();
                assert_eq!(failure.status, MCP_E_SCHEMA, "{value}");
            }
        }
    }
}
