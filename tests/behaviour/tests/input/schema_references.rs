//! A schema may refer to a schema on another server: the library never fetches it.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use behaviour::constants::*;
use behaviour::{HttpServer, tests};
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use mcp_test_server::{Action, http};
use serde_json::{Value, json};

/// An address to which nobody may connect, and how often somebody has.
fn trap() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/schema.json", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let shared = count.clone();
    std::thread::spawn(move || {
        for _ in listener.incoming().flatten() {
            shared.fetch_add(1, Ordering::SeqCst);
        }
    });
    (url, count)
}

/// A schema that refers to it wherever one can.
fn schema(url: &str) -> Value {
    json!({"$schema": url, "$id": url, "type": "object", "$ref": url, "$dynamicRef": url,
        "required": ["a"], "additionalProperties": {"$ref": url},
        "$defs": {"x": {"$ref": url}}, "allOf": [{"$ref": format!("{url}#/x")}],
        "properties": {"a": {"$ref": url}, "b": {"type": "string", "$ref": url},
            "c": {"type": "array", "items": {"$ref": url}},
            "d": {"type": "string", "x-mcp-header": "D", "$ref": url},
            "e": {"oneOf": [{"$ref": url}, {"const": "1"}]}}})
}

tests! {
    form_with_remote_references_is_answered_without_them {
        for served in [HttpServer::stateless(), HttpServer::handshake()] {
            let (url, count) = trap();
            let client = served.client();
            let expected = schema(&url);
            client.set_input_handler(MCP_INPUT_FORM, move |input| {
                assert_eq!(input.schema().unwrap(), expected, "handed on as it is");
                let filled = json!({"a": 1, "b": "x", "c": ["y"], "d": "z", "e": "1"});
                input.accept(Some(filled)).unwrap();
            }).unwrap();
            let form = json!({"method": "elicitation/create",
                "params": {"message": "?", "requestedSchema": schema(&url)}});
            let told = client.call("ask", json!({"rounds": [{"q": form}]})).unwrap().told();
            assert_eq!(told[0]["q"]["content"]["c"], json!(["y"]));
            std::thread::sleep(std::time::Duration::from_millis(100));
            assert_eq!(count.load(Ordering::SeqCst), 0);
        }
    }

    tool_with_remote_references_is_listed_and_called_without_them {
        let offer = Offer::default();
        for config in [Config::stateless(offer.clone()), Config::handshake(offer)] {
            let (url, count) = trap();
            let there = url.clone();
            let served = HttpServer::before(config, move |_, mcp, request| {
                if request.rpc_method() != "tools/list" {
                    return mcp.handle(request);
                }
                let tool = json!({"name": "echo", "inputSchema": schema(&there),
                    "outputSchema": schema(&there)});
                let result = json!({"resultType": "complete", "tools": [tool], "ttlMs": 0,
                    "cacheScope": "private"});
                vec![Action::Send(http::result(request, result))]
            });
            let client = served.client();
            let tools = client.list_tools().unwrap();
            assert_eq!(tools.tools().len(), 1);
            assert_eq!(tools.tools()[0].input_schema().unwrap(), schema(&url));
            let arguments = json!({"a": {"any": "thing"}, "d": "z"});
            assert_eq!(client.call("echo", arguments.clone()).unwrap().told(), arguments);
            if served.is_stateless() {
                let call = served.log().of("tools/call")[0].clone();
                assert_eq!(call.header("mcp-param-d"), Some("z"), "the mark is known all the same");
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
            assert_eq!(count.load(Ordering::SeqCst), 0);
        }
    }
}
