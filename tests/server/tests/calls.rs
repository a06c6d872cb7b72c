//! The server's lists, calls and questions, over a plain socket.

mod peer;

use std::sync::Arc;

use mcp_test_server::Server;
use mcp_test_server::malformed;
use mcp_test_server::mcp::{Config, Mcp};
use mcp_test_server::offer::{Offer, Pages};
use peer::{Session, ask, ask_with};
use serde_json::{Value, json};

fn serve(offer: Offer) -> (Server, Arc<Mcp>) {
    let mcp = Arc::new(Mcp::new(Config::of(offer)));
    let shared = mcp.clone();
    (Server::start(move |request| shared.handle(request)), mcp)
}

fn call(server: &Server, tool: &str, arguments: Value) -> Value {
    ask(server, 7, "tools/call", json!({"name": tool, "arguments": arguments})).json()
}

fn text(message: &Value) -> &str {
    message["result"]["content"][0]["text"].as_str().unwrap()
}

/// The names and cursors of so many pages.
fn pages(pages: Pages, count: usize) -> Vec<(usize, Value)> {
    let (server, mcp) = serve(Offer { page: 2, pages, ..Offer::default() });
    let mut out = Vec::new();
    let mut params = json!({});
    for id in 1..=count {
        let message = ask(&server, id as u64, "prompts/list", params).json();
        let result = &message["result"];
        out.push((result["prompts"].as_array().map_or(9, Vec::len), result["nextCursor"].clone()));
        params = match &result["nextCursor"] {
            Value::Null => json!({}),
            cursor => json!({"cursor": cursor}),
        };
    }
    assert_eq!(mcp.violations(), [""; 0]);
    out
}

#[test]
fn lists_come_in_pages_of_each_kind() {
    let plain = pages(Pages::Plain, 2);
    assert_eq!((plain[0].0, plain[1].0, &plain[1].1), (2, 1, &Value::Null));
    assert_eq!(pages(Pages::EmptyCursor, 2)[0].1, "");
    assert_eq!(pages(Pages::EmptyCursor, 2)[1], (1, Value::Null));
    let empty: Vec<usize> = pages(Pages::EmptyPages, 4).iter().map(|page| page.0).collect();
    assert_eq!(empty, [0, 2, 0, 1]);
    let circle = pages(Pages::Circle, 3);
    assert_eq!(circle[0].1, circle[1].1);
    let same = pages(Pages::Same, 3);
    assert!(same[0].1 == same[1].1 && same[1].1 == same[2].1);
    let endless = pages(Pages::Endless, 3);
    assert!(endless[0].1 != endless[1].1 && endless[1].1 != endless[2].1);
    assert_eq!(pages(Pages::ExpiresOnce, 2)[1].0, 9, "an error");
}

#[test]
fn tools_do_what_they_are_for() {
    let (server, mcp) = serve(Offer::default());
    assert_eq!(text(&call(&server, "echo", json!({"a": 1}))), "{\"a\":1}");
    assert_eq!(text(&call(&server, "text", json!({"size": 100_000}))).len(), 100_000);
    assert_eq!(call(&server, "fails", json!({}))["result"]["isError"], true);
    let structured = call(&server, "structured", json!({"value": null}));
    assert!(structured["result"].as_object().unwrap().contains_key("structuredContent"));
    assert_eq!(call(&server, "no-such", json!({}))["error"]["code"], -32602);
    assert_eq!(call(&server, "contents", json!({}))["result"]["content"][2]["type"], "audio");
    let read = |uri: &str| ask(&server, 9, "resources/read", json!({"uri": uri})).json();
    assert_eq!(read("test://counter")["result"]["contents"][0]["text"], "read 1");
    assert_eq!(read("test://counter")["result"]["contents"][0]["text"], "read 2");
    assert_eq!(read("test://none")["error"]["code"], -32602);
    let params = json!({"name": "greet", "arguments": {"who": "you"}});
    let prompt = ask(&server, 10, "prompts/get", params).json();
    assert_eq!(prompt["result"]["messages"][1]["role"], "assistant");
    let params = json!({"ref": {"type": "ref/resource"}, "argument": {"name": "id", "value": ""}});
    let completion = ask(&server, 11, "completion/complete", params).json();
    assert_eq!(completion["result"]["completion"]["total"], 150);
    assert_eq!(mcp.violations(), [""; 0]);
}

