//! The members of a result, and malformed results.

use behaviour::constants::*;
use behaviour::{HttpServer, tests};
use mcp_test_server::items::{PICTURE, SOUND};
use mcp_test_server::malformed;
use mcp_test_server::offer::Offer;
use serde_json::{Value, json};

tests! {
    every_kind_of_content_is_read {
        for served in HttpServer::each(Offer::default()) {
            let answer = served.client().call("contents", json!({})).unwrap();
            let all = answer.contents();
            let kinds: Vec<i32> = all.iter().map(|one| one.kind()).collect();
            assert_eq!(kinds, [MCP_CONTENT_TEXT, MCP_CONTENT_IMAGE, MCP_CONTENT_AUDIO,
                MCP_CONTENT_RESOURCE, MCP_CONTENT_RESOURCE, MCP_CONTENT_RESOURCE_LINK,
                MCP_CONTENT_OTHER, MCP_CONTENT_TEXT, MCP_CONTENT_IMAGE]);
            assert_eq!(all[0].text().as_deref(), Some("caf\u{e9} \0\u{1f600}"));
            assert_eq!(all[0].annotations().unwrap()["audience"][0], "assistant");
            assert_eq!(all[0].meta().unwrap()["com.example/kept"], 1);
            assert_eq!(all[0].role(), None);
            assert_eq!(all[1].data().unwrap().unwrap(), PICTURE);
            assert_eq!(all[1].mime_type().as_deref(), Some("image/png"));
            assert_eq!(all[2].data().unwrap().unwrap(), SOUND);
            assert_eq!(all[2].mime_type().as_deref(), Some("audio/wav"));
            assert_eq!(all[3].text().as_deref(), Some("inside"));
            assert_eq!(all[3].uri().as_deref(), Some("test://text"));
            assert_eq!(all[3].mime_type().as_deref(), Some("text/plain"));
            assert_eq!(all[4].data().unwrap().unwrap(), PICTURE);
            assert_eq!(all[4].text(), None);
            assert_eq!(answer.meta().unwrap()["com.example/kept"], "yes");
        }
    }

    resource_link_has_the_members_of_a_resource {
        for served in HttpServer::each(Offer::default()) {
            let answer = served.client().call("contents", json!({})).unwrap();
            let all = answer.contents();
            assert_eq!(all[5].uri().as_deref(), Some("test://linked"));
            assert_eq!(all[5].name().as_deref(), Some("linked"));
            assert_eq!(all[5].mime_type().as_deref(), Some("text/x-linked"));
            let link = all[5].resource().unwrap();
            assert_eq!(link.title().as_deref(), Some("A link"));
            assert_eq!((link.size(), link.description().as_deref()), (42, Some("Behind it.")));
            let inside = all[3].resource().unwrap();
            assert_eq!(inside.uri().as_deref(), Some("test://text"));
            assert_eq!(inside.mime_type().as_deref(), Some("text/plain"));
            assert!(all[0].resource().is_none() && all[6].resource().is_none());
        }
    }

    unknown_content_is_given_as_json {
        let answer = HttpServer::stateless().client().call("contents", json!({})).unwrap();
        let other = answer.contents()[6];
        assert_eq!(other.json().unwrap(), json!({"type": "hologram", "depth": 3}));
        assert_eq!((other.text(), other.data().unwrap(), other.uri()), (None, None, None));
    }

    invalid_base64_is_an_error_and_the_rest_is_readable {
        let answer = HttpServer::stateless().client().call("contents", json!({})).unwrap();
        let all = answer.contents();
        for _ in 0..2 {
            let failure = all[8].data().unwrap_err();
            assert_eq!(failure.status, MCP_E_PROTOCOL);
            assert!(failure.message.contains("base64"), "{}", failure.message);
        }
        assert_eq!(all[1].data().unwrap().unwrap(), PICTURE);
        assert_eq!(all[7].text().as_deref(), Some("the last"));
    }

    result_text_joins_all_texts {
        let answer = HttpServer::stateless().client().call("contents", json!({})).unwrap();
        assert_eq!(answer.text(), "caf\u{e9} \0\u{1f600}\nthe last");
    }

    large_bytes_are_decoded {
        let answer =
            HttpServer::stateless().client().call("image", json!({"size": 1_000_000})).unwrap();
        assert_eq!(answer.contents()[0].data().unwrap().unwrap(), vec![7; 1_000_000]);
    }

    structured_content_is_any_value_and_null_is_not_absent {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            for value in [json!(null), json!(false), json!(0), json!(""), json!([]),
                          json!({"n": 1, "\u{e9}": [null]})] {
                let answer = client.call("structured", json!({"value": value})).unwrap();
                let structured = answer.structured().expect("there, even if null");
                assert_eq!(serde_json::from_str::<Value>(&structured).unwrap(), value);
            }
            assert_eq!(client.call("echo", json!({})).unwrap().structured(), None);
        }
    }

    result_without_content_is_empty {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            let answer = client.call("bare", json!({})).unwrap();
            assert_eq!((answer.contents().len(), answer.text().as_str()), (0, ""));
            assert!(!answer.is_error());
            let answer = client.call("old", json!({})).unwrap();
            assert_eq!(answer.value()["toolResult"]["n"], 1);
            assert_eq!(answer.contents().len(), 0);
        }
    }

    result_with_wrong_types_never_crashes {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            for result in [
                json!({"content": 5}), json!({"content": [5, null, [], "x"]}),
                json!({"content": [{}]}), json!({"content": [{"type": 7}]}),
                json!({"content": [{"type": "text"}]}), json!({"content": [{"type": "text", "text": 7}]}),
                json!({"content": [{"type": "image", "data": 7, "mimeType": []}]}),
                json!({"content": [{"type": "resource", "resource": "x"}]}),
                json!({"content": [{"type": "resource_link", "size": "big", "uri": 1}]}),
                json!({"content": [], "isError": "yes"}), json!({"content": [], "_meta": 3}),
                json!({"content": [{"type": "image", "data": ""}]}),
                json!({"tools": 7, "resources": [null], "prompts": {}, "completion": [], "skills": 1}),
                json!({"completion": {"values": [1, null, "x"], "total": -3, "hasMore": 5}}),
                json!({"tools": [{"name": 7, "inputSchema": []}, 7], "nextCursor": 7, "ttlMs": "x"}),
                json!({"prompts": [{"name": "p", "arguments": [7, {}, {"name": []}]}]}),
                json!({"skills": [{"uri": 1, "frontmatter": 2, "resources": [3, {"size": -1}]}]}),
            ] {
                let Ok(answer) = client.call("odd", json!({"result": result})) else { continue };
                answer.json();
                answer.text();
                answer.structured();
                answer.meta();
                for one in answer.contents() {
                    let _ = (one.kind(), one.text(), one.data(), one.uri(), one.mime_type());
                    let _ = (one.json(), one.role(), one.name(), one.meta(), one.annotations());
                    if let Some(link) = one.resource() {
                        let _ = (link.size(), link.uri(), link.title());
                    }
                }
                for tool in answer.tools() {
                    let _ = (tool.name(), tool.title(), tool.input_schema(), tool.hint("x"));
                }
                for prompt in answer.prompts() {
                    let _ = (prompt.name(), prompt.title());
                }
                let _ = (answer.resources().len(), answer.skills().len());
                let _ = (answer.completions(), answer.more_completions(), answer.ttl());
                let _ = (answer.next_cursor(), answer.is_error(), answer.description());
            }
            client.call("echo", json!({})).unwrap();
        }
    }

    unknown_result_type_is_an_error {
        let served = HttpServer::stateless();
        let client = served.client();
        let failure = client
            .call("odd", json!({"result": {"resultType": "surprise", "content": []}})).unwrap_err();
        assert_eq!(failure.status, MCP_E_PROTOCOL);
        assert!(failure.message.contains("surprise"), "{}", failure.message);
        // Without the extension a task is no less of a surprise.
        let failure = client
            .call("odd", json!({"result": {"resultType": "task", "taskId": "t"}})).unwrap_err();
        assert_eq!(failure.status, MCP_E_PROTOCOL);
        client.call("malformed", json!({"how": "unknown-before"})).unwrap();
    }

    malformed_result_is_an_error_and_the_next_call_works {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            client.set_max_events(1000).unwrap();
            for how in malformed::ALL {
                let wanted: &[i32] = match how {
                    // What comes after the answer, or is nobody's, is dropped.
                    "twice" | "unknown-before" | "late" => &[0],
                    // So is an event that is no message.
                    "event-not-json" => &[0],
                    // One request is pending, and this is its response.
                    "id-text" | "array" => &[0],
                    "flood" | "flood-of-replies" => &[MCP_E_TOO_LARGE],
                    "deep" => &[MCP_E_TOO_LARGE, MCP_E_PROTOCOL],
                    "deep-without-end" => &[MCP_E_TOO_LARGE, MCP_E_PROTOCOL],
                    "no-answer" => &[MCP_E_IO],
                    "only-unknown" => &[MCP_E_IO, MCP_E_PROTOCOL],
                    // Lenient or not, but never a crash and never a guess.
                    "names-twice" | "surrogate" => &[0, MCP_E_PROTOCOL],
                    "error-text" | "error-code-text" => &[MCP_E_RPC],
                    _ => &[MCP_E_PROTOCOL],
                };
                let status = match client.call("malformed", json!({"how": how})) {
                    Ok(_) => 0,
                    Err(failure) => failure.status,
                };
                assert!(wanted.contains(&status), "{how}: {status}");
                client.call("echo", json!({"after": how}))
                    .unwrap_or_else(|failure| panic!("after {how}: {}", failure.message));
            }
        }
    }

    response_without_a_request_is_counted {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            client.call("malformed", json!({"how": "unknown-before"})).unwrap();
            assert!(client.count(MCP_COUNTER_DROPPED_REPLIES) >= 1);
        }
    }

    nesting_depth_is_limited {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            client.call("deep", json!({"depth": 60})).unwrap();
            let failure = client.call("deep", json!({"depth": 50_000})).unwrap_err();
            assert!([MCP_E_TOO_LARGE, MCP_E_PROTOCOL].contains(&failure.status));
            client.call("echo", json!({})).unwrap();
        }
    }

    result_outlives_its_client {
        let answer = {
            let served = HttpServer::stateless();
            served.client().call("contents", json!({})).unwrap()
        };
        assert_eq!(answer.contents().len(), 9);
        assert_eq!(answer.contents()[1].data().unwrap().unwrap(), PICTURE);
    }

    result_is_readable_by_many_threads {
        let answer = HttpServer::stateless().client().call("contents", json!({})).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| for _ in 0..50 {
                    let all = answer.contents();
                    assert_eq!(all[1].data().unwrap().unwrap(), PICTURE);
                    assert_eq!(all[7].text().as_deref(), Some("the last"));
                });
            }
        });
    }
}
