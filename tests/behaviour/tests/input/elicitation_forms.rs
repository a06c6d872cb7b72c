//! The response to an elicitation form as it is sent.

use behaviour::constants::*;
use behaviour::{HttpServer, Input, c, outcome, raw, tests};
use serde_json::{Value, json};

/// One of each era.
fn eras() -> [HttpServer; 2] {
    [HttpServer::stateless(), HttpServer::handshake()]
}

/// Asks for a form, and gives the request that brought the answer.
fn answered(served: &HttpServer, fields: Value, answer: fn(Input)) -> String {
    let client = served.client();
    client.set_input_handler(MCP_INPUT_FORM, answer).unwrap();
    let form = json!({"method": "elicitation/create", "params": {"message": "?",
        "requestedSchema": {"type": "object", "properties": fields}}});
    client.call("ask", json!({"rounds": [{"q": form}]})).unwrap();
    let last =
        served.log().that(|request| String::from_utf8_lossy(&request.body).contains("\"action\":"));
    String::from_utf8(last[0].body.clone()).unwrap()
}

fn accept(input: &Input, content: &str) -> behaviour::Outcome<()> {
    outcome(unsafe { raw::mcp_input_accept(input.0, c(content).as_ptr()) })
}

tests! {
    form_values_keep_their_spelling_and_order {
        for served in eras() {
            let fields = json!({"a": {"type": "string"}, "n": {"type": "number"},
                "z": {"type": "boolean", "default": true}});
            let sent = answered(&served, fields, |input| {
                accept(&input, r#"{"n":12345678901234567890.10,"a":"\u00e9"}"#).unwrap();
            });
            let wanted = r#""content":{"n":12345678901234567890.10,"a":"\u00e9","z":true}"#;
            assert!(sent.contains(wanted), "{sent}");
        }
    }

    invalid_default_is_not_sent {
        for served in eras() {
            let fields = json!({"colour": {"type": "string", "enum": ["red"], "default": "green"},
                "count": {"type": "number", "enum": [1, 2]}});
            let sent = answered(&served, fields, |input| {
                for content in ["{}", r#"{"count":1}"#] {
                    let failure = accept(&input, content).unwrap_err();
                    assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT);
                    let says = |words: &str| failure.message.contains(words);
                    assert!(says("\"colour\"") && says("default"), "{}", failure.message);
                }
                let failure = accept(&input, r#"{"colour":"red","count":7}"#).unwrap_err();
                assert!(failure.message.contains("\"count\""), "{}", failure.message);
                accept(&input, r#"{"colour":"red"}"#).unwrap();
            });
            assert!(sent.contains(r#""content":{"colour":"red"}"#), "{sent}");
        }
    }
}
