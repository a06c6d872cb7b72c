//! A method that the server does not know: one rule for all calls.

use behaviour::constants::*;
use behaviour::{Client, Failure, Outcome, RAW_CARRIERS, RawServer, tests};
use serde_json::json;

type Form = fn(&Client) -> Outcome<()>;

/// Each form of a call, with the method that it sends.
const FORMS: &[(&str, Form)] = &[
    ("tools/list", |client| client.list_tools().map(drop)),
    ("tools/call", |client| client.call("x", json!({})).map(drop)),
    ("tools/call", |client| started(client, "tools/call", r#"{"name":"x"}"#)),
    ("resources/list", |client| client.list_resources().map(drop)),
    ("resources/templates/list", |client| client.list_templates().map(drop)),
    ("resources/read", |client| client.read("x:y").map(drop)),
    ("prompts/list", |client| client.list_prompts().map(drop)),
    ("prompts/get", |client| client.get_prompt("x", None).map(drop)),
    ("completion/complete", |client| {
        let reference = json!({"type": "ref/prompt", "name": "x"});
        client.complete(reference, "a", "b", None).map(drop)
    }),
    ("tasks/get", |client| client.get_task("x").map(drop)),
    ("tasks/cancel", |client| client.cancel_task("x")),
    ("tasks/list", |client| client.list_tasks().map(drop)),
    ("resources/list", |client| started(client, "resources/list", "{}")),
    ("prompts/list", |client| client.request("prompts/list", None)?.perform().map(drop)),
];

fn started(client: &Client, method: &str, params: &str) -> Outcome<()> {
    let request = client.request(method, Some(params))?;
    request.start()?;
    assert_ne!(request.wait(60_000), MCP_OK);
    request.take_result().map(drop)
}

/// The failures of all forms, with their methods.
fn failures(declares: bool, is_checked: impl Fn(&str, &Failure)) {
    const UNKNOWN: &str = r#"error:{"code":-32601,"message":"no such thing","data":[7]}"#;
    for carrier in RAW_CARRIERS {
        let served = RawServer::new(carrier, move |method, _| match method {
            "initialize" | "server/discover" if declares => None,
            "initialize" => {
                Some(format!(r#"{{"protocolVersion":"{}","capabilities":{{}}}}"#, carrier.version))
            }
            "server/discover" => Some(format!(
                r#"{{"supportedVersions":["{}"],"capabilities":{{}}}}"#,
                carrier.version
            )),
            _ => Some(UNKNOWN.to_owned()),
        });
        let client = served.client();
        for (method, form) in FORMS {
            let before = served.params(method).len();
            let failure = form(&client).unwrap_err();
            let is_sent = served.params(method).len() > before;
            if is_sent {
                // Code, words and data of the server are kept.
                assert_eq!(failure.rpc_code, -32601, "{carrier:?} {method}");
                assert!(failure.message.contains("\"no such thing\""), "{}", failure.message);
                assert_eq!(failure.data.as_deref(), Some("[7]"), "{method}");
            }
            if is_sent || !declares {
                is_checked(method, &failure);
            }
        }
    }
}

tests! {
    unknown_method_of_a_declared_capability_is_an_error_of_the_server {
        failures(true, |method, failure| {
            assert_eq!(failure.status, MCP_E_RPC, "{method}: {}", failure.message);
        });
    }

    unknown_method_of_an_undeclared_capability_is_unsupported {
        failures(false, |method, failure| {
            assert_eq!(failure.status, MCP_E_UNSUPPORTED, "{method}: {}", failure.message);
        });
    }
}
