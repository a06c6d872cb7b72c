//! Tokens that are bound to a key: a proof for each request, and the nonces of
//! both servers.

use std::collections::HashSet;

use behaviour::authority::jws::from_base64url;
use behaviour::authority::{Key, Scene, Step};
use behaviour::constants::*;
use behaviour::tests;
use mcp_test_server::Request;
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use serde_json::{Value, json};

fn bound() -> Scene {
    let scene = Scene::new();
    scene.authority.set(|knobs| {
        knobs.has_dpop = true;
        knobs.wants_dpop = true;
    });
    scene.guarded.set(|wall| wall.wants_dpop = true);
    scene
}

fn claims(request: &Request) -> Value {
    let proof = request.header("dpop").unwrap_or_default();
    let part = proof.split('.').nth(1).and_then(from_base64url).unwrap_or_default();
    serde_json::from_slice(&part).unwrap_or_default()
}

fn header(request: &Request) -> Value {
    let proof = request.header("dpop").unwrap_or_default();
    let part = proof.split('.').next().and_then(from_base64url).unwrap_or_default();
    serde_json::from_slice(&part).unwrap_or_default()
}

fn ends_well(scene: &Scene) {
    scene.authority.has_no_complaint();
    scene.guarded.has_no_complaint();
}

tests! {
    dpop_challenge_binds_the_token {
        for demanded in [-1, 1] {
            let scene = bound();
            let (auth, browser) = scene.person();
            auth.set_dpop(demanded).unwrap();
            let client = scene.client(&auth);
            for _ in 0..3 {
                client.ping().unwrap();
            }
            assert!(browser.asked().get("dpop_jkt").is_some_and(|key| key.len() == 43));
            let token = &scene.authority.of(Step::Token)[0];
            assert!(claims(token)["ath"].is_null());
            let header = header(token);
            let names: HashSet<_> = header.as_object().unwrap().keys().cloned().collect();
            assert_eq!(names, HashSet::from(["typ", "alg", "jwk"].map(String::from)));
            let last = scene.guarded.calls().pop().unwrap();
            assert!(last.header("authorization").unwrap().starts_with("DPoP "));
            ends_well(&scene);
        }
    }

    metadata_that_requires_dpop_binds_the_token {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.has_dpop = true);
        scene.guarded.set(|wall| {
            wall.metadata = json!({"dpop_bound_access_tokens_required": true});
        });
        scene.signed_in();
        assert!(scene.authority.of(Step::Token)[0].header("dpop").is_some());
        ends_well(&scene);
    }

    token_is_not_bound_unless_required {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.has_dpop = true);
        scene.signed_in();
        assert!(scene.authority.of(Step::Token)[0].header("dpop").is_none());
    }

    application_can_turn_dpop_off {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.has_dpop = true);
        scene.guarded.set(|wall| {
            wall.metadata = json!({"dpop_bound_access_tokens_required": true});
        });
        let (auth, _browser) = scene.person();
        auth.set_dpop(0).unwrap();
        scene.client(&auth).ping().unwrap();
        assert!(scene.authority.of(Step::Token)[0].header("dpop").is_none());
    }

    required_dpop_without_server_support_is_an_error {
        let scene = Scene::new();
        let (auth, browser) = scene.person();
        auth.set_dpop(1).unwrap();
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
        assert_eq!((browser.count(), scene.authority.count(Step::Token)), (0, 0));
    }

    unbound_token_is_refused_if_dpop_is_required {
        let scene = bound();
        scene.authority.set(|knobs| knobs.token = json!({"token_type": "Bearer"}));
        let (auth, _browser) = scene.person();
        auth.set_dpop(1).unwrap();
        let failure = scene.failure(scene.client(&auth).ping());
        assert!([MCP_E_AUTH, MCP_E_PROTOCOL].contains(&failure.status), "{failure:?}");
        assert_eq!(scene.guarded.accepted(), 0);
    }

    every_request_has_its_own_proof {
        for config in [Config::handshake(Offer::default()), Config::stateless(Offer::default())] {
            let scene = Scene::of(config);
            scene.authority.set(|knobs| {
                knobs.has_dpop = true;
                knobs.wants_dpop = true;
            });
            scene.guarded.set(|wall| wall.wants_dpop = true);
            let (client, _auth, _browser) = scene.signed_in();
            std::thread::scope(|scope| {
                for _ in 0..16 {
                    scope.spawn(|| (0..5).for_each(|_| client.ping().unwrap()));
                }
            });
            drop(client);
            let calls = scene.guarded.calls();
            let with: Vec<_> =
                calls.iter().filter(|one| one.header("authorization").is_some()).collect();
            let jtis: HashSet<_> = with.iter().map(|one| claims(one)["jti"].to_string()).collect();
            assert_eq!(jtis.len(), with.len(), "no proof twice");
            ends_well(&scene);
        }
    }

    closed_connection_is_retried_with_a_new_proof {
        let scene = bound();
        let (client, _auth, browser) = scene.signed_in();
        scene.guarded.drops(1);
        let before = scene.guarded.calls().len();
        client.ping().unwrap();
        let calls = scene.guarded.calls().split_off(before);
        assert_eq!(calls.len(), 2);
        assert_ne!(claims(&calls[0])["jti"], claims(&calls[1])["jti"]);
        assert_eq!(calls[0].header("authorization"), calls[1].header("authorization"));
        assert_eq!(client.count(MCP_COUNTER_REPETITIONS), 1);
        // Once: a server that does so always is an error, and no new sign-in.
        scene.guarded.drops(usize::MAX);
        let failure = scene.failure(client.ping());
        assert_eq!(failure.status, MCP_E_IO, "{}", failure.message);
        assert_eq!(browser.count(), 1);
        scene.guarded.drops(0);
        ends_well(&scene);
    }

    each_server_has_its_own_nonce {
        let scene = bound();
        scene.authority.set(|knobs| knobs.nonce = Some("nonce-of-the-authority".into()));
        scene.guarded.set(|wall| wall.nonce = Some("nonce-of-the-server".into()));
        let (client, _auth, browser) = scene.signed_in();
        client.ping().unwrap();
        let tokens = scene.authority.of(Step::Token);
        assert_eq!(tokens.len(), 2, "once more, with the same code");
        let codes = scene.authority.forms(Step::Token);
        assert_eq!(codes[0].text("code"), codes[1].text("code"));
        assert_ne!(claims(&tokens[0])["jti"], claims(&tokens[1])["jti"]);
        assert_eq!(claims(&tokens[1])["nonce"], "nonce-of-the-authority");
        let last = scene.guarded.calls().pop().unwrap();
        assert_eq!(claims(&last)["nonce"], "nonce-of-the-server");
        assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (1, 0));
        // A new one in between is one more request, no new token.
        scene.guarded.set(|wall| wall.nonce = Some("nonce-that-is-newer".into()));
        client.ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (1, 0));
        ends_well(&scene);
    }

    ever_changing_nonce_is_an_error {
        let scene = bound();
        let reply = mcp_test_server::http::reply(400,
            &[("content-type", "application/json"), ("dpop-nonce", "another")],
            br#"{"error":"use_dpop_nonce"}"#);
        scene.authority.inject_always(Step::Token, vec![mcp_test_server::Action::Send(reply)]);
        let (auth, _browser) = scene.person();
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
        assert_eq!(scene.authority.count(Step::Token), 2);
    }

    refresh_is_bound_to_the_same_key {
        let scene = bound();
        let (client, _auth, browser) = scene.signed_in();
        for _ in 0..2 {
            scene.authority.expire();
            client.ping().unwrap();
        }
        let keys: HashSet<_> = [scene.authority.of(Step::Token), scene.authority.of(Step::Refresh)]
            .concat().iter().map(|one| header(one)["jwk"].to_string()).collect();
        assert_eq!((keys.len(), browser.count()), (1, 1));
        ends_well(&scene);
    }

    key_of_the_application_is_used {
        for key in [Key::es256(), Key::eddsa()] {
            let scene = bound();
            let (auth, _browser) = scene.person();
            auth.set_dpop_key(&key.pem, None).unwrap();
            scene.client(&auth).ping().unwrap();
            let jwk = header(&scene.authority.of(Step::Token)[0])["jwk"].clone();
            let x = from_base64url(jwk["x"].as_str().unwrap()).unwrap();
            assert!(key.public.windows(32).any(|part| part == x), "{jwk}");
            ends_well(&scene);
        }
    }

    invalid_proof_error_mentions_the_clocks {
        let scene = bound();
        scene.authority.inject_reply(Step::Token, 400, &[
            ("content-type", "application/json"), ("date", "Thu, 01 Jan 2015 00:00:00 GMT"),
        ], r#"{"error":"invalid_dpop_proof"}"#);
        let (auth, _browser) = scene.person();
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
        assert!(failure.message.contains("clock"), "{}", failure.message);
        assert_eq!(scene.authority.count(Step::Token), 1);
    }
}