#[test]
fn progress_comes_as_the_tool_proceeds() {
    let (server, mcp) = serve(Offer::default());
    let params = json!({"name": "slow", "arguments": {"steps": 2, "after_reports": true},
        "_meta": {"progressToken": 7}});
    let mut reply = ask(&server, 7, "tools/call", params);
    assert_eq!(reply.event()["params"], json!({"progressToken": 7, "progress": 1}));
    assert_eq!(reply.event()["params"]["progressToken"], "nobody's");
    mcp.gate("report 1").open();
    assert_eq!(reply.event()["params"]["total"], 2);
    reply.event();
    mcp.gate("report 2").open();
    assert_eq!(text(&reply.event()), "slow");
    assert_eq!(reply.chunk(), None);
}

#[test]
fn header_params_are_required() {
    let (server, mcp) = serve(Offer::default());
    let params = || json!({"name": "marked", "arguments": {"region": "\u{e9}", "count": 42}});
    assert_eq!(ask(&server, 1, "tools/call", params()).json()["error"]["code"], -32020);
    assert_eq!(mcp.violations(), [""; 0], "a client may not know the marks");
    let headers = [("Mcp-Param-Region", "=?base64?w6k=?="), ("Mcp-Param-Count", "42")];
    let message = ask_with(&server, 2, "tools/call", params(), &headers).json();
    let said: Value = serde_json::from_str(text(&message)).unwrap();
    assert_eq!(said, json!({"region": "=?base64?w6k=?=", "count": "42"}));
    mcp.rename_mark();
    let mut reply = ask_with(&server, 3, "tools/call", params(), &headers);
    assert_eq!(reply.json()["error"]["code"], -32020);
}

#[test]
fn cache_hints_are_on_lists_and_reads_of_the_stateless_era() {
    let (server, _) = serve(Offer { cache: Some((5000, "public")), ..Offer::default() });
    let hints = |message: Value| {
        (message["result"]["ttlMs"].clone(), message["result"]["cacheScope"].clone())
    };
    let given = (json!(5000), json!("public"));
    assert_eq!(hints(ask(&server, 1, "tools/list", json!({})).json()), given);
    let read = ask(&server, 2, "resources/read", json!({"uri": "test://text"})).json();
    assert_eq!(hints(read), given);
    assert_eq!(hints(call(&server, "echo", json!({}))), (Value::Null, Value::Null));
    let session = Session::begin(&server, "2025-11-25");
    let list = session.ask(2, "tools/list", json!({})).json();
    assert_eq!(hints(list), (Value::Null, Value::Null));
}

#[test]
fn input_request_of_the_handshake_era_waits_for_its_response() {
    let (server, mcp) = serve(Offer::default());
    let session = Session::begin(&server, "2025-11-25");
    let rounds = json!([
        {"a": {"method": "elicitation/create", "params": {"message": "?"}}, "b": {"method": "ping"}},
        {"c": {"method": "roots/list"}}]);
    let mut reply = session.call(2, "ask", json!({"rounds": rounds}));
    let (first, second) = (reply.event(), reply.event());
    assert_eq!(
        (&first["method"], &second["method"]),
        (&json!("elicitation/create"), &json!("ping"))
    );
    let answer = |id: &Value, result: Value| {
        let message = json!({"jsonrpc": "2.0", "id": id, "result": result});
        assert_eq!(session.post(&message).status, 202);
    };
    answer(&second["id"], json!({}));
    answer(&first["id"], json!({"action": "decline"}));
    let third = reply.event();
    let error =
        json!({"jsonrpc": "2.0", "id": third["id"], "error": {"code": -32601, "message": ""}});
    session.post(&error);
    let told: Value = serde_json::from_str(text(&reply.event())).unwrap();
    assert_eq!(told[0], json!({"a": {"action": "decline"}, "b": {}}));
    assert_eq!(told[1]["c"]["error"]["code"], -32601);
    assert_eq!(reply.chunk(), None);
    assert_eq!(server.log().answers().len(), 3);
    assert_eq!(mcp.violations(), [""; 0]);
    answer(&third["id"], json!({}));
    assert_eq!(mcp.violations().len(), 1, "answered twice");
}

