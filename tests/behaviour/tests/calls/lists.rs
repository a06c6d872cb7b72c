//! Lists and reads: pages, limits, the members of an item, and the cache.

use std::time::Duration;

use behaviour::constants::*;
use behaviour::{Answer, Client, HttpServer, Outcome, tests};
use mcp_test_server::items;
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::{Offer, Pages};
use mcp_test_server::skills::{FORMS_URI, SKILL_URI, Tamper};
use serde_json::{Value, json};

type List = fn(&Client) -> Outcome<Answer>;

/// The calls that list, and their methods.
const LISTS: [(List, &str); 4] = [
    (Client::list_tools, "tools/list"),
    (Client::list_resources, "resources/list"),
    (Client::list_templates, "resources/templates/list"),
    (Client::list_prompts, "prompts/list"),
];

fn names(answer: &Answer) -> Vec<String> {
    let tools = answer.tools().into_iter().map(|one| one.name());
    let resources = answer.resources().into_iter().map(|one| one.name());
    let prompts = answer.prompts().into_iter().map(|one| one.name());
    tools.chain(resources).chain(prompts).flatten().collect()
}

fn paged(pages: Pages, page: usize) -> Offer {
    Offer { page, pages, many: 7, ..Offer::default() }
}

tests! {
    list_is_complete_for_every_page_size {
        for (list, method) in LISTS {
            let whole = HttpServer::handshake();
            let mut all = names(&list(&whole.client()).unwrap());
            assert!(!all.is_empty());
            let kind = method.trim_end_matches("s/list").rsplit('/').next().unwrap();
            all.extend((1..=7).map(|number| format!("{kind}-{number:05}")));
            for pages in [Pages::Plain, Pages::EmptyCursor, Pages::EmptyPages, Pages::ExpiresOnce] {
                for page in [1, 3, 100] {
                    let served = HttpServer::new(Config::handshake(paged(pages, page)));
                    let client = served.client();
                    let answer = list(&client).unwrap();
                    assert_eq!(names(&answer), all, "{method} {pages:?} {page}");
                    served.has_no_complaint();
                    let value = answer.value();
                    assert_eq!(value.get("nextCursor"), None, "of all pages");
                }
            }
        }
    }

    list_is_the_same_in_both_eras_except_for_invalid_header_params {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            for (list, method) in LISTS {
                let wanted: Vec<String> = match method {
                    "tools/list" => items::tools(0, false),
                    "resources/list" => items::resources(0),
                    "prompts/list" => items::prompts(0),
                    _ => items::templates(0),
                }.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
                let all = names(&list(&client).unwrap());
                let right: Vec<String> =
                    wanted.iter().filter(|name| !name.starts_with("bad-")).cloned().collect();
                if served.is_stateless() {
                    assert_eq!(all, right);
                } else {
                    assert!(all == wanted || all == right, "{all:?}");
                }
                assert_eq!(served.count(method), 1);
            }
            served.has_no_complaint();
        }
    }

    repeated_cursor_is_an_error {
        for pages in [Pages::Circle, Pages::Same] {
            for config in [Config::stateless(paged(pages, 2)), Config::handshake(paged(pages, 2))] {
                let served = HttpServer::new(config);
                let client = served.client();
                for (list, method) in LISTS {
                    let failure = list(&client).unwrap_err();
                    assert!([MCP_E_PROTOCOL, MCP_E_TOO_LARGE].contains(&failure.status),
                        "{method} {pages:?} {}", failure.message);
                    assert!(failure.message.contains("cursor"), "{}", failure.message);
                    assert!(served.count(method) < 50);
                }
                client.call("echo", json!({})).unwrap();
            }
        }
    }

    pages_and_items_are_limited {
        for config in [Config::stateless(paged(Pages::Endless, 1)),
                       Config::handshake(paged(Pages::Endless, 1))] {
            let served = HttpServer::new(config);
            let client = served.client();
            client.set_max_pages(5).unwrap();
            for (list, method) in LISTS {
                let failure = list(&client).unwrap_err();
                assert_eq!(failure.status, MCP_E_TOO_LARGE, "{}", failure.message);
                assert!(failure.message.contains("page"), "{}", failure.message);
                assert_eq!(served.count(method), 5);
            }
            client.set_max_pages(1000).unwrap();
            client.set_max_items(4).unwrap();
            let before = served.count("prompts/list");
            let failure = client.list_prompts().unwrap_err();
            assert_eq!(failure.status, MCP_E_TOO_LARGE, "{}", failure.message);
            assert!(failure.message.contains("item"), "{}", failure.message);
            assert!(served.count("prompts/list") - before <= 5);
            for wrong in [0, -1] {
                assert_eq!(client.set_max_pages(wrong).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
                assert_eq!(client.set_max_items(wrong).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
            }
        }
    }

    list_at_the_limit_is_accepted {
        let served = HttpServer::new(Config::stateless(Offer { page: 1, ..Offer::default() }));
        let client = served.client();
        client.set_max_pages(3).unwrap();
        client.set_max_items(3).unwrap();
        assert_eq!(client.list_prompts().unwrap().prompts().len(), 3);
        client.set_max_items(2).unwrap();
        assert_eq!(client.list_prompts().unwrap_err().status, MCP_E_TOO_LARGE);
    }

    one_page_at_a_time_is_a_request {
        for served in HttpServer::each(Offer { page: 2, pages: Pages::EmptyCursor, ..Offer::default() }) {
            let client = served.client();
            let first = client.request("prompts/list", None).unwrap().perform().unwrap();
            assert_eq!(first.prompts().len(), 2);
            assert_eq!(first.next_cursor().as_deref(), Some(""));
            let second =
                client.request("prompts/list", Some(r#"{"cursor":""}"#)).unwrap().perform().unwrap();
            assert_eq!((second.prompts().len(), second.next_cursor()), (1, None));
        }
    }

    refused_cursor_is_the_error_of_the_server {
        let served = HttpServer::stateless();
        let client = served.client();
        let request = client.request("tools/list", Some(r#"{"cursor":"mine"}"#)).unwrap();
        assert_eq!(request.perform().unwrap_err().rpc_code, -32602);
        assert_eq!(served.count("tools/list"), 1);
    }

    tool_has_the_members_that_the_server_sent {
        for served in HttpServer::each(Offer::default()) {
            let answer = served.client().list_tools().unwrap();
            let tool = answer.find_tool("echo").unwrap();
            assert_eq!(tool.title().as_deref(), Some("Echo"));
            assert_eq!(tool.description().as_deref(), Some("Gives its arguments back."));
            let schema = tool.input_schema().unwrap();
            assert_eq!(schema["properties"]["text"]["type"], "string");
            assert_eq!(schema["$defs"]["kept"]["$ref"], "https://example.com/never-fetched");
            assert_eq!(tool.output_schema(), None);
            assert_eq!((tool.hint("readOnlyHint"), tool.hint("destructiveHint")), (1, 0));
            assert_eq!((tool.hint("openWorldHint"), tool.hint("noSuchHint")), (-1, -1));
            assert_eq!(tool.annotations().unwrap()["idempotentHint"], true);
            assert_eq!(tool.icons().unwrap()[0]["sizes"][0], "48x48");
            assert_eq!(tool.meta().unwrap(), json!({"com.example/kept": [1, 2.5, "\u{e9}"]}));
            assert_eq!(tool.json().unwrap()["name"], "echo");
            let tool = answer.find_tool("structured").unwrap();
            assert_eq!(tool.title().as_deref(), Some("From the annotation"));
            assert_eq!(tool.output_schema().unwrap()["properties"]["n"]["type"], "integer");
            let tool = answer.find_tool("fails").unwrap();
            assert_eq!(tool.title().as_deref(), Some("fails"), "no other title");
            assert_eq!((tool.description(), tool.annotations(), tool.icons(), tool.meta()),
                (None, None, None, None));
            assert!(answer.find_tool("no-such-tool").is_none());
            // Of another kind of list there is nothing.
            assert_eq!((answer.resources().len(), answer.prompts().len()), (0, 0));
        }
    }

    resource_and_template_have_the_members_that_the_server_sent {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            let answer = client.list_resources().unwrap();
            let all = answer.resources();
            assert_eq!(all[0].uri().as_deref(), Some("test://text"));
            assert_eq!(all[0].name().as_deref(), Some("text"));
            assert_eq!(all[0].title().as_deref(), Some("A text"));
            assert_eq!(all[0].description().as_deref(), Some("Words."));
            assert_eq!(all[0].mime_type().as_deref(), Some("text/plain"));
            assert_eq!((all[0].size(), all[1].size()), (12, -1));
            assert_eq!(all[0].annotations().unwrap()["priority"], 0.5);
            assert_eq!(all[0].icons().unwrap()[0]["src"], "data:image/png;base64,AA==");
            assert_eq!(all[0].meta().unwrap()["com.example/kept"], true);
            assert_eq!((all[1].title().as_deref(), all[1].description()), (Some("blob"), None));
            let answer = client.list_templates().unwrap();
            let all = answer.resources();
            assert_eq!(all[0].uri().as_deref(), Some("test://item/{id}"));
            assert_eq!((all[0].title().as_deref(), all[0].size()), (Some("An item"), -1));
        }
    }

    prompt_has_the_members_that_the_server_sent {
        for served in HttpServer::each(Offer::default()) {
            let answer = served.client().list_prompts().unwrap();
            let all = answer.prompts();
            assert_eq!(all[0].name().as_deref(), Some("greet"));
            assert_eq!(all[0].title().as_deref(), Some("Greet"));
            assert_eq!(all[0].description().as_deref(), Some("Says hello."));
            let arguments = all[0].arguments();
            assert_eq!((arguments[0].name.as_str(), arguments[0].is_required), ("who", true));
            assert_eq!(arguments[0].title.as_deref(), Some("Who"));
            assert_eq!(arguments[0].description.as_deref(), Some("Whom to greet."));
            assert_eq!((arguments[1].title.as_deref(), arguments[1].is_required), (None, false));
            assert_eq!(all[0].icons().unwrap()[0]["src"], "https://example.com/icon.png");
            assert_eq!(all[0].meta().unwrap(), json!({"com.example/kept": null}));
            assert_eq!(all[1].arguments(), []);
        }
    }

    resources_are_read_as_text_and_as_bytes {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            let answer = client.read("test://both").unwrap();
            let contents = answer.contents();
            assert_eq!(contents[0].kind(), MCP_CONTENT_RESOURCE);
            assert_eq!(contents[0].text().as_deref(), Some("one"));
            assert_eq!(contents[0].uri().as_deref(), Some("test://both/1"));
            assert_eq!(contents[0].data().unwrap(), None);
            assert_eq!(contents[1].data().unwrap().unwrap(), mcp_test_server::items::PICTURE);
            assert_eq!(contents[1].mime_type().as_deref(), Some("image/png"));
            assert_eq!(contents[1].text(), None);
            assert_eq!(client.read("test://text").unwrap().contents()[0].text().as_deref(),
                Some("caf\u{e9} twice"));
            assert_eq!(client.read("test://empty").unwrap().contents().len(), 0);
            let wrong = client.read("test://wrong").unwrap();
            assert_eq!(wrong.contents()[0].data().unwrap_err().status, MCP_E_PROTOCOL);
            let failure = client.read("test://none").unwrap_err();
            assert_eq!(failure.rpc_code, if served.is_stateless() { -32602 } else { -32002 });
            assert_eq!(failure.data.as_deref(), Some(r#"{"uri":"test://none"}"#));
            served.has_no_complaint();
        }
    }

    fresh_result_comes_from_the_cache {
        let offer = Offer { cache: Some((60_000, "public")), page: 2, ..Offer::default() };
        let served = HttpServer::new(Config::stateless(offer));
        let client = served.client();
        for _ in 0..3 {
            assert_eq!(client.list_prompts().unwrap().prompts().len(), 3);
            assert_eq!(client.read("test://counter").unwrap().text_of_first(), "read 1");
        }
        assert_eq!((served.count("prompts/list"), served.count("resources/read")), (2, 1));
        assert_eq!(client.read("test://counter").unwrap().ttl(), 60_000);
        assert!(client.count(MCP_COUNTER_CACHE_HITS) >= 4);
        client.read("test://text").unwrap();
        assert_eq!(served.count("resources/read"), 2, "another address");
        // Never calls, questions or pings.
        client.call("echo", json!({})).unwrap();
        client.call("echo", json!({})).unwrap();
        assert_eq!(served.count("tools/call"), 2);
        client.set_cache_size(0).unwrap();
        assert_eq!(client.read("test://counter").unwrap().text_of_first(), "read 3");
    }

    stale_result_is_requested_again {
        let served = HttpServer::new(Config::stateless(Offer {
            cache: Some((300, "private")), ..Offer::default() }));
        let client = served.client();
        client.read("test://counter").unwrap();
        // It comes from the cache until then; the other tests show that.
        std::thread::sleep(Duration::from_millis(350));
        assert_eq!(client.read("test://counter").unwrap().text_of_first(), "read 2");
        for (ttl, scope) in [(0, "public"), (-5, "public")] {
            let offer = Offer { cache: Some((ttl, scope)), ..Offer::default() };
            let served = HttpServer::new(Config::stateless(offer));
            let client = served.client();
            client.read("test://counter").unwrap();
            client.read("test://counter").unwrap();
            assert_eq!(served.count("resources/read"), 2, "{ttl}");
        }
    }

    private_result_is_not_shared_between_credentials {
        for (scope, reads) in [("private", 2), ("public", 1), ("odd", 2)] {
            let offer = Offer { cache: Some((60_000, scope)), ..Offer::default() };
            let served = HttpServer::new(Config::stateless(offer));
            let client = served.client();
            client.set_token(Some("one")).unwrap();
            client.read("test://counter").unwrap();
            client.set_token(Some("two")).unwrap();
            client.read("test://counter").unwrap();
            assert_eq!(served.count("resources/read"), reads, "{scope}");
        }
    }

    cache_is_not_used_in_the_handshake_era {
        let offer = Offer { cache: Some((60_000, "public")), ..Offer::default() };
        let served = HttpServer::new(Config::handshake(offer));
        let client = served.client();
        for _ in 0..2 {
            client.list_tools().unwrap();
        }
        assert_eq!(served.count("tools/list"), 2);
        assert_eq!(client.list_tools().unwrap().ttl(), -1);
    }

    skills_are_listed_without_reading_a_file {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            let answer = client.list_skills().unwrap();
            let skills = answer.skills();
            assert_eq!(skills.len(), 1);
            assert_eq!(skills[0].uri().as_deref(), Some(SKILL_URI));
            assert_eq!(skills[0].name().as_deref(), Some("pdf-processing"));
            assert_eq!(skills[0].description().as_deref(), Some("Extracts text: and tables"));
            assert_eq!(skills[0].frontmatter().unwrap()["name"], "pdf-processing");
            let files = skills[0].files();
            assert_eq!((files[0].uri.as_str(), files[0].size), (SKILL_URI, 114));
            assert_eq!((files[1].uri.as_str(), files[1].size), (FORMS_URI, 37));
            assert!(files[1].digest.starts_with("sha256:c05ced"));
            assert_eq!(served.count("resources/read"), 0);
            for (index, part) in [(0, "# PDF"), (1, "# Forms")] {
                let text = client.read_skill_file(&skills[0], index).unwrap();
                assert!(text.text_of_first().contains(part));
            }
            assert_eq!(client.read_skill_file(&skills[0], 2).unwrap_err().status,
                MCP_E_INVALID_ARGUMENT);
            served.has_no_complaint();
        }
    }

    skill_file_with_wrong_size_or_digest_is_refused {
        for (tamper, word) in [(Tamper::Bytes, "digest"), (Tamper::Longer, "bytes"),
                               (Tamper::FrontMatter, "description"), (Tamper::Algorithm, "md17")] {
            for config in [Config::stateless, Config::handshake] {
                let served = HttpServer::new(config(Offer { skills: Some(tamper), ..Offer::default() }));
                let client = served.client();
                let answer = client.list_skills().unwrap();
                let failure = client.read_skill_file(&answer.skills()[0], 0).unwrap_err();
                assert_eq!(failure.status, MCP_E_INTEGRITY, "{tamper:?}: {}", failure.message);
                assert!(failure.message.contains(word), "{tamper:?}: {}", failure.message);
                // The other file is as it should be.
                client.read_skill_file(&answer.skills()[0], 1).unwrap();
                assert_eq!(served.count("resources/read"), 2);
            }
        }
    }

    server_without_skills_is_an_error {
        let served = HttpServer::new(Config::stateless(Offer { skills: None, ..Offer::default() }));
        let failure = served.client().list_skills().unwrap_err();
        assert!([MCP_E_RPC, MCP_E_UNSUPPORTED].contains(&failure.status), "{}", failure.message);
    }

    list_of_several_pages_is_one_object {
        let served = HttpServer::new(Config::stateless(Offer { page: 1, ..Offer::default() }));
        let value = served.client().list_prompts().unwrap().value();
        assert_eq!(value["prompts"].as_array().map(Vec::len), Some(3));
        assert_eq!(value["prompts"][0]["_meta"], json!({"com.example/kept": Value::Null}));
    }
}
