//! Limits, in number and bytes, on what is queued for an application that does not
//! dispatch; what is dropped is counted.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use behaviour::constants::*;
use behaviour::{HttpServer, Input, SOON, tests};
use mcp_test_server::http::{self, Stream};
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use mcp_test_server::{Action, await_true};
use serde_json::{Value, json};

const CHANGED: &str = "notifications/tools/list_changed";

/// An input request as an event, as text because it may be large.
fn question(id: usize, length: usize) -> Vec<u8> {
    let text = "x".repeat(length);
    http::chunk(
        format!(
            "data: {{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"elicitation/create\",\
             \"params\":{{\"message\":\"{text}\",\"requestedSchema\":\
             {{\"type\":\"object\",\"properties\":{{}}}}}}}}\n\n"
        )
        .as_bytes(),
    )
}

/// A server that asks so many questions of that length on its standing stream
/// at once.
fn asks(count: usize, length: usize) -> HttpServer {
    let all: Vec<Vec<u8>> = (0..count).map(|id| question(id, length)).collect();
    HttpServer::before(Config::handshake(Offer::default()), move |_, mcp, request| {
        if request.method != "GET" {
            return mcp.handle(request);
        }
        let begin = Stream::new();
        all.iter().fold(begin, |stream, one| stream.send(one.clone())).then(Action::Hang)
    })
}

tests! {
    unread_events_are_limited_in_bytes {
        let offer = Offer::default();
        for config in [Config::stateless(offer.clone()), Config::handshake(offer)] {
            let served = HttpServer::new(config);
            let client = served.client();
            let seen = Arc::new(Mutex::new(Vec::new()));
            let shared = seen.clone();
            client.set_event_handler(move |event| {
                if event.kind == MCP_EVENT_TOOLS_CHANGED {
                    shared.lock().unwrap().push(event.params["number"].as_u64().unwrap());
                }
            }).unwrap();
            client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
            assert!(served.mcp.await_listeners(1, SOON));
            let text = "x".repeat(1 << 20);
            for number in 0..40 {
                // By hand, as it is large.
                let event = format!("data: {{\"jsonrpc\":\"2.0\",\"method\":\"{CHANGED}\",\
                    \"params\":{{\"number\":{number},\"text\":\"{text}\"}}}}\n\n");
                served.mcp.send_raw(event.as_bytes());
            }
            let is_full = await_true(SOON, || client.count(MCP_COUNTER_DROPPED_EVENTS) >= 24);
            assert!(is_full, "{}", client.count(MCP_COUNTER_DROPPED_EVENTS));
            // The last of them may be under way.
            let has_all = || {
                client.dispatch(0).unwrap();
                seen.lock().unwrap().last() == Some(&39)
            };
            assert!(await_true(SOON, has_all), "the oldest make room");
            let seen = seen.lock().unwrap();
            assert!((10..=17).contains(&seen.len()), "{seen:?}");
            let dropped = client.count(MCP_COUNTER_DROPPED_EVENTS) as usize;
            assert!((40..=41).contains(&(dropped + seen.len())), "{dropped} and {seen:?}");
        }
    }

    unanswered_input_requests_are_limited {
        let served = asks(1200, 1);
        let client = served.client();
        let (sender, inputs) = channel::<Input>();
        client.set_input_handler(MCP_INPUT_FORM, move |input| sender.send(input).unwrap()).unwrap();
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        let is_full = await_true(SOON, || client.count(MCP_COUNTER_DROPPED_EVENTS) == 200);
        assert!(is_full, "{}", client.count(MCP_COUNTER_DROPPED_EVENTS));
        // The others get an error at once.
        assert!(await_true(SOON, || served.log().answers().len() == 200));
        for answer in served.log().answers() {
            assert_eq!(answer["error"]["code"], -32000, "{answer}");
        }
        client.dispatch(0).unwrap();
        let inputs: Vec<Input> = inputs.try_iter().collect();
        assert_eq!(inputs.len(), 1000);
        inputs[0].decline().unwrap();
        drop(inputs);
        assert!(await_true(SOON, || served.log().answers().len() == 1200));
    }

    unanswered_input_requests_are_limited_in_bytes {
        // A little more than a quarter of the bound each.
        let served = asks(8, 16 << 20);
        let client = served.client();
        client.set_input_handler(MCP_INPUT_FORM, |input| input.decline().unwrap()).unwrap();
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        let is_full = await_true(SOON, || client.count(MCP_COUNTER_DROPPED_EVENTS) == 5);
        assert!(is_full, "{}", client.count(MCP_COUNTER_DROPPED_EVENTS));
        client.dispatch(0).unwrap();
        assert!(await_true(SOON, || served.log().answers().len() == 8));
        let declined = served.log().answers().iter()
            .filter(|answer| answer["result"]["action"] == "decline").count();
        assert_eq!(declined, 3);
    }

    input_request_over_the_byte_limit_is_delivered_alone {
        let served = asks(2, 70 << 20);
        let client = served.client();
        client.set_max_message_size(100 << 20);
        client.set_input_handler(MCP_INPUT_FORM, |input| input.decline().unwrap()).unwrap();
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        assert!(await_true(SOON, || client.count(MCP_COUNTER_DROPPED_EVENTS) == 1));
        client.dispatch(0).unwrap();
        assert!(await_true(SOON, || served.log().answers().len() == 2));
    }

    round_with_too_many_input_requests_fails_the_call {
        let served = HttpServer::stateless();
        let client = served.client();
        client.set_input_handler(MCP_INPUT_FORM, |input| input.decline().unwrap()).unwrap();
        let form = json!({"method": "elicitation/create", "params": {"message": "?",
            "requestedSchema": {"type": "object", "properties": {}}}});
        let round = |count: usize| {
            let all = (0..count).map(|number| (format!("q{number}"), form.clone()));
            json!({"rounds": [Value::Object(all.collect())]})
        };
        let failure = client.call("ask", round(1001)).unwrap_err();
        assert_eq!(failure.status, MCP_E_TOO_LARGE, "{}", failure.message);
        assert!(failure.message.contains("1000 input requests"), "{}", failure.message);
        client.call("ask", round(1000)).unwrap();
    }
}
