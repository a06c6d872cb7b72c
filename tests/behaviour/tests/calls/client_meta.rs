//! The `_meta` that a client adds to all its requests.

use behaviour::constants::*;
use behaviour::{Client, Outcome, RAW_CARRIERS, RawServer, outcome, raw, tests};
use serde_json::{Value, json};

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn set(client: &Client, json: &str) -> Outcome<()> {
    let json = std::ffi::CString::new(json).unwrap();
    outcome(unsafe { raw::mcp_client_set_meta_json(client.0, json.as_ptr()) })
}

fn remove(client: &Client) -> Outcome<()> {
    outcome(unsafe { raw::mcp_client_set_meta_json(client.0, std::ptr::null()) })
}

fn last(served: &RawServer, method: &str) -> Value {
    served.params(method).last().expect(method)["_meta"].clone()
}

tests! {
    each_request_has_the_members_and_its_own_count_first {
        for carrier in RAW_CARRIERS {
            let served = RawServer::new(carrier, |method, _| {
                (method == "tools/call").then(|| "{}".to_owned())
            });
            let client = served.client();
            set(&client, &json!({"traceparent": TRACE, "com.example/a": 1}).to_string()).unwrap();
            client.call("x", json!({})).unwrap();
            let meta = last(&served, "tools/call");
            assert_eq!((&meta["traceparent"], &meta["com.example/a"]), (&json!(TRACE), &json!(1)));
            let first = if carrier.is_stateless() { "server/discover" } else { "initialize" };
            assert_eq!(last(&served, first)["traceparent"], TRACE, "{carrier:?}");

            let request = client.tool_request("x", json!({})).unwrap();
            request.set_meta(json!({"com.example/a": [2], "com.example/b": 3})).unwrap();
            request.perform().unwrap();
            let meta = last(&served, "tools/call");
            assert_eq!(meta["traceparent"], TRACE);
            assert_eq!(meta["com.example/a"], json!([2]), "the member of the request counts");
            assert_eq!(meta["com.example/b"], 3);
            let params = r#"{"name":"x","_meta":{"com.example/a":"p"}}"#;
            client.request("tools/call", Some(params)).unwrap().perform().unwrap();
            let meta = last(&served, "tools/call");
            assert_eq!((&meta["traceparent"], &meta["com.example/a"]), (&json!(TRACE), &json!("p")));
            client.ping().unwrap();
            let ping = if carrier.is_stateless() { "server/discover" } else { "ping" };
            assert_eq!(last(&served, ping)["traceparent"], TRACE);

            set(&client, r#"{"com.example/c":{}}"#).unwrap();
            client.call("x", json!({})).unwrap();
            let meta = last(&served, "tools/call");
            assert_eq!((meta.get("traceparent"), &meta["com.example/c"]), (None, &json!({})));
            remove(&client).unwrap();
            client.call("x", json!({})).unwrap();
            assert!(last(&served, "tools/call").get("com.example/c").is_none());
        }
    }

    meta_that_the_protocol_uses_is_refused {
        let client = Client::of("http://127.0.0.1:1/mcp");
        for wrong in ["", "[]", "7", "{", r#"{"progressToken":1}"#, r#"{"traceparent":"x"}"#,
                      r#"{"io.modelcontextprotocol/clientInfo":{}}"#] {
            assert_eq!(set(&client, wrong).unwrap_err().status, MCP_E_INVALID_ARGUMENT, "{wrong}");
        }
        let status = unsafe { raw::mcp_client_set_meta_json(std::ptr::null_mut(), std::ptr::null()) };
        assert_eq!(outcome(status).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
    }
}
