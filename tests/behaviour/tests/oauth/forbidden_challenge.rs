//! A 403 whose challenge asks for a token leads where a 401 leads.

use behaviour::SseServer;
use behaviour::auth::Auth;
use behaviour::authority::{Authority, Browser, Scene, Step, WELL_KNOWN};
use behaviour::constants::*;
use behaviour::{Client, tests};
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use mcp_test_server::sse::Shape;
use mcp_test_server::{Action, http};
use serde_json::json;

/// A server that answers 403 to a request without a good token.
fn gateway(config: Config) -> Scene {
    let scene = Scene::of(config);
    scene.guarded.set(|wall| wall.refusal_status = 403);
    scene
}

fn with_challenge(scene: &Scene, challenge: &str) {
    let base = scene.guarded.server.url("");
    let challenge = challenge.replace("PLACE", &format!("{base}{WELL_KNOWN}/mcp"));
    scene.guarded.set(|wall| wall.challenge = Some(challenge));
}

tests! {
    request_without_a_token_signs_in_after_a_403 {
        for config in [Config::stateless(Offer::default()), Config::handshake(Offer::default())] {
            let scene = gateway(config);
            let (client, _auth, browser) = scene.signed_in();
            client.call("echo", json!({})).unwrap();
            client.close();
            assert_eq!((browser.count(), scene.authority.count(Step::Token)), (1, 1));
            scene.authority.has_no_complaint();
            scene.guarded.has_no_complaint();
        }
    }

    challenge_decides_whether_a_403_asks_for_a_token {
        for (challenge, asks) in [
            ("Bearer resource_metadata=\"PLACE\"", true),
            ("DPoP resource_metadata=\"PLACE\"", true),
            ("Bearer realm=\"x\", error=\"access_denied\", resource_metadata=\"PLACE\"", true),
            ("Basic realm=\"x\", Bearer resource_metadata=\"PLACE\"", true),
            ("Bearer error=\"invalid_token\"", true),
            ("Bearer error=\"insufficient_scope\", scope=\"a\"", true),
            ("Bearer", false),
            ("Bearer realm=\"x\", scope=\"a\"", false),
            ("Basic resource_metadata=\"PLACE\"", false),
            ("", false),
        ] {
            let scene = gateway(Config::stateless(Offer::default()));
            with_challenge(&scene, challenge);
            let (auth, browser) = scene.person();
            let outcome = scene.client(&auth).ping();
            assert_eq!(outcome.is_ok(), asks, "{challenge}: {outcome:?}");
            assert_eq!(browser.count(), usize::from(asks), "{challenge}");
            if !asks {
                let failure = scene.failure(outcome);
                assert_eq!((failure.status, failure.http_status), (MCP_E_FORBIDDEN, 403));
            }
        }
    }

    token_that_a_403_calls_invalid_is_renewed {
        let scene = gateway(Config::stateless(Offer::default()));
        let (client, _auth, browser) = scene.signed_in();
        scene.authority.expire();
        client.ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (1, 1));
        // The refresh token is gone as well: a person signs in again.
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        client.ping().unwrap();
        assert_eq!(browser.count(), 2);
    }

    other_403_for_a_token_is_final {
        for challenge in ["Bearer resource_metadata=\"PLACE\"", "Bearer error=\"access_denied\"",
                          "Bearer", ""] {
            let scene = gateway(Config::stateless(Offer::default()));
            let (client, _auth, browser) = scene.signed_in();
            scene.guarded.set(|wall| wall.refuses = true);
            with_challenge(&scene, challenge);
            let failure = scene.failure(client.ping());
            assert_eq!(failure.status, MCP_E_FORBIDDEN, "{challenge}: {}", failure.message);
            assert_eq!(browser.count(), 1, "{challenge}");
            assert_eq!(scene.authority.count(Step::Refresh), 0, "{challenge}");
        }
    }

    one_call_begins_one_flow_after_403 {
        let scene = gateway(Config::stateless(Offer::default()));
        scene.guarded.set(|wall| wall.refuses = true);
        let (auth, browser) = scene.person();
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_FORBIDDEN, "{}", failure.message);
        assert_eq!(browser.count(), 1);
    }

    client_without_oauth_gets_the_403 {
        let scene = gateway(Config::stateless(Offer::default()));
        for token in [None, Some("a-token")] {
            let client = Client::new(&scene.guarded.url(), token).unwrap();
            let failure = scene.failure(client.ping());
            assert_eq!(failure.status, MCP_E_FORBIDDEN, "{}", failure.message);
            assert_eq!(failure.message.contains("mcp_client_set_auth()"), token.is_none(),
                "{}", failure.message);
        }
    }

    token_handler_is_asked_again_after_a_403 {
        let scene = gateway(Config::stateless(Offer::default()));
        scene.signed_in();
        let (good, _) = scene.authority.tokens().pop().unwrap();
        let client = Client::of(&scene.guarded.url());
        client.set_token_handler(move |is_refused| {
            Some(if is_refused { good.clone() } else { "old".to_owned() })
        }).unwrap();
        client.ping().unwrap();
    }

    http_with_sse_signs_in_after_a_403 {
        let authority = Authority::new();
        let (core, issuer) = (authority.core.clone(), authority.issuer());
        let server = SseServer::before(Config::handshake(Offer::default()), Shape::default(),
            move |sse, request| {
                let base = format!("http://{}", request.header("host").unwrap());
                if request.path().contains(WELL_KNOWN) {
                    let document = json!({"resource": base, "authorization_servers": [issuer]});
                    return vec![Action::Send(http::json(200, &document))];
                }
                let header = request.header("authorization").unwrap_or_default();
                let token = header.strip_prefix("Bearer ").unwrap_or_default();
                if core.token(token).is_some() {
                    return sse.handle(request);
                }
                let challenge = format!("Bearer resource_metadata=\"{base}{WELL_KNOWN}\"");
                let reply = http::reply(403, &[("www-authenticate", &challenge)], b"");
                vec![Action::Send(reply)]
            });
        for transport in [MCP_TRANSPORT_SSE, MCP_TRANSPORT_AUTO] {
            let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
            let browser = Browser::of(&auth);
            let client = Client::of(&server.url());
            client.set_transport(transport).unwrap();
            client.set_auth(Some(&auth)).unwrap();
            client.ping().unwrap();
            client.call("echo", json!({})).unwrap();
            assert_eq!(browser.count(), 1);
        }
        authority.has_no_complaint();
    }
}