#[test]
fn response_to_a_cancelled_input_request_is_a_violation() {
    let (server, mcp) = serve(Offer::default());
    let session = Session::begin(&server, "2025-11-25");
    let rounds = json!([{"a": {"method": "elicitation/create", "params": {"message": "?"}}}]);
    let mut reply = session.call(2, "ask", json!({"rounds": rounds, "withdraw": true}));
    let question = reply.event();
    assert_eq!(reply.event()["params"]["requestId"], question["id"]);
    assert_eq!(text(&reply.event()), "[\"withdrawn\"]");
    session.post(&json!({"jsonrpc": "2.0", "id": question["id"], "result": {}}));
    assert!(mcp.violations()[0].contains("withdrawn"));
}

#[test]
fn input_rounds_need_the_exact_request_state() {
    let (server, mcp) = serve(Offer::default());
    let rounds = json!([{"a": {"method": "roots/list"}}, {}]);
    let params = || json!({"name": "ask", "arguments": {"rounds": rounds}});
    let mut reply = ask(&server, 1, "tools/call", params());
    let body = String::from_utf8(reply.body()).unwrap();
    let at = body.find("\"requestState\":").unwrap() + 15;
    let state = &body[at..body[at..].find('}').unwrap() + at];
    let message: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(message["result"]["resultType"], "input_required");
    assert_eq!(message["result"]["inputRequests"]["a"]["method"], "roots/list");
    assert!(state.contains("\\u0074"), "{state}");
    let mut again = params();
    again["inputResponses"] = json!({"a": {"roots": []}});
    again["requestState"] = message["result"]["requestState"].clone();
    let shed = ask(&server, 2, "tools/call", again).json();
    assert!(mcp.violations()[0].contains("byte for byte"), "written anew by this test");
    assert!(
        shed["result"]["inputRequests"].is_null() && shed["result"]["requestState"].is_string()
    );
    let mut last = params();
    last["requestState"] = shed["result"]["requestState"].clone();
    let done = ask(&server, 3, "tools/call", last).json();
    assert_eq!(text(&done), "[{\"a\":{\"roots\":[]}},{}]");
    let mut foreign = params();
    foreign["requestState"] = json!("another's");
    assert_eq!(ask(&server, 4, "tools/call", foreign).json()["error"]["code"], -32602);
}

#[test]
fn reads_and_prompts_may_require_input() {
    let (server, _) = serve(Offer::default());
    for (method, mut params) in
        [("resources/read", json!({"uri": "test://ask"})), ("prompts/get", json!({"name": "ask"}))]
    {
        let first = ask(&server, 1, method, params.clone()).json();
        params["inputResponses"] = json!({"who": {"action": "accept", "content": {"name": "me"}}});
        params["requestState"] = first["result"]["requestState"].clone();
        assert!(ask(&server, 2, method, params).json().to_string().contains("for me"));
    }
}

#[test]
fn batch_is_an_array_in_both_forms() {
    let (server, _) = serve(Offer::default());
    let session = Session::begin(&server, "2025-03-26");
    let json = session.call(2, "batch", json!({})).json();
    let event = session.call(3, "batch", json!({"as": "event"})).event();
    for (id, batch) in [(2, json), (3, event)] {
        assert_eq!(batch.as_array().unwrap().len(), 3);
        assert_eq!((&batch[1]["method"], &batch[2]["id"]), (&json!("ping"), &json!(id)));
    }
}

#[test]
fn every_malformed_response_is_available() {
    let (server, _) = serve(Offer::default());
    for how in malformed::ALL.iter().filter(|how| !how.starts_with("flood")) {
        let params = json!({"name": "malformed", "arguments": {"how": how}});
        let mut reply = ask(&server, 1, "tools/call", params);
        let is_stream = reply.header("content-type") == Some("text/event-stream");
        let body =
            if is_stream { reply.chunk().unwrap_or_default().into_bytes() } else { reply.body() };
        assert!(!String::from_utf8_lossy(&body).contains("there is no"), "{how}");
    }
}

#[test]
fn log_messages_respect_the_level() {
    let (server, _) = serve(Offer::default());
    let params = json!({"name": "log", "_meta": {"io.modelcontextprotocol/logLevel": "alert"}});
    let mut reply = ask(&server, 1, "tools/call", params);
    assert_eq!(reply.event()["params"]["level"], "alert");
    assert_eq!(reply.event()["params"]["level"], "emergency");
    assert_eq!(text(&reply.event()), "logged");
    let session = Session::begin(&server, "2025-11-25");
    session.ask(2, "logging/setLevel", json!({"level": "emergency"}));
    assert_eq!(session.call(3, "log", json!({})).event()["params"]["level"], "emergency");
}
