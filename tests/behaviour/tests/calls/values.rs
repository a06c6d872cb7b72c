//! The structured content as a value, and FastMCP's object around a result that
//! is no object.

use behaviour::{Answer, RAW_CARRIERS, RawServer, raw, tests, text};
use serde_json::Value;

const LIST: &str = r#"{"tools":[
    {"name":"wrapped","inputSchema":{"type":"object"},"outputSchema":{"type":"object",
        "properties":{"result":{"type":"integer"}},"x-fastmcp-wrap-result":true}},
    {"name":"plain","inputSchema":{"type":"object"},"outputSchema":{"type":"object",
        "properties":{"result":{"description":"x-fastmcp-wrap-result"}}}}]}"#;

fn of(value: *const raw::mcp_json) -> Option<Value> {
    let json = text(unsafe { raw::mcp_json_text(value, std::ptr::null_mut()) })?;
    Some(serde_json::from_str(&json).unwrap())
}

fn structured(answer: &Answer) -> Option<Value> {
    let value = unsafe { raw::mcp_result_structured(answer.0) };
    assert_eq!(unsafe { raw::mcp_result_structured(answer.0) }, value, "parsed once");
    of(value)
}

fn data(answer: &Answer) -> Option<Value> {
    of(unsafe { raw::mcp_result_data(answer.0) })
}

fn json(text: &str) -> Option<Value> {
    Some(serde_json::from_str(text).unwrap())
}

tests! {
    structured_content_is_a_value_without_another_parse {
        let content = r#"{"b": [1.50, {"a": "x\u0000y"}], "a": null}"#;
        for carrier in RAW_CARRIERS {
            let served = RawServer::new(carrier, move |method, _| {
                (method == "tools/call").then(|| format!(r#"{{"structuredContent":{content}}}"#))
            });
            let answer = served.client().call("x", serde_json::json!({})).unwrap();
            assert_eq!(structured(&answer), json(content), "{carrier:?}");
            assert_eq!(data(&answer), json(content));
            let value = unsafe { raw::mcp_result_structured(answer.0) };
            let number = unsafe { raw::mcp_json_at(value, c"/b/0".as_ptr()) };
            assert_eq!(text(unsafe { raw::mcp_json_text(number, std::ptr::null_mut()) }).unwrap(),
                       "1.50");
        }
    }

    result_is_unwrapped_where_schema_or_meta_say_so {
        // The tool, whether its list is read, the result, and the data.
        for (tool, lists, result, wanted) in [
            ("wrapped", true, r#"{"structuredContent":{"result":3}}"#, Some("3")),
            ("wrapped", true, r#"{"structuredContent":{"result":null}}"#, Some("null")),
            ("wrapped", true, r#"{"structuredContent":{"other":3}}"#, Some(r#"{"other":3}"#)),
            ("wrapped", false, r#"{"structuredContent":{"result":3}}"#, Some(r#"{"result":3}"#)),
            ("plain", true, r#"{"structuredContent":{"result":3}}"#, Some(r#"{"result":3}"#)),
            ("unknown", true, r#"{"structuredContent":{"result":3}}"#, Some(r#"{"result":3}"#)),
            ("plain", false, r#"{"_meta":{"fastmcp":{"wrap_result":true}},
                "structuredContent":{"result":[1]}}"#, Some("[1]")),
            ("plain", false, r#"{"_meta":{"_fastmcp":{"wrap_result":true}},
                "structuredContent":{"result":"x"}}"#, Some("\"x\"")),
            ("plain", false, r#"{"_meta":{"fastmcp":{"wrap_result":false}},
                "structuredContent":{"result":"x"}}"#, Some(r#"{"result":"x"}"#)),
            ("plain", false, r#"{"_meta":{"fastmcp":"wrap_result"},
                "structuredContent":{"result":"x"}}"#, Some(r#"{"result":"x"}"#)),
            ("plain", false, r#"{"_meta":{"fastmcp":{"wrap_result":true}}}"#, None),
            ("wrapped", true, r#"{"isError":true,"content":[]}"#, None),
        ] {
            for carrier in RAW_CARRIERS {
                let served = RawServer::new(carrier, move |method, _| match method {
                    "tools/list" => Some(LIST.replace('\n', "")),
                    "tools/call" => Some(result.replace('\n', "")),
                    _ => None,
                });
                let client = served.client();
                client.set_allow(behaviour::constants::MCP_ALLOW_MISMATCH, true).unwrap();
                if lists {
                    client.list_tools().unwrap();
                }
                let answer = client.call(tool, serde_json::json!({})).unwrap();
                let wanted = wanted.and_then(json);
                assert_eq!(data(&answer), wanted, "{carrier:?} {tool} {result}");
                let request = client.tool_request(tool, serde_json::json!({})).unwrap();
                request.start().unwrap();
                assert_eq!(request.wait(60_000), 0);
                assert_eq!(data(&request.take_result().unwrap()), wanted, "started");
            }
        }
    }

    getters_give_null_where_there_is_no_structured_content {
        assert!(unsafe { raw::mcp_result_structured(std::ptr::null()) }.is_null());
        assert!(unsafe { raw::mcp_result_data(std::ptr::null()) }.is_null());
        let served = RawServer::new(RAW_CARRIERS[0], |_, _| None);
        let answer = served.client().connect().unwrap();
        assert_eq!((structured(&answer), data(&answer)), (None, None));
    }
}
