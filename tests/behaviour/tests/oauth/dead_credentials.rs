//! Tokens that the servers refuse: refresh tokens and access tokens. None of them
//! keeps a call or a sign-in from a new one.

use std::time::Duration;

use behaviour::auth::Auth;
use behaviour::authority::{Browser, Scene, Step};
use behaviour::constants::*;
use behaviour::{Client, tests};
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use mcp_test_server::{Action, http};
use serde_json::json;

use crate::memory::Memory;

/// Definite refusals of a refresh token with a member "error".
const BY_SERVER: [(u16, &str); 9] = [
    (400, r#"{"error":"invalid_grant"}"#),
    (400, r#"{"error":"invalid_request","error_description":"refresh_token is invalid"}"#),
    (401, r#"{"error":"invalid_client"}"#),
    (400, r#"{"error":"unauthorized_client"}"#),
    (401, r#"{"error":"invalid_token"}"#),
    (403, r#"{"error":"access_denied"}"#),
    (404, r#"{"error":"not_found"}"#),
    (200, r#"{"error":"bad_refresh_token"}"#),
    (400, r#"{"error":{"code":7,"message":"no such token"}}"#),
];

/// Definite refusals that do not show who refuses.
const BY_UNKNOWN: [(u16, &str); 6] = [
    (403, "<html><h1>Request blocked</h1></html>"),
    (400, ""),
    (404, "not here"),
    (410, ""),
    (405, r#"{"message":"no"}"#),
    (422, "[]"),
];

/// Failures after which the same refresh token may work.
fn failures() -> Vec<(i32, Vec<Action>)> {
    let send = |status, headers: &[(&str, &str)], body: &str| {
        vec![Action::Send(http::reply(status, headers, body.as_bytes()))]
    };
    let error = r#"{"error":"server_error"}"#;
    vec![
        (MCP_E_UNAVAILABLE, send(500, &[], error)),
        (MCP_E_UNAVAILABLE, send(503, &[("retry-after", "7")], "")),
        (MCP_E_UNAVAILABLE, send(429, &[("retry-after", "7")], r#"{"error":"slow_down"}"#)),
        (MCP_E_UNAVAILABLE, send(408, &[], "<html>late</html>")),
        (MCP_E_UNAVAILABLE, send(408, &[], r#"{"error":"timeout"}"#)),
        (MCP_E_UNAVAILABLE, vec![Action::Close]),
    ]
}

fn refusals() -> impl Iterator<Item = (bool, u16, &'static str)> {
    let by_server = BY_SERVER.iter().map(|(status, body)| (true, *status, *body));
    by_server.chain(BY_UNKNOWN.iter().map(|(status, body)| (false, *status, *body)))
}

fn refuse_refresh(scene: &Scene, status: u16, body: &str) {
    let reply = http::reply(status, &[], body.as_bytes());
    scene.authority.inject_always(Step::Refresh, vec![Action::Send(reply)]);
}

pub fn with(scene: &Scene, memory: &Memory) -> (Client, Auth, Browser) {
    let (auth, browser) = scene.person();
    auth.set_store(memory.clone()).unwrap();
    (scene.client(&auth), auth, browser)
}

/// The same without a browser.
fn without_person(scene: &Scene, memory: &Memory) -> (Client, Auth) {
    let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
    auth.set_store(memory.clone()).unwrap();
    (scene.client(&auth), auth)
}

/// A store with tokens of an earlier run.
fn stored(scene: &Scene) -> Memory {
    let memory = Memory::default();
    with(scene, &memory).0.ping().unwrap();
    memory
}

/// The same; the access token is over.
pub fn ended(scene: &Scene) -> Memory {
    let memory = stored(scene);
    memory.set("tokens", "expires_at", json!(1));
    scene.authority.expire();
    memory
}

pub fn reply(status: u16, body: &str) -> Vec<Action> {
    vec![Action::Send(http::reply(
        status,
        &[("content-type", "application/json")],
        body.as_bytes(),
    ))]
}

tests! {
    refused_refresh_token_leads_a_call_to_a_new_sign_in {
        for (_, status, body) in refusals() {
            let scene = Scene::new();
            let memory = ended(&scene);
            refuse_refresh(&scene, status, body);
            let (client, _auth, browser) = with(&scene, &memory);
            client.call("echo", json!({})).unwrap();
            client.ping().unwrap();
            let made = (browser.count(), scene.authority.count(Step::Refresh));
            assert_eq!(made, (1, 1), "{status} {body}");
            // The tokens of the store are the new ones.
            let token = scene.authority.tokens().pop().unwrap().0;
            assert!(memory.holds(&token), "{status} {body}");
            assert_eq!(memory.count("tokens"), 1, "{status} {body}");
        }
    }

    refused_refresh_after_a_401_leads_to_a_new_sign_in {
        for (_, status, body) in refusals() {
            let scene = Scene::new();
            let (client, _auth, browser) = scene.signed_in();
            refuse_refresh(&scene, status, body);
            scene.authority.expire();
            client.call("echo", json!({})).unwrap();
            client.ping().unwrap();
            let made = (browser.count(), scene.authority.count(Step::Refresh));
            assert_eq!(made, (2, 1), "{status} {body}");
        }
    }

    refused_refresh_token_without_a_browser_says_to_sign_in {
        for (is_deleted, status, body) in refusals() {
            let scene = Scene::new();
            let memory = ended(&scene);
            refuse_refresh(&scene, status, body);
            let (client, _auth) = without_person(&scene, &memory);
            for _ in 0..2 {
                let failure = scene.failure(client.ping());
                assert_eq!(failure.status, MCP_E_UNAUTHORIZED, "{status}: {}", failure.message);
                assert!(failure.message.contains("sign in"), "{}", failure.message);
            }
            let failure = scene.failure(client.sign_in());
            assert_eq!(failure.status, MCP_E_UNAUTHORIZED, "{status}: {}", failure.message);
            assert_eq!(scene.authority.count(Step::Refresh), 1, "{status} {body}");
            assert_eq!(memory.holds("rt-"), !is_deleted, "{status} {body}");
            // Another process may find the firewall open.
            scene.authority.inject_always(Step::Refresh, reply(503, ""));
            let (client, _auth) = without_person(&scene, &memory);
            let failure = scene.failure(client.ping());
            let wanted = if is_deleted { MCP_E_UNAUTHORIZED } else { MCP_E_UNAVAILABLE };
            assert_eq!(failure.status, wanted, "{status}: {}", failure.message);
        }
    }

    failed_refresh_keeps_the_refresh_token_for_calls {
        for (wanted, actions) in failures() {
            let scene = Scene::new();
            let memory = ended(&scene);
            scene.authority.inject(Step::Refresh, actions.clone());
            let (client, _auth, browser) = with(&scene, &memory);
            let failure = scene.failure(client.ping());
            assert_eq!(failure.status, wanted, "{actions:?}: {}", failure.message);
            assert!(memory.holds("rt-"), "{actions:?}");
            client.ping().unwrap();
            let made = (browser.count(), scene.authority.count(Step::Refresh));
            assert_eq!(made, (0, 2), "{actions:?}");
            scene.authority.has_no_complaint();
        }
    }

    unreachable_token_endpoint_keeps_the_refresh_token_for_calls {
        let scene = Scene::new();
        let memory = ended(&scene);
        scene.authority.set(|knobs| {
            knobs.metadata = json!({"token_endpoint": "http://127.0.0.1:1/token"});
        });
        let (client, _auth, browser) = with(&scene, &memory);
        scene.failure(client.ping());
        assert!(memory.holds("rt-"));
        // The sign-in gets as far as to the code.
        scene.failure(client.sign_in());
        assert_eq!(browser.count(), 1);
        scene.authority.set(|knobs| knobs.metadata = json!({}));
        let (client, _auth, browser) = with(&scene, &memory);
        client.ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (0, 1));
    }

    refused_renewal_keeps_an_access_token_that_is_good {
        let cases = [
            (true, 400, r#"{"error":"invalid_request"}"#),
            (true, 400, r#"{"error":"invalid_grant"}"#),
            (false, 403, "<html>blocked</html>"),
        ];
        std::thread::scope(|scope| {
            for (is_deleted, status, body) in cases {
                scope.spawn(move || {
                    let scene = Scene::new();
                    scene.authority.set(|knobs| knobs.expires_in = json!(8));
                    let memory = Memory::default();
                    let (client, _auth, browser) = with(&scene, &memory);
                    client.ping().unwrap();
                    refuse_refresh(&scene, status, body);
                    // Its renewal is due, and it is good for a while.
                    std::thread::sleep(Duration::from_millis(4100));
                    client.ping().unwrap();
                    client.ping().unwrap();
                    let made = (browser.count(), scene.authority.count(Step::Refresh));
                    assert_eq!(made, (1, 1), "{status} {body}");
                    let held = (memory.holds("at-"), memory.holds("rt-"));
                    assert_eq!(held, (true, !is_deleted), "{body}");
                    // Then it is refused as well.
                    scene.authority.expire();
                    client.ping().unwrap();
                    let made = (browser.count(), scene.authority.count(Step::Refresh));
                    assert_eq!(made, (2, 1), "{status} {body}");
                });
            }
        });
    }

    sign_in_gets_past_every_failed_refresh {
        let send = |status, body: &str| vec![Action::Send(http::reply(status, &[], body.as_bytes()))];
        let refused = refusals().map(|(_, status, body)| send(status, body));
        let failed = failures().into_iter().map(|(_, actions)| actions);
        for actions in refused.chain(failed).chain([send(200, "<html>")]) {
            let scene = Scene::new();
            let memory = ended(&scene);
            scene.authority.inject_always(Step::Refresh, actions.clone());
            let (client, _auth, browser) = with(&scene, &memory);
            client.sign_in().unwrap();
            let made = (browser.count(), scene.authority.count(Step::Refresh));
            assert_eq!(made, (1, 1), "{actions:?}");
            client.ping().unwrap();
            assert_eq!(browser.count(), 1, "{actions:?}");
        }
    }

    sign_in_renews_a_token_that_is_over {
        let scene = Scene::new();
        let memory = ended(&scene);
        let (client, _auth, browser) = with(&scene, &memory);
        client.sign_in().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (0, 1));
        // No check is needed for a token that has just been issued.
        assert!(scene.guarded.calls().iter().all(|one| !one.body.is_empty()));
        client.ping().unwrap();
        scene.authority.has_no_complaint();
    }

    sign_in_replaces_a_token_that_the_server_refuses {
        for (status, body, wanted) in [
            (403, r#"{"error":"invalid_token"}"#, MCP_E_FORBIDDEN),
            (403, "<html>", MCP_E_FORBIDDEN),
            (400, r#"{"error":"invalid_token"}"#, MCP_E_HTTP),
            (500, "", MCP_E_SERVER),
            (503, "", MCP_E_UNAVAILABLE),
        ] {
            for config in [Config::stateless, Config::handshake] {
                let scene = Scene::of(config(Offer::default()));
                let memory = stored(&scene);
                scene.authority.expire();
                let (client, _auth, browser) = with(&scene, &memory);
                scene.guarded.set(|wall| wall.refusal = Some(reply(status, body)));
                let failure = scene.failure(client.call("echo", json!({})));
                assert_eq!((failure.status, browser.count()), (wanted, 0), "{}", failure.message);
                client.sign_in().unwrap();
                assert_eq!(browser.count(), 1, "{status} {body}");
                client.call("echo", json!({})).unwrap();
                assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (1, 0));
                scene.authority.has_no_complaint();
            }
        }
    }

    sign_in_renews_a_token_that_is_refused_with_401 {
        for (refresh, made) in [(None, (0, 1)), (Some((400, r#"{"error":"x"}"#)), (1, 1)),
                                (Some((500, "")), (1, 1)), (Some((403, "<html>")), (1, 1))] {
            let scene = Scene::new();
            let memory = stored(&scene);
            scene.authority.expire();
            if let Some((status, body)) = refresh {
                refuse_refresh(&scene, status, body);
            }
            let (client, _auth, browser) = with(&scene, &memory);
            client.sign_in().unwrap();
            assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), made);
            client.ping().unwrap();
        }
    }

    sign_in_keeps_a_token_that_the_server_accepts {
        for config in [Config::stateless, Config::handshake] {
            let scene = Scene::of(config(Offer::default()));
            let memory = stored(&scene);
            let (client, _auth, browser) = with(&scene, &memory);
            let before = scene.guarded.accepted();
            client.sign_in().unwrap();
            assert!(scene.guarded.accepted() > before, "the server was asked");
            assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (0, 0));
            // The client itself is not connected.
            client.set_proxy("").unwrap();
            client.ping().unwrap();
            client.sign_in().unwrap();
            client.ping().unwrap();
            assert_eq!(browser.count(), 0);
            scene.guarded.has_no_complaint();
            scene.authority.has_no_complaint();
        }
    }

    refusal_of_the_probe_alone_proves_nothing {
        for (status, body) in [(400, "{}"), (403, r#"{"error":"forbidden"}"#), (404, ""), (500, "")] {
            let scene = Scene::of(Config::handshake(Offer::default()));
            scene.guarded.set(|wall| wall.probe = Some(reply(status, body)));
            let memory = stored(&scene);
            let (client, _auth, browser) = with(&scene, &memory);
            client.ping().unwrap();
            client.sign_in().unwrap();
            let (client, _auth, again) = with(&scene, &memory);
            client.sign_in().unwrap();
            assert_eq!((browser.count(), again.count()), (0, 0), "{status}");
        }
    }

    new_token_is_enough_whatever_the_server_answers {
        for status in [403, 500, 503] {
            let scene = Scene::new();
            let (auth, browser) = scene.person();
            let client = scene.client(&auth);
            scene.guarded.set(|wall| {
                (wall.refuses, wall.refusal) = (true, Some(reply(status, "")));
            });
            client.sign_in().unwrap();
            client.sign_in().unwrap();
            assert_eq!(browser.count(), 1, "{status}");
            scene.failure(client.ping());
            // That one is no longer new.
            client.sign_in().unwrap();
            assert_eq!(browser.count(), 2, "{status}");
        }
    }

    unreachable_server_is_an_error_of_the_sign_in {
        let scene = Scene::new();
        let memory = stored(&scene);
        let (client, _auth, browser) = with(&scene, &memory);
        scene.guarded.drops(100);
        scene.failure(client.sign_in());
        assert_eq!(browser.count(), 0);
        scene.guarded.drops(0);
        client.sign_in().unwrap();
        assert_eq!(browser.count(), 0);
    }

    sign_in_replaces_a_refused_token_of_a_program {
        let scene = Scene::new();
        let auth = scene.machine();
        let client = scene.client(&auth);
        client.ping().unwrap();
        scene.authority.expire();
        scene.guarded.set(|wall| wall.refusal = Some(reply(403, "")));
        assert_eq!(scene.failure(client.ping()).status, MCP_E_FORBIDDEN);
        client.sign_in().unwrap();
        client.ping().unwrap();
        assert_eq!(scene.authority.count(Step::Token), 2);
        scene.authority.has_no_complaint();
    }

    threads_that_sign_in_share_the_new_token {
        let scene = Scene::new();
        let memory = stored(&scene);
        scene.authority.expire();
        let (client, _auth, browser) = with(&scene, &memory);
        scene.guarded.set(|wall| wall.refusal = Some(reply(403, "")));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| client.sign_in().unwrap());
            }
        });
        assert_eq!(browser.count(), 1);
        client.ping().unwrap();
    }

    refused_sign_in_does_not_ask_the_person_twice {
        let scene = Scene::new();
        let memory = stored(&scene);
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        let (client, _auth, browser) = with(&scene, &memory);
        scene.authority.set(|knobs| {
            knobs.answer = vec![("code", None), ("error", Some("access_denied".into()))];
        });
        assert_eq!(scene.failure(client.sign_in()).status, MCP_E_DENIED);
        assert_eq!((browser.count(), scene.authority.count(Step::Register)), (1, 1));
        // The server has answered: it knows the registration.
        scene.authority.set(|knobs| knobs.answer.clear());
        client.sign_in().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Register)), (2, 1));
    }

    tokens_of_another_process_are_not_deleted {
        for (status, body) in [(400, r#"{"error":"invalid_request"}"#), (403, "<html>")] {
            let scene = Scene::new();
            let memory = stored(&scene);
            let (first, _auth, asked) = with(&scene, &memory);
            let (second, _other, _) = with(&scene, &memory);
            first.ping().unwrap();
            second.ping().unwrap();
            scene.authority.expire();
            second.ping().unwrap();
            let token = scene.authority.tokens().pop().unwrap().0;
            refuse_refresh(&scene, status, body);
            first.ping().unwrap();
            assert_eq!(asked.count(), 0, "{status}");
            assert!(memory.holds(&token), "{status}");
            // Also where this one signs in, and the other has a newer token.
            let before = memory.count("tokens");
            first.sign_in().unwrap();
            assert_eq!((asked.count(), memory.count("tokens")), (0, before));
        }
    }

    sign_out_removes_tokens_that_are_marked_as_refused {
        let scene = Scene::new();
        let memory = ended(&scene);
        refuse_refresh(&scene, 403, "<html>");
        let (client, _auth) = without_person(&scene, &memory);
        scene.failure(client.ping());
        assert!(memory.holds("rt-"));
        client.sign_out().unwrap();
        assert_eq!(memory.count(""), 0);
        assert_eq!(scene.failure(client.sign_out()).status, MCP_E_NOT_FOUND);
    }
}
