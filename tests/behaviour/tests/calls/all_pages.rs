//! Requests with mcp_request_set_all_pages(): performed and started, and with the
//! limits of a request.

use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{Answer, Cancel, Client, HttpServer, Outcome, Request, tests};
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::{Offer, Pages};
use mcp_test_server::{Action, Gate};
use serde_json::json;

const METHODS: [&str; 5] =
    ["tools/list", "resources/list", "resources/templates/list", "prompts/list", "skills/list"];

fn whole(client: &Client, method: &str) -> Request {
    let request = client.request(method, None).unwrap();
    request.set_all_pages(true).unwrap();
    request
}

fn started(request: &Request) -> Outcome<Answer> {
    request.start().unwrap();
    request.wait(60_000);
    request.take_result()
}

fn count(answer: &Answer) -> usize {
    let skills = answer.value()["skills"].as_array().map_or(0, Vec::len);
    answer.tools().len() + answer.resources().len() + answer.prompts().len() + skills
}

/// Both ways in which a request is made.
fn both(request: &Request) -> [Outcome<Answer>; 2] {
    [request.perform(), started(request)]
}

fn paged(pages: Pages) -> Offer {
    Offer { page: 2, pages, many: 7, ..Offer::default() }
}

fn eras(offer: Offer) -> [HttpServer; 2] {
    [HttpServer::new(Config::stateless(offer.clone())), HttpServer::new(Config::handshake(offer))]
}

/// A server whose pages come after a pause, for ever.
fn endless(pause: u64) -> HttpServer {
    let config = Config::handshake(paged(Pages::Endless));
    HttpServer::before(config, move |_, mcp, request| {
        let mut actions = mcp.handle(request);
        if request.rpc_method() == "tools/list" {
            actions.insert(0, Action::Pause(Duration::from_millis(pause)));
        }
        actions
    })
}

