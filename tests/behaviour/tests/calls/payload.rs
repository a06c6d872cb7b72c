//! Payloads of another type than the specification's: taken as what they plainly
//! mean, or refused with the name of the member. Never an empty success.

use behaviour::constants::*;
use behaviour::{Answer, Client, Outcome, RAW_CARRIERS, RawServer, tests};
use serde_json::{Value, json};

const TEXT: i32 = MCP_CONTENT_TEXT;
const OTHER: i32 = MCP_CONTENT_OTHER;

/// Kind, text and role of each content, or words of the error.
type Row = (&'static str, Result<&'static [(i32, Option<&'static str>)], &'static str>);

/// Contents where an array of them is due. `$` is the member.
const CONTENTS: &[Row] = &[
    (r#"{"$":"Oslo"}"#, Ok(&[(TEXT, Some("Oslo"))])),
    (r#"{"$":""}"#, Ok(&[(TEXT, Some(""))])),
    (r#"{"$":{"type":"text","text":"Oslo"}}"#, Ok(&[(TEXT, Some("Oslo"))])),
    (r#"{"$":{"text":"Oslo"}}"#, Ok(&[(TEXT, Some("Oslo"))])),
    (r#"{"$":["Oslo","Bergen"]}"#, Ok(&[(TEXT, Some("Oslo")), (TEXT, Some("Bergen"))])),
    (
        r#"{"$":[null,7,[],{"type":"text","text":"Oslo"}]}"#,
        Ok(&[(OTHER, None), (OTHER, None), (OTHER, None), (TEXT, Some("Oslo"))]),
    ),
    (r#"{"$":[{"type":"text","text":7}]}"#, Ok(&[(TEXT, Some("7"))])),
    (r#"{"$":[{"type":"text","text":true}]}"#, Ok(&[(TEXT, Some("true"))])),
    (r#"{"$":[{"type":"text","text":{"a": 1}}]}"#, Ok(&[(TEXT, Some(r#"{"a": 1}"#))])),
    (r#"{"$":[{"type":"text","text":["a"]}]}"#, Ok(&[(TEXT, Some(r#"["a"]"#))])),
    (r#"{"$":[{"type":"text","text":null}]}"#, Ok(&[(TEXT, None)])),
    (r#"{"$":[{"type":null,"text":"Oslo"}]}"#, Ok(&[(TEXT, Some("Oslo"))])),
    (r#"{"$":[{"type":7,"text":"Oslo"}]}"#, Ok(&[(TEXT, Some("Oslo"))])),
    (r#"{"$":[{"uri":"x:1","text":{"a":1}}]}"#, Ok(&[(MCP_CONTENT_RESOURCE, Some(r#"{"a":1}"#))])),
    (r#"{"$":[{"data":"AA==","mimeType":"image/png"}]}"#, Ok(&[(MCP_CONTENT_IMAGE, None)])),
    (r#"{"$":[{"data":"AA==","mimeType":"audio/wav"}]}"#, Ok(&[(MCP_CONTENT_AUDIO, None)])),
    (r#"{"$":[{"type":"hologram","text":"x"}]}"#, Ok(&[(OTHER, None)])),
    (r#"{"$":[]}"#, Ok(&[])),
    (r#"{"$":null}"#, Ok(&[])),
    ("{}", Ok(&[])),
    (r#"{"$":7}"#, Err("its \"$\" is a number, not an array of contents: 7")),
    (r#"{"$":true}"#, Err("its \"$\" is a boolean, not an array of contents: true")),
];

/// Messages of a prompt.
const MESSAGES: &[Row] = &[
    (r#"{"messages":"Oslo"}"#, Ok(&[(TEXT, Some("Oslo"))])),
    (r#"{"messages":["Oslo",null]}"#, Ok(&[(TEXT, Some("Oslo"))])),
    (
        r#"{"messages":[7,{"role":"user","content":"Oslo"}]}"#,
        Ok(&[(OTHER, None), (TEXT, Some("Oslo"))]),
    ),
    (r#"{"messages":[{"role":"user","content":"Oslo"}]}"#, Ok(&[(TEXT, Some("Oslo"))])),
    (r#"{"messages":{"role":"user","content":"Oslo"}}"#, Ok(&[(TEXT, Some("Oslo"))])),
    (
        r#"{"messages":[{"role":"user","content":["Oslo",{"type":"text","text":"Bergen"}]}]}"#,
        Ok(&[(TEXT, Some("Oslo")), (TEXT, Some("Bergen"))]),
    ),
    (
        r#"{"messages":[{"role":7,"content":{"type":"text","text":"Oslo"}}]}"#,
        Ok(&[(TEXT, Some("Oslo"))]),
    ),
    (r#"{"messages":[{"role":"user","type":"text","text":"Oslo"}]}"#, Ok(&[(TEXT, Some("Oslo"))])),
    (r#"{"messages":[{"role":"user","content":null}]}"#, Ok(&[])),
    (r#"{"messages":null}"#, Ok(&[])),
    (r#"{"messages":7}"#, Err("its \"messages\" is a number")),
    (r#"{"messages":[{"role":"user","content":7}]}"#, Ok(&[(OTHER, None)])),
    (r#"{"messages":{"role":"user","content":false}}"#, Ok(&[(OTHER, None)])),
];

/// Lists. `$` is the member.
const LISTS: &[(&str, Result<usize, &str>)] = &[
    (r#"{"$":[null,{"name":"echo","uri":"x:1"},7,"x",[],{},{"name":null},{"name":5}]}"#, Ok(8)),
    (
        r#"{"$":[{"name":"echo","title":7,"description":[],"icons":7,"annotations":"x","_meta":[]}]}"#,
        Ok(1),
    ),
    (r#"{"$":null}"#, Ok(0)),
    (r#"{"$":{}}"#, Ok(0)),
    ("{}", Ok(0)),
    (r#"{"$":{"echo":{}}}"#, Err("its \"$\" is an object, not an array")),
    (r#"{"$":"echo"}"#, Err("its \"$\" is a string, not an array: \"echo\"")),
    (r#"{"$":7}"#, Err("its \"$\" is a number, not an array: 7")),
    (r#"{"$":true}"#, Err("its \"$\" is a boolean, not an array")),
];

fn with(text: &str, member: &str) -> String {
    text.replace('$', member)
}

/// The outcome of a call and of the same call as a request: performed, and
/// started.
fn each_way(client: &Client, method: &str, outcome: Outcome<Answer>) -> Vec<Outcome<Answer>> {
    let params = match method {
        "tools/call" | "prompts/get" => json!({"name": "x"}),
        "resources/read" => json!({"uri": "x:1"}),
        _ => json!({"ref": {"type": "ref/prompt", "name": "x"},
            "argument": {"name": "a", "value": "b"}}),
    };
    let params = method.contains('/').then(|| params.to_string());
    let params = params.filter(|_| !method.ends_with("/list"));
    let request = client.request(method, params.as_deref()).unwrap();
    let performed = request.perform();
    request.start().unwrap();
    request.wait(60_000);
    vec![outcome, performed, request.take_result()]
}

fn has_contents(outcome: Outcome<Answer>, row: &Row, member: &str, what: &str) {
    match (outcome, row.1) {
        (Ok(answer), Ok(contents)) => {
            let found = answer.contents();
            let found: Vec<(i32, Option<String>)> =
                found.iter().map(|one| (one.kind(), one.text())).collect();
            let found: Vec<(i32, Option<&str>)> =
                found.iter().map(|(kind, text)| (*kind, text.as_deref())).collect();
            assert_eq!(found, contents, "{what}");
            let texts: Vec<&str> = contents
                .iter()
                .filter(|(kind, _)| *kind == TEXT || *kind == MCP_CONTENT_RESOURCE)
                .filter_map(|(_, text)| *text)
                .collect();
            assert_eq!(answer.text(), texts.join("\n"), "{what}");
        }
        (Err(failure), Err(words)) => {
            assert_eq!(failure.status, MCP_E_PROTOCOL, "{what}: {}", failure.message);
            assert!(failure.message.contains(&with(words, member)), "{what}: {}", failure.message);
            assert!(failure.may_have_run, "{what}");
        }
        (outcome, _) => panic!("{what}: {:?}", outcome.map(|answer| answer.json())),
    }
}

fn contents_are_read(method: &'static str, member: &'static str, rows: &'static [Row]) {
    for carrier in RAW_CARRIERS {
        let result = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
        let given = result.clone();
        let served = RawServer::new(carrier, move |asked, _| {
            (asked == method).then(|| given.lock().unwrap().clone())
        });
        let client = served.client();
        for row in rows {
            *result.lock().unwrap() = with(row.0, member);
            let call = match method {
                "tools/call" => client.call("x", json!({})),
                "resources/read" => client.read("x:1"),
                _ => client.get_prompt("x", None),
            };
            for outcome in each_way(&client, method, call) {
                has_contents(outcome, row, member, &format!("{carrier:?} {method} {}", row.0));
            }
        }
        client.ping().unwrap();
    }
}

tests! {
    contents_of_a_tool_are_taken_as_what_they_mean {
        contents_are_read("tools/call", "content", CONTENTS);
    }

    contents_of_a_resource_are_taken_as_what_they_mean {
        contents_are_read("resources/read", "contents", CONTENTS);
    }

    messages_of_a_prompt_are_taken_as_what_they_mean {
        contents_are_read("prompts/get", "messages", MESSAGES);
    }

    result_of_a_task_is_judged_as_that_of_a_call {
        for carrier in RAW_CARRIERS {
            for (result, wanted) in [
                (r#"{"content":"Oslo"}"#, Ok("Oslo")),
                (r#"{"content":[{"type":"text","text":"Oslo"}],"isError":"false"}"#, Ok("Oslo")),
                (r#"{"content":7}"#, Err("its \"content\" is a number")),
                (r#"{"content":[],"isError":[]}"#, Err("its \"isError\" is an array")),
            ] {
                let served = RawServer::new(carrier, move |method, _| {
                    let task = |rest: String| format!(
                        r#"{{"resultType":"complete","taskId":"t","pollInterval":10,"status":"completed"{rest}}}"#);
                    Some(match (method, carrier.is_stateless()) {
                        ("tools/list", _) => json!({"tools": [{"name": "x", "inputSchema": {},
                            "execution": {"taskSupport": "required"}}]}).to_string(),
                        ("tools/call", true) =>
                            json!({"resultType": "task", "taskId": "t", "status": "working",
                                "pollIntervalMs": 10}).to_string(),
                        ("tools/call", false) =>
                            json!({"task": {"taskId": "t", "status": "working",
                                "pollInterval": 10}}).to_string(),
                        ("tasks/get", true) => task(format!(",\"result\":{result}")),
                        ("tasks/get", false) => task(String::new()),
                        ("tasks/result", _) => result.to_owned(),
                        _ => return None,
                    })
                });
                let client = served.client();
                client.set_tasks(true);
                client.list_tools().unwrap();
                let what = format!("{carrier:?} {result}");
                for outcome in [client.call("x", json!({})), client.get_task_result("t")] {
                    match (outcome, wanted) {
                        (Ok(answer), Ok(text)) => {
                            assert_eq!((answer.text().as_str(), answer.is_error()), (text, false));
                        }
                        (Err(failure), Err(words)) => {
                            assert_eq!(failure.status, MCP_E_PROTOCOL, "{what}");
                            assert!(failure.message.contains(words), "{what}: {}", failure.message);
                        }
                        (outcome, _) => panic!("{what}: {:?}", outcome.map(|one| one.json())),
                    }
                }
            }
        }
    }

    flag_of_a_failed_tool_is_read_in_each_form {
        for carrier in RAW_CARRIERS {
            for (flag, wanted) in [
                ("true", Ok(true)), ("\"true\"", Ok(true)), ("\"TRUE\"", Ok(true)), ("1", Ok(true)),
                ("1.0", Ok(true)), ("false", Ok(false)), ("\"false\"", Ok(false)), ("0", Ok(false)),
                ("null", Ok(false)), ("\"yes\"", Err("a string")), ("2", Err("a number")),
                ("[]", Err("an array")), ("{}", Err("an object")),
            ] {
                let served = RawServer::new(carrier, move |method, _| {
                    let text = r#"[{"type":"text","text":"it failed"}]"#;
                    (method == "tools/call")
                        .then(|| format!(r#"{{"content":{text},"isError":{flag}}}"#))
                });
                match (served.client().call("x", json!({})), wanted) {
                    (Ok(answer), Ok(flag)) => {
                        assert_eq!((answer.is_error(), answer.text().as_str()), (flag, "it failed"));
                    }
                    (Err(failure), Err(kind)) => {
                        assert_eq!(failure.status, MCP_E_PROTOCOL);
                        let words = format!("its \"isError\" is {kind}, not true or false");
                        assert!(failure.message.contains(&words), "{}", failure.message);
                    }
                    (outcome, _) => panic!("{flag}: {:?}", outcome.map(|answer| answer.json())),
                }
            }
        }
    }

    tool_result_without_content_is_given_as_it_is {
        for carrier in RAW_CARRIERS {
            let served = RawServer::new(carrier, |method, _| {
                (method == "tools/call").then(|| r#"{"success":true,"configs":[1]}"#.to_owned())
            });
            let answer = served.client().call("x", json!({})).unwrap();
            assert_eq!(answer.json(), r#"{"success":true,"configs":[1]}"#);
            assert_eq!((answer.contents().len(), answer.text().as_str()), (0, ""));
        }
    }

    wrong_item_of_a_list_costs_only_itself {
        for carrier in RAW_CARRIERS {
            for (method, member) in [
                ("tools/list", "tools"),
                ("resources/list", "resources"),
                ("resources/templates/list", "resourceTemplates"),
                ("prompts/list", "prompts"),
            ] {
                for (result, wanted) in LISTS {
                    let text = with(result, member);
                    let served = RawServer::new(carrier, move |asked, _| {
                        (asked == method).then(|| text.clone())
                    });
                    let client = served.client();
                    let list = match member {
                        "tools" => client.list_tools(),
                        "resources" => client.list_resources(),
                        "resourceTemplates" => client.list_templates(),
                        _ => client.list_prompts(),
                    };
                    let what = format!("{carrier:?} {method} {result}");
                    for outcome in each_way(&client, method, list) {
                        match (outcome, wanted) {
                            (Ok(answer), Ok(count)) => {
                                let names: Vec<Option<String>> = match member {
                                    "tools" => answer.tools().iter().map(|one| one.name()).collect(),
                                    "prompts" => answer.prompts().iter().map(|one| one.name()).collect(),
                                    _ => answer.resources().iter().map(|one| one.name()).collect(),
                                };
                                assert_eq!(names.len(), *count, "{what}");
                                let named: Vec<&String> = names.iter().flatten().collect();
                                assert_eq!(named.len(), usize::from(*count > 0), "{what}: {named:?}");
                            }
                            (Err(failure), Err(words)) => {
                                assert_eq!(failure.status, MCP_E_PROTOCOL, "{what}");
                                let words = with(words, member);
                                assert!(failure.message.contains(&words), "{what}: {}", failure.message);
                            }
                            (outcome, _) => panic!("{what}: {:?}", outcome.map(|one| one.json())),
                        }
                    }
                }
            }
        }
    }

    cursor_goes_back_in_the_type_in_which_it_came {
        for carrier in RAW_CARRIERS {
            for cursor in ["2", "\"2\"", "-1.50", "true", "false", r#"{"page":2}"#, "[1]", "\"a\\u00e9\"", "\"\""] {
                for (method, member) in [("tools/list", "tools"), ("prompts/list", "prompts")] {
                    let served = RawServer::new(carrier, move |asked, params| {
                        (asked == method).then(|| match params.get("cursor") {
                            None => format!(r#"{{"{member}":[{{"name":"first"}}],"nextCursor":{cursor}}}"#),
                            Some(_) => format!(r#"{{"{member}":[{{"name":"second"}}]}}"#),
                        })
                    });
                    let client = served.client();
                    let page = client.request(method, None).unwrap().perform().unwrap();
                    let wanted: Value = serde_json::from_str(cursor).unwrap();
                    let text = wanted.as_str().unwrap_or(cursor);
                    assert_eq!(page.next_cursor().as_deref(), Some(text));
                    let answer =
                        if member == "tools" { client.list_tools() } else { client.list_prompts() };
                    let answer = answer.unwrap();
                    let names = |value: Value| -> Vec<String> {
                        let all = value[member].as_array().unwrap().iter();
                        all.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
                    };
                    assert_eq!(names(answer.value()), ["first", "second"], "{carrier:?} {cursor}");
                    let asked = served.params(method);
                    assert_eq!(asked.len(), 3);
                    assert_eq!(asked[2]["cursor"], wanted, "{carrier:?}");
                }
            }
        }
    }

    empty_cursor_that_comes_again_ends_the_list_before_2026_07_28 {
        for carrier in RAW_CARRIERS {
            let served = RawServer::new(carrier, |method, _| {
                (method == "tools/list")
                    .then(|| r#"{"tools":[{"name":"echo"}],"nextCursor":""}"#.to_owned())
            });
            let client = served.client();
            let request = client.request("tools/list", None).unwrap();
            request.set_all_pages(true).unwrap();
            for outcome in [client.list_tools(), request.perform()] {
                if carrier.is_stateless() {
                    let failure = outcome.unwrap_err();
                    assert_eq!(failure.status, MCP_E_PROTOCOL);
                    assert!(failure.message.contains("circle"), "{}", failure.message);
                    continue;
                }
                let answer = outcome.unwrap();
                let names: Vec<_> = answer.tools().iter().map(|tool| tool.name()).collect();
                assert_eq!(names, [Some("echo".to_owned())], "{carrier:?}");
            }
            if !carrier.is_stateless() {
                assert_eq!(served.params("tools/list").len(), 4);
            }
        }
    }

    page_of_an_empty_cursor_is_read_if_there_is_one {
        for carrier in RAW_CARRIERS {
            let served = RawServer::new(carrier, |method, params| {
                (method == "tools/list").then(|| match params["cursor"].as_str() {
                    None => r#"{"tools":[{"name":"a"}],"nextCursor":""}"#,
                    Some("") => r#"{"tools":[{"name":"b"}],"nextCursor":"x"}"#,
                    _ => r#"{"tools":[{"name":"c"}]}"#,
                }.to_owned())
            });
            assert_eq!(served.client().list_tools().unwrap().tools().len(), 3, "{carrier:?}");
        }
    }

    any_other_cursor_that_comes_again_is_a_circle {
        for carrier in RAW_CARRIERS {
            for cursor in ["\"a\"", "0", "false", "\" \""] {
                let served = RawServer::new(carrier, move |method, _| {
                    (method == "prompts/list")
                        .then(|| format!(r#"{{"prompts":[{{"name":"p"}}],"nextCursor":{cursor}}}"#))
                });
                let failure = served.client().list_prompts().unwrap_err();
                assert_eq!(failure.status, MCP_E_PROTOCOL);
                assert!(failure.message.contains("circle"), "{}", failure.message);
            }
        }
    }

    completions_are_taken_as_what_they_mean {
        for carrier in RAW_CARRIERS {
            for (result, wanted) in [
                (r#"{"completion":{"values":["a","b"],"hasMore":"true","total":2.0}}"#, Ok(&["a", "b"] as &[&str])),
                (r#"{"completion":{"values":["a",1,null,{},"b"]}}"#, Ok(&["a", "1", "b"])),
                (r#"{"completion":{"values":"a"}}"#, Ok(&["a"])),
                (r#"{"completion":["a"]}"#, Ok(&["a"])),
                (r#"{"values":["a"]}"#, Ok(&["a"])),
                (r#"{"completion":{"values":null}}"#, Ok(&[])),
                (r#"{"completion":null}"#, Ok(&[])),
                ("{}", Ok(&[])),
                (r#"{"completion":{"values":7}}"#, Err("its \"values\" is a number")),
                (r#"{"completion":{"values":{"a":1}}}"#, Err("its \"values\" is an object")),
                (r#"{"completion":"a"}"#, Err("its \"completion\" is a string")),
                (r#"{"completion":true}"#, Err("its \"completion\" is a boolean")),
            ] {
                let served = RawServer::new(carrier, move |method, _| {
                    (method == "completion/complete").then(|| result.to_owned())
                });
                let client = served.client();
                let reference = json!({"type": "ref/prompt", "name": "x"});
                let outcome = client.complete(reference, "a", "b", None);
                for outcome in each_way(&client, "completion/complete", outcome) {
                    match (outcome, wanted) {
                        (Ok(answer), Ok(values)) => assert_eq!(answer.completions(), values, "{result}"),
                        (Err(failure), Err(words)) => {
                            assert_eq!(failure.status, MCP_E_PROTOCOL, "{result}");
                            assert!(failure.message.contains(words), "{}", failure.message);
                        }
                        (outcome, _) => panic!("{result}: {:?}", outcome.map(|one| one.json())),
                    }
                }
            }
        }
    }

    result_that_was_refused_is_not_kept {
        let carrier = RAW_CARRIERS[4];
        assert!(carrier.is_stateless());
        let served = RawServer::new(carrier, |method, _| {
            (method == "resources/read")
                .then(|| r#"{"contents":7,"ttlMs":60000,"cacheScope":"public"}"#.to_owned())
        });
        let client = served.client();
        for _ in 0..2 {
            assert_eq!(client.read("x:1").unwrap_err().status, MCP_E_PROTOCOL);
        }
        assert_eq!(served.params("resources/read").len(), 2);
        let served = RawServer::new(carrier, |method, _| {
            (method == "resources/read")
                .then(|| r#"{"contents":"Oslo","ttlMs":60000,"cacheScope":"public"}"#.to_owned())
        });
        let client = served.client();
        for _ in 0..2 {
            assert_eq!(client.read("x:1").unwrap().text(), "Oslo");
        }
        assert_eq!(served.params("resources/read").len(), 1, "the second is of the cache");
    }

    base64_is_read_in_each_form {
        let bytes: Vec<u8> = (0..=255).collect();
        let standard = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn+AgYKDhIWGh4iJiouMjY6PkJGSk5SVlpeYmZqbnJ2en6ChoqOkpaanqKmqq6ytrq+wsbKztLW2t7i5uru8vb6/wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t/g4eLj5OXm5+jp6uvs7e7v8PHy8/T19vf4+fr7/P3+/w==";
        let url_safe = standard.replace('+', "-").replace('/', "_");
        let lines = |text: &str| text.as_bytes().chunks(76)
            .map(|line| String::from_utf8(line.to_vec()).unwrap()).collect::<Vec<_>>().join("\\r\\n");
        let mixed = standard.replacen('+', "-", 1);
        for carrier in RAW_CARRIERS {
            for (text, is_right) in [
                (standard.to_owned(), true),
                (standard.trim_end_matches('=').to_owned(), true),
                (url_safe.clone(), true),
                (url_safe.trim_end_matches('=').to_owned(), true),
                (lines(standard), true),
                (lines(&url_safe), true),
                (format!("{}\\n", lines(url_safe.trim_end_matches('='))), true),
                (mixed.clone(), true),
                (format!("data:image/png;base64,{standard}"), false),
                (standard.replacen('A', "*", 1), false),
                (standard.replacen("AA", "A=A", 1), false),
                ("A".to_owned(), false),
            ] {
                let served = RawServer::new(carrier, move |method, _| match method {
                    "resources/read" => Some(format!(r#"{{"contents":[{{"uri":"x:1","blob":"{text}"}}]}}"#)),
                    "tools/call" => Some(format!(
                        r#"{{"content":[{{"type":"image","mimeType":"a/b","data":"{text}"}}]}}"#)),
                    _ => None,
                });
                let client = served.client();
                for answer in [client.read("x:1").unwrap(), client.call("x", json!({})).unwrap()] {
                    match answer.contents()[0].data() {
                        Ok(found) => assert_eq!((found.unwrap(), is_right), (bytes.clone(), true)),
                        Err(failure) => {
                            assert!(!is_right, "{}", failure.message);
                            assert_eq!(failure.status, MCP_E_PROTOCOL);
                        }
                    }
                }
            }
        }
    }

    what_is_only_shown_never_fails_a_connection {
        for carrier in RAW_CARRIERS {
            for info in [
                r#""serverInfo":{"name":"f","version":1.2}"#, r#""serverInfo":{"name":7}"#,
                r#""serverInfo":{"name":["f"],"title":{},"version":null,"icons":7}"#,
                r#""serverInfo":null"#, r#""serverInfo":"f""#, r#""serverInfo":[]"#,
                r#""serverInfo":7"#, r#""x":1"#, r#""instructions":7"#, r#""instructions":["x"]"#,
                r#""_meta":"x""#, r#""_meta":{"io.modelcontextprotocol/serverInfo":[7]}"#,
                r#""serverInfo":{"name":"a"},"serverInfo":{"name":"b"}"#,
            ] {
                let served = RawServer::new(carrier, move |method, _| match method {
                    "initialize" | "server/discover" => Some(format!(
                        r#"{{"protocolVersion":"{0}","supportedVersions":["{0}"],"capabilities":{{"tools":{{}}}},{info}}}"#,
                        carrier.version)),
                    "tools/list" => Some(r#"{"tools":[{"name":"echo"}]}"#.to_owned()),
                    _ => None,
                });
                let client = served.client();
                let said = client.connect().unwrap_or_else(|failure| panic!("{info}: {}", failure.message));
                let wanted = match info {
                    _ if info.contains("\"name\":\"f\"") => Some("f"),
                    _ if info.contains("\"name\":7") => Some("7"),
                    _ if info.contains("\"name\":\"b\"") => Some("b"),
                    _ => None,
                };
                assert_eq!(said.server_name().as_deref(), wanted, "{info}");
                assert_eq!(client.list_tools().unwrap().tools().len(), 1);
            }
        }
    }
}
