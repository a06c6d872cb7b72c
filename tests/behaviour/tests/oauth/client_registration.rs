//! Registrations: what is asked for, what an answer is taken for, and how long a
//! registration lasts.

use behaviour::EventLog;
use behaviour::auth::Auth;
use behaviour::authority::jws::now;
use behaviour::authority::{Browser, Key, Registered, Scene, Step};
use behaviour::constants::*;
use behaviour::tests;
use mcp_test_server::{Action, http};
use serde_json::json;

use crate::memory::Memory;

fn with(scene: &Scene, memory: &Memory) -> (Auth, Browser) {
    let (auth, browser) = scene.person();
    auth.set_store(memory.clone()).unwrap();
    (auth, browser)
}

fn port(browser: &Browser) -> String {
    browser.asked().text("redirect_uri").to_owned()
}

tests! {
    stored_registration_is_used_at_the_same_port {
        let (scene, memory) = (Scene::new(), Memory::default());
        let (auth, first) = with(&scene, &memory);
        scene.client(&auth).ping().unwrap();
        drop(auth);
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        let (auth, second) = with(&scene, &memory);
        scene.client(&auth).ping().unwrap();
        assert_eq!((second.count(), scene.authority.count(Step::Register)), (1, 1));
        assert_eq!(port(&first), port(&second));
        scene.authority.has_no_complaint();
        drop(auth);
        // Where that port is taken, another registration is made.
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        let address = port(&first).split('/').nth(2).unwrap().to_owned();
        let taken = std::net::TcpListener::bind(address).unwrap();
        let (auth, third) = with(&scene, &memory);
        scene.client(&auth).ping().unwrap();
        drop(taken);
        assert_ne!(port(&first), port(&third));
        assert_eq!(scene.authority.count(Step::Register), 2);
        scene.authority.has_no_complaint();
    }

    expired_secret_leads_to_a_new_registration {
        let (scene, memory) = (Scene::new(), Memory::default());
        scene.authority.set(|knobs| {
            knobs.method = Some("client_secret_post");
            knobs.registration = json!({"client_secret_expires_at": now() + 60});
        });
        let (auth, _browser) = with(&scene, &memory);
        scene.client(&auth).ping().unwrap();
        drop(auth);
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        let (auth, _browser) = with(&scene, &memory);
        scene.client(&auth).ping().unwrap();
        assert_eq!(scene.authority.count(Step::Register), 2, "it ends in less than 5 min");
        scene.authority.has_no_complaint();
    }

    registration_refused_by_the_token_endpoint_is_repeated_once {
        let scene = Scene::new();
        let (_client, auth, browser) = scene.signed_in();
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        scene.authority.inject_error(Step::Token, 401, "invalid_client");
        scene.client(&auth).ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Register)), (3, 2));
        scene.authority.has_no_complaint();
    }

    registration_refused_twice_is_an_error {
        let scene = Scene::new();
        let (_client, auth, browser) = scene.signed_in();
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        let body = json!({"error": "invalid_client"});
        scene.authority.inject_always(Step::Token, vec![Action::Send(http::json(401, &body))]);
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
        assert_eq!((browser.count(), scene.authority.count(Step::Register)), (3, 2));
    }

    registration_refused_in_the_browser_is_repeated_once {
        let scene = Scene::new();
        let (_client, auth, browser) = scene.signed_in();
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        let refusal = vec![("code", None), ("error", Some("unauthorized_client".into()))];
        scene.authority.set(|knobs| knobs.answer = refusal);
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
        assert!(failure.message.contains("unauthorized_client"), "{}", failure.message);
        // One that was made just now is not made again.
        assert_eq!((browser.count(), scene.authority.count(Step::Register)), (3, 2));
        scene.authority.set(|knobs| knobs.answer.clear());
        scene.client(&auth).ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Token)), (4, 2));
        scene.authority.has_no_complaint();
    }

    registration_of_an_abandoned_sign_in_is_replaced {
        let (scene, memory) = (Scene::new(), Memory::default());
        scene.authority.set(|knobs| knobs.gives_refresh = false);
        let (auth, _browser) = with(&scene, &memory);
        scene.client(&auth).ping().unwrap();
        drop(auth);
        scene.authority.expire();
        scene.authority.forget_registrations();
        let (auth, browser) = with(&scene, &memory);
        auth.set_sign_in_timeout(500).unwrap();
        let client = scene.client(&auth);
        let failure = scene.failure(client.ping());
        assert_eq!(failure.status, MCP_E_TIMEOUT, "{}", failure.message);
        assert_eq!((browser.count(), scene.authority.count(Step::Register)), (1, 1));
        client.ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Register)), (2, 2));
        scene.authority.has_no_complaint();
    }

    taken_port_leads_to_a_new_registration {
        let (scene, memory) = (Scene::new(), Memory::default());
        let at = |url: &str| {
            let (auth, browser) = with(&scene, &memory);
            auth.set_redirect(url).unwrap();
            (auth, browser)
        };
        let (auth, first) = at("http://127.0.0.1/back");
        scene.client(&auth).ping().unwrap();
        drop(auth);
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        let address = port(&first).split('/').nth(2).unwrap().to_owned();
        let taken = std::net::TcpListener::bind(&address).unwrap();
        let (auth, second) = at("http://127.0.0.1/back");
        scene.client(&auth).ping().unwrap();
        assert_ne!(port(&first), port(&second));
        assert_eq!(scene.authority.count(Step::Register), 2);
        drop(auth);
        // One that the program has set stays what it is.
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        let (auth, third) = at(&format!("http://{address}/back"));
        scene.failure(scene.client(&auth).ping());
        drop(taken);
        assert_eq!((third.count(), scene.authority.count(Step::Register)), (0, 2));
        scene.authority.has_no_complaint();
    }

    given_client_id_is_bound_to_a_server_by_its_first_success {
        let (scene, memory) = (Scene::new(), Memory::default());
        scene.authority.set(|knobs| {
            knobs.given = vec![Registered::public("given")];
            knobs.iss = behaviour::authority::Iss::Is("https://evil.example.com".into());
        });
        let (auth, browser) = with(&scene, &memory);
        auth.set_client("given", None).unwrap();
        let client = scene.client(&auth);
        assert_eq!(scene.failure(client.ping()).status, MCP_E_UNTRUSTED);
        assert_eq!(browser.count(), 1);
        assert_eq!(memory.count(""), 0, "its answer was not trusted");
        scene.authority.set(|knobs| knobs.iss = behaviour::authority::Iss::Right);
        client.ping().unwrap();
        assert_ne!(memory.count(""), 0);
        let other = behaviour::authority::Authority::new();
        other.set(|knobs| knobs.given = vec![Registered::public("given")]);
        scene.has_other(other.log());
        scene.guarded.set(|wall| wall.trusts = other.core.clone());
        let failure = scene.failure(client.ping());
        assert_eq!(failure.status, MCP_E_UNTRUSTED, "{}", failure.message);
        assert_eq!(other.count(Step::Authorize) + other.count(Step::Token), 0);
    }

    key_with_an_unsupported_algorithm_is_not_registered {
        for (algorithms, wanted) in [(json!(["ES256"]), "private_key_jwt"),
                                     (json!(["RS256"]), "client_secret_basic")] {
            let (scene, key) = (Scene::new(), Key::es256());
            scene.authority.set(|knobs| {
                knobs.methods = Some(vec!["private_key_jwt", "client_secret_basic"]);
                knobs.metadata =
                    json!({"token_endpoint_auth_signing_alg_values_supported": algorithms});
            });
            // What is registered is looked at, and nothing further.
            scene.authority.inject_error(Step::Register, 400, "invalid_software_statement");
            let (auth, _browser) = scene.person();
            auth.set_client_key(&key.pem, Some("ES256"), None).unwrap();
            scene.failure(scene.client(&auth).ping());
            let asked = scene.authority.of(Step::Register)[0].json();
            assert_eq!(asked["token_endpoint_auth_method"], wanted);
            assert_eq!(asked["jwks"].is_object(), wanted == "private_key_jwt");
        }
    }

    any_success_with_a_client_id_is_a_registration {
        for (status, body) in [
            (200, json!({"client_id": "known"})),
            (201, json!({"client_id": "known", "redirect_uris": null, "error": null})),
            (202, json!({"client_id": "known", "grant_types": [], "scope": "other"})),
            (203, json!({"client_id": "known", "redirect_uris": ["https://h/callback"]})),
        ] {
            let scene = Scene::new();
            scene.authority.set(|knobs| knobs.given = vec![Registered::public("known")]);
            let reply = http::json(status, &body);
            scene.authority.inject(Step::Register, vec![Action::Send(reply)]);
            let (_client, _auth, browser) = scene.signed_in();
            assert_eq!(browser.asked().text("client_id"), "known");
            scene.authority.has_no_complaint();
        }
    }

    registration_is_answered_with_the_servers_own_redirect {
        for uris in [json!(["https://proxy.example.com/callback"]), json!([])] {
            let (scene, memory) = (Scene::new(), Memory::default());
            scene.authority.set(|knobs| knobs.registration = json!({"redirect_uris": uris}));
            let (auth, browser) = with(&scene, &memory);
            let client = scene.client(&auth);
            let log = EventLog::by(&client);
            client.ping().unwrap();
            client.dispatch(0).unwrap();
            let notices = log.of(MCP_EVENT_SIGN_IN_NOTICE);
            assert_eq!(notices.len(), 1, "{notices:?}");
            drop((client, auth));
            // The registration is used again, and reported no more.
            scene.authority.expire();
            scene.authority.forget_refresh_tokens();
            let (auth, second) = with(&scene, &memory);
            let client = scene.client(&auth);
            let log = EventLog::by(&client);
            client.ping().unwrap();
            client.dispatch(0).unwrap();
            assert_eq!(log.of(MCP_EVENT_SIGN_IN_NOTICE).len(), 0);
            assert_eq!((port(&browser), scene.authority.count(Step::Register)), (port(&second), 1));
            scene.authority.has_no_complaint();
        }
    }

    registration_asks_only_for_listed_grants {
        for (listed, wanted) in [
            (json!(["authorization_code"]), json!(["authorization_code"])),
            (json!(["authorization_code", "client_credentials"]), json!(["authorization_code"])),
            (json!(["refresh_token", "authorization_code"]),
                json!(["authorization_code", "refresh_token"])),
            (json!(null), json!(["authorization_code", "refresh_token"])),
        ] {
            let scene = Scene::new();
            scene.authority.set(|knobs| {
                knobs.registers_listed_grants_only = true;
                knobs.gives_refresh = false;
                knobs.metadata = json!({"grant_types_supported": listed});
            });
            scene.signed_in();
            let asked = scene.authority.of(Step::Register);
            assert_eq!((asked.len(), &asked[0].json()["grant_types"]), (1, &wanted));
            assert_eq!(asked[0].json()["response_types"], json!(["code"]));
            scene.authority.has_no_complaint();
        }
    }

    refused_registration_is_repeated_once_with_less {
        for (error, status, grants) in [
            ("invalid_client_metadata", 400, json!(["authorization_code"])),
            ("invalid_client_metadata", 403, json!(["authorization_code"])),
            ("invalid_scope", 400, json!(["authorization_code", "refresh_token"])),
        ] {
            for is_final in [false, true] {
                let scene = Scene::new();
                scene.guarded.set(|wall| wall.metadata = json!({"scopes_supported": ["a", "b"]}));
                for _ in 0..1 + usize::from(is_final) {
                    scene.authority.inject_error(Step::Register, status, error);
                }
                let (auth, browser) = scene.person();
                let outcome = scene.client(&auth).ping();
                if is_final {
                    let failure = scene.failure(outcome);
                    assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
                    assert!(failure.message.contains("the server says no"), "{}", failure.message);
                } else {
                    outcome.unwrap();
                }
                let asked = scene.authority.of(Step::Register);
                assert_eq!((asked.len(), browser.count()), (2, usize::from(!is_final)));
                let (first, second) = (asked[0].json(), asked[1].json());
                assert_eq!(first["scope"], "a b");
                assert_eq!((&second["scope"], &second["grant_types"]), (&json!(null), &grants));
            }
        }
    }

    registration_takes_localhost_alone {
        let scene = Scene::new();
        let body = json!({"error": "invalid_redirect_uri",
            "error_description": "must be https or localhost"});
        let refusal = ("127.0.0.1", 400, "application/json", body.to_string());
        scene.authority.set(|knobs| knobs.refuses_registration = Some(refusal));
        let (auth, browser) = scene.person();
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!((failure.status, browser.count()), (MCP_E_AUTH, 0), "{}", failure.message);
        for words in ["invalid_redirect_uri", "must be https or localhost",
                      "mcp_auth_set_redirect_url() with http://localhost/callback"] {
            assert!(failure.message.contains(words), "{}", failure.message);
        }
        let held = mcp_test_server::HeldPort::new().unwrap();
        let fixed = format!("http://localhost:{}/callback", held.number());
        for url in ["http://localhost/callback", &fixed] {
            let (auth, browser) = scene.person();
            auth.set_redirect(url).unwrap();
            scene.client(&auth).ping().unwrap();
            let redirect = port(&browser);
            assert!(redirect.starts_with("http://localhost:"), "{redirect}");
            assert!(redirect.ends_with("/callback") && redirect != "http://localhost:0/callback");
        }
        scene.authority.has_no_complaint();
    }

    localhost_is_heard_at_both_addresses {
        let scene = Scene::new();
        let (auth, _) = scene.person();
        let browser = Browser::idle(&auth);
        auth.set_redirect("http://localhost/callback").unwrap();
        auth.set_sign_in_timeout(60_000).unwrap();
        let client = scene.client(&auth);
        let has_v6 = std::net::TcpListener::bind("[::1]:0").is_ok();
        std::thread::scope(|scope| {
            let call = scope.spawn(|| client.ping());
            browser.awaits(1);
            let redirect = port(&browser);
            let number: u16 = redirect.split([':', '/']).nth(4).unwrap().parse().unwrap();
            for host in ["127.0.0.1", "::1"] {
                let connected = std::net::TcpStream::connect((host, number)).is_ok();
                assert_eq!(connected, host != "::1" || has_v6, "{host}");
            }
            let answer = browser.visit(&browser.urls()[0]).unwrap();
            browser.follow(&answer);
            call.join().unwrap().unwrap();
        });
    }

    refusal_of_a_registration_names_the_way_out {
        let redirect = "mcp_auth_set_redirect_url() with http://localhost/callback";
        let client = "mcp_auth_set_client()";
        let page = "<html><title>Request blocked</title><p>Support id 17</p></html>";
        let denied = json!({"error": "access_denied", "error_description": "ask the operator"});
        for (status, kind, body, first, words) in [
            (403, "text/html", page.to_owned(), redirect, "Request blocked Support id 17"),
            (406, "text/html", page.to_owned(), redirect, "Support id 17"),
            (403, "application/json", denied.to_string(), client, "ask the operator"),
            (401, "application/json", denied.to_string(), client, "ask the operator"),
            (404, "text/html", page.to_owned(), client, "registers no clients"),
        ] {
            let scene = Scene::new();
            scene.authority.set(|knobs| knobs.refuses_registration = Some(("redirect", status, kind, body)));
            let (auth, _browser) = scene.person();
            let failure = scene.failure(scene.client(&auth).ping());
            assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
            let named = failure.message.find("mcp_auth_").map(|at| &failure.message[at..]);
            assert!(named.is_some_and(|named| named.starts_with(first)), "{}", failure.message);
            assert!(failure.message.contains(words), "{}", failure.message);
        }
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.has_registration = false);
        let (auth, _browser) = scene.person();
        let failure = scene.failure(scene.client(&auth).ping());
        assert!(failure.message.contains(client), "{}", failure.message);
        assert!(!failure.message.contains("mcp_auth_set_redirect_url"), "{}", failure.message);
    }

    body_of_a_401_does_not_matter {
        for body in ["<p>x".repeat(50_000), "{\"error\":\"\\u0000\"}".into(), "[".repeat(70_000)] {
            let scene = Scene::new();
            let place = scene.guarded.server.url(behaviour::authority::WELL_KNOWN) + "/mcp";
            let challenge = format!("Bearer resource_metadata=\"{place}\"");
            let reply = http::reply(401, &[("www-authenticate", &challenge)], body.as_bytes());
            let other = mcp_test_server::Server::start(move |_| vec![Action::Send(reply.clone())]);
            let (auth, browser) = scene.person();
            let client = behaviour::Client::of(&other.url("/mcp"));
            client.set_auth(Some(&auth)).unwrap();
            // The metadata is of another server: that is the end.
            let failure = scene.failure(client.ping());
            assert_eq!(failure.status, MCP_E_UNTRUSTED, "{}", failure.message);
            assert_eq!(browser.count(), 0);
        }
    }
}