tests! {
    all_pages_become_one_result {
        for pages in [Pages::Plain, Pages::EmptyCursor, Pages::EmptyPages, Pages::ExpiresOnce] {
            for method in METHODS {
                for is_stateless in [true, false] {
                    let serve = || {
                        let [stateless, handshake] = eras(paged(pages));
                        if is_stateless { stateless } else { handshake }
                    };
                    let served = serve();
                    let client = served.client();
                    let wanted = match method {
                        "tools/list" => client.list_tools(),
                        "resources/list" => client.list_resources(),
                        "resources/templates/list" => client.list_templates(),
                        "prompts/list" => client.list_prompts(),
                        _ => client.list_skills(),
                    }.unwrap();
                    for is_started in [false, true] {
                        let served = serve();
                        let client = served.client();
                        let request = whole(&client, method);
                        let answer =
                            if is_started { started(&request) } else { request.perform() }.unwrap();
                        assert_eq!(count(&answer), count(&wanted), "{method} {pages:?}");
                        assert_eq!(answer.json(), wanted.json(), "{method} {pages:?}");
                        assert!(answer.next_cursor().is_none());
                        served.has_no_complaint();
                    }
                }
            }
        }
    }

    request_without_all_pages_gets_one_page {
        let served = HttpServer::new(Config::handshake(paged(Pages::Plain)));
        let client = served.client();
        let request = client.request("tools/list", None).unwrap();
        for answer in both(&request) {
            let answer = answer.unwrap();
            assert_eq!(answer.tools().len(), 2);
            assert!(answer.next_cursor().is_some());
        }
        request.set_all_pages(true).unwrap();
        assert!(request.perform().unwrap().tools().len() > 7);
        request.set_all_pages(false).unwrap();
        assert_eq!(request.perform().unwrap().tools().len(), 2);
    }

    page_and_item_limits_hold_for_requests {
        for served in eras(paged(Pages::Endless)) {
            let client = served.client();
            client.set_max_pages(5).unwrap();
            let request = whole(&client, "tools/list");
            for answer in both(&request) {
                let failure = answer.unwrap_err();
                assert_eq!(failure.status, MCP_E_TOO_LARGE, "{}", failure.message);
                assert!(failure.message.contains("MCP_LIMIT_PAGES"), "{}", failure.message);
            }
            client.set_max_pages(1000).unwrap();
            client.set_max_items(3).unwrap();
            for answer in both(&request) {
                let failure = answer.unwrap_err();
                assert_eq!(failure.status, MCP_E_TOO_LARGE, "{}", failure.message);
                assert!(failure.message.contains("MCP_LIMIT_ITEMS"), "{}", failure.message);
            }
        }
        for pages in [Pages::Circle, Pages::Same] {
            for served in eras(paged(pages)) {
                let client = served.client();
                for answer in both(&whole(&client, "prompts/list")) {
                    assert_eq!(answer.unwrap_err().status, MCP_E_PROTOCOL);
                }
            }
        }
    }

    cancel_or_free_ends_a_list_between_pages {
        let served = endless(20);
        let client = served.client();
        let request = whole(&client, "tools/list");
        let cancel = Cancel::new();
        request.set_cancel(&cancel);
        std::thread::scope(|scope| {
            let call = scope.spawn(|| request.perform().unwrap_err().status);
            served.awaits("tools/list", 5);
            cancel.fire();
            assert_eq!(call.join().unwrap(), MCP_E_CANCELLED);
        });
        let cancel = Cancel::new();
        request.set_cancel(&cancel);
        request.start().unwrap();
        served.awaits("tools/list", served.count("tools/list") + 5);
        cancel.fire();
        assert_eq!(request.wait(60_000), MCP_E_CANCELLED);
        // One of them waits for a page that does not come.
        let gate = Gate::default();
        let page = gate.clone();
        let config = Config::handshake(paged(Pages::Endless));
        let served = HttpServer::before(config, move |count, mcp, request| {
            let mut actions = mcp.handle(request);
            if request.rpc_method() == "tools/list" && count == 5 {
                actions.insert(0, Action::Await(page.clone()));
            }
            actions
        });
        let client = served.client();
        let request = whole(&client, "tools/list");
        request.start().unwrap();
        served.awaits("tools/list", 5);
        drop(request);
        served.awaits("notifications/cancelled", 1);
        gate.open();
        // It would ask for the next page meanwhile.
        for _ in 0..5 {
            client.ping().unwrap();
        }
        assert_eq!(served.count("tools/list"), 5);
    }

    timeout_applies_to_each_page_and_deadline_to_the_list {
        // No page takes nearly as long as the timeout, also on a busy machine.
        let lists = [false, true].map(|is_started| std::thread::spawn(move || {
            let served = endless(100);
            let client = served.client();
            let request = whole(&client, "tools/list");
            request.set_timeout(4000);
            request.set_deadline(5000).unwrap();
            let start = Instant::now();
            let answer = if is_started { started(&request) } else { request.perform() };
            let failure = answer.unwrap_err();
            assert_eq!(failure.status, MCP_E_TIMEOUT);
            assert!(failure.message.contains("deadline"), "{}", failure.message);
            assert!(start.elapsed() >= Duration::from_millis(5000), "{:?}", start.elapsed());
            assert!(served.count("tools/list") > 1);
        }));
        lists.into_iter().for_each(|list| list.join().unwrap());
        let served = endless(2000);
        let client = served.client();
        let request = whole(&client, "tools/list");
        request.set_timeout(300);
        for answer in both(&request) {
            assert_eq!(answer.unwrap_err().status, MCP_E_TIMEOUT);
        }
    }

    all_pages_is_refused_for_other_requests {
        let served = HttpServer::stateless();
        let client = served.client();
        for (method, params) in [("ping", None), ("tools/call", Some(r#"{"name":"x"}"#)),
                                 ("tools/list", Some(r#"{"cursor":"x"}"#))] {
            let request = client.request(method, params).unwrap();
            let failure = request.set_all_pages(true).unwrap_err();
            assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT, "{}", failure.message);
            request.set_all_pages(false).unwrap();
        }
        let request = client.request("tools/list", None).unwrap();
        request.set_all_pages(true).unwrap();
        request.set_meta(json!({"com.example/x": 1})).unwrap();
        request.perform().unwrap();
        let sent = served.log().of("tools/list")[0].json();
        assert_eq!(sent["params"]["_meta"]["com.example/x"], 1);
    }
}
