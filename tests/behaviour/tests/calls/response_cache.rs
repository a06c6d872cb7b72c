//! Responses that the cache must not keep: those older than a change, and those
//! for another credential.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use behaviour::constants::*;
use behaviour::{Client, HttpServer, SOON, tests};
use mcp_test_server::http;
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use mcp_test_server::skills::{self, SKILL_URI, Tamper};
use mcp_test_server::{Action, Gate};
use serde_json::{Value, json};

fn fresh() -> Config {
    Config::stateless(Offer { cache: Some((60_000, "private")), ..Offer::default() })
}

/// A result that stays fresh.
fn kept(request: &mcp_test_server::Request, mut result: Value) -> Vec<Action> {
    result["resultType"] = json!("complete");
    result["ttlMs"] = json!(60_000);
    vec![Action::Send(http::result(request, result))]
}

fn listening(served: &HttpServer, kinds: i32) -> Client {
    let client = served.client();
    client.listen(kinds).unwrap();
    assert!(served.mcp.await_listeners(1, SOON), "nobody listens");
    client
}

tests! {
    response_older_than_a_change_notification_is_not_cached {
        for (list, notification) in [
            ("tools/list", "notifications/tools/list_changed"),
            ("prompts/list", "notifications/prompts/list_changed"),
            ("resources/list", "notifications/resources/list_changed"),
            ("skills/list", "notifications/resources/list_changed"),
        ] {
            let has_heard = Gate::default();
            let heard = has_heard.clone();
            let served = HttpServer::before(fresh(), move |count, mcp, request| {
                if request.rpc_method() != list || count > 1 {
                    return mcp.handle(request);
                }
                assert_eq!(mcp.notify(notification, json!({})), 1);
                let mut steps = vec![Action::Await(has_heard.clone())];
                steps.extend(mcp.handle(request));
                steps
            });
            let client = listening(&served, MCP_EVENT_TOOLS_CHANGED
                | MCP_EVENT_PROMPTS_CHANGED | MCP_EVENT_RESOURCES_CHANGED);
            client.set_event_handler(move |_| heard.open()).unwrap();
            let ask = || client.request(list, None).unwrap().perform().map(drop).unwrap();
            ask();
            ask();
            assert_eq!(served.count(list), 2, "{list}: the answer was overtaken");
            if list != "skills/list" {
                ask();
                assert_eq!(served.count(list), 2, "{list}: fresh again");
            }
        }
    }

    change_notification_of_another_kind_keeps_the_cache {
        let served = HttpServer::before(fresh(), |_, mcp, request| {
            if request.rpc_method() == "tools/list" {
                mcp.notify("notifications/prompts/list_changed", json!({}));
            }
            mcp.handle(request)
        });
        let client = listening(&served, MCP_EVENT_TOOLS_CHANGED | MCP_EVENT_PROMPTS_CHANGED);
        client.list_tools().unwrap();
        client.list_tools().unwrap();
        assert_eq!(served.count("tools/list"), 1);
    }

    response_for_a_replaced_token_is_not_cached {
        let is_replaced = Gate::default();
        let served = Arc::new(HttpServer::before(fresh(), move |_, mcp, request| {
            let is_old = request.header("authorization") == Some("Bearer old");
            match request.rpc_method().as_str() {
                "tools/list" if is_old => vec![Action::Send(http::reply(401, &[], b""))],
                "tools/list" => {
                    is_replaced.open();
                    mcp.handle(request)
                }
                "resources/read" if is_old => {
                    let mut steps = vec![Action::Await(is_replaced.clone())];
                    steps.extend(mcp.handle(request));
                    steps
                }
                _ => mcp.handle(request),
            }
        }));
        let client = Arc::new(served.client());
        client
            .set_token_handler(|is_refused| {
                Some(if is_refused { "new" } else { "old" }.to_owned())
            })
            .unwrap();
        client.connect().unwrap();
        let reader = {
            let client = client.clone();
            std::thread::spawn(move || client.read("test://counter").unwrap().text_of_first())
        };
        served.awaits("resources/read", 1);
        client.list_tools().unwrap();
        assert_eq!(reader.join().unwrap(), "read 1");
        assert_eq!(client.read("test://counter").unwrap().text_of_first(), "read 2");
        assert_eq!(client.read("test://counter").unwrap().text_of_first(), "read 2");
    }

    resource_change_clears_the_cached_skills {
        let served = HttpServer::before(fresh(), |_, mcp, request| match request.rpc_method().as_str() {
            "skills/list" => kept(request, skills::list(Tamper::None)),
            _ => mcp.handle(request),
        });
        let client = listening(&served, MCP_EVENT_RESOURCES_CHANGED);
        let has_heard = Arc::new(AtomicBool::new(false));
        let heard = has_heard.clone();
        client.set_event_handler(move |_| heard.store(true, Ordering::SeqCst)).unwrap();
        client.list_skills().unwrap();
        client.list_skills().unwrap();
        assert_eq!(served.count("skills/list"), 1);
        served.mcp.notify("notifications/resources/list_changed", json!({}));
        while !has_heard.load(Ordering::SeqCst) {
            client.dispatch(100).unwrap();
        }
        client.list_skills().unwrap();
        assert_eq!(served.count("skills/list"), 2);
    }

    skill_file_is_never_cached {
        let version = Arc::new(Mutex::new(Tamper::None));
        let current = version.clone();
        let served = HttpServer::before(fresh(), move |_, mcp, request| {
            let version = *current.lock().unwrap();
            match request.rpc_method().as_str() {
                "skills/list" => {
                    let mut list = skills::list(version);
                    if version == Tamper::FrontMatter {
                        // What the file says of itself now.
                        list["skills"][0]["frontmatter"]["description"] =
                            json!("Destroys text: and tables");
                    }
                    vec![Action::Send(http::result(request, list))]
                }
                "resources/read" => {
                    kept(request, json!({"contents": skills::read(SKILL_URI, version)}))
                }
                _ => mcp.handle(request),
            }
        });
        let client = served.client();
        for (now, word) in [(Tamper::None, "Extracts"), (Tamper::FrontMatter, "Destroys")] {
            *version.lock().unwrap() = now;
            let answer = client.list_skills().unwrap();
            let text = client.read_skill_file(&answer.skills()[0], 0).unwrap();
            assert!(text.text_of_first().contains(word), "{word}");
        }
    }
}
