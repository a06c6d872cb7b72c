//! Registrations over time, and the method by which a client authenticates.

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
            scene.authority.inject_error(Step::Register, 400, "invalid_client_metadata");
            let (auth, _browser) = scene.person();
            auth.set_client_key(&key.pem, Some("ES256"), None).unwrap();
            scene.failure(scene.client(&auth).ping());
            let asked = scene.authority.of(Step::Register)[0].json();
            assert_eq!(asked["token_endpoint_auth_method"], wanted);
            assert_eq!(asked["jwks"].is_object(), wanted == "private_key_jwt");
        }
    }

    client_key_signs_in_the_code_grant {
        for is_document in [false, true] {
            let (scene, key) = (Scene::new(), Key::es256());
            let id = if is_document { "https://app.example.com/client.json" } else { "given" };
            scene.authority.set(|knobs| {
                knobs.given = vec![Registered::key(id, &key)];
                knobs.methods = Some(vec!["private_key_jwt"]);
                // The server has read the document: it is known as given.
                knobs.metadata = json!({"client_id_metadata_document_supported": is_document});
            });
            let (auth, browser) = scene.person();
            if is_document {
                auth.set_metadata_url(id).unwrap();
            } else {
                auth.set_client(id, None).unwrap();
            }
            auth.set_client_key(&key.pem, Some("ES256"), None).unwrap();
            let client = scene.client(&auth);
            client.ping().unwrap();
            scene.authority.expire();
            client.ping().unwrap();
            assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (1, 1));
            client.sign_out().unwrap();
            scene.authority.has_no_complaint();
        }
    }

    key_is_preferred_to_a_secret_and_basic_to_post {
        let key = Key::es256();
        for (methods, has_key, used) in [
            (vec!["client_secret_post", "client_secret_basic", "private_key_jwt"], true,
                "private_key_jwt"),
            (vec!["client_secret_post", "client_secret_basic"], true, "client_secret_basic"),
            (vec!["client_secret_post", "none"], false, "client_secret_post"),
            (vec!["client_secret_post", "client_secret_basic"], false, "client_secret_basic"),
        ] {
            let scene = Scene::new();
            scene.authority.set(|knobs| {
                let secret = Some("secret-given".to_owned());
                let key = Some(key.clone());
                knobs.given = vec![Registered {
                    id: "given".into(), secret, method: used.into(), redirects: vec![], key,
                }];
                knobs.methods = Some(methods.clone());
            });
            let auth = Auth::of(MCP_GRANT_CLIENT_CREDENTIALS);
            auth.set_client("given", Some("secret-given")).unwrap();
            if has_key {
                auth.set_client_key(&key.pem, None, None).unwrap();
            }
            scene.client(&auth).ping().unwrap();
            scene.authority.has_no_complaint();
        }
    }

    secret_without_a_common_method_is_an_error_that_lists_the_methods {
        let scene = Scene::new();
        scene.authority.set(|knobs| {
            knobs.given = vec![Registered::secret("given", "secret-given", "client_secret_basic")];
            knobs.methods = Some(vec!["tls_client_auth", "private_key_jwt"]);
        });
        let auth = Auth::of(MCP_GRANT_CLIENT_CREDENTIALS);
        auth.set_client("given", Some("secret-given")).unwrap();
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
        assert!(failure.message.contains("tls_client_auth"), "{}", failure.message);
        assert_eq!(scene.authority.count(Step::Token), 0);
    }

    unrequested_secret_is_not_used_if_only_none_is_listed {
        let scene = Scene::new();
        scene.authority.set(|knobs| {
            knobs.methods = Some(vec!["none"]);
            knobs.registration = json!({"client_secret": "secret-unasked",
                "client_secret_expires_at": 0});
        });
        scene.hides("secret-unasked");
        scene.signed_in();
        assert_eq!(scene.authority.forms(Step::Token)[0].get("client_secret"), None);
        scene.authority.has_no_complaint();
    }

    new_assertion_for_each_request {
        let (scene, key) = (Scene::new(), Key::es256());
        scene.authority.set(|knobs| {
            knobs.given = vec![Registered::key("machine", &key)];
            knobs.methods = Some(vec!["private_key_jwt"]);
        });
        let auth = Auth::of(MCP_GRANT_CLIENT_CREDENTIALS);
        auth.set_client("machine", None).unwrap();
        auth.set_client_key(&key.pem, None, None).unwrap();
        let client = scene.client(&auth);
        for _ in 0..3 {
            client.ping().unwrap();
            scene.authority.expire();
        }
        let all = scene.authority.forms(Step::Token);
        let mut texts: Vec<_> = all.iter().map(|form| form.text("client_assertion")).collect();
        texts.dedup();
        assert_eq!(texts.len(), 3);
        scene.authority.has_no_complaint();
    }

    client_credentials_sign_in_works_before_a_401 {
        let scene = Scene::new();
        scene.authority.set(|knobs| {
            knobs.given = vec![Registered::secret("m", "secret-m-long", "client_secret_basic")];
        });
        let auth = Auth::of(MCP_GRANT_CLIENT_CREDENTIALS);
        auth.set_client("m", Some("secret-m-long")).unwrap();
        let client = scene.client(&auth);
        client.sign_in().unwrap();
        assert_eq!(scene.authority.count(Step::Token), 1);
        client.ping().unwrap();
        assert_eq!(scene.authority.count(Step::Token), 1);
        client.sign_out().unwrap();
        assert_eq!(scene.authority.tokens().len(), 0);
        scene.authority.has_no_complaint();
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
