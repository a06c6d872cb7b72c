//! Endpoints that the application sets: no metadata is requested.

use behaviour::auth::Auth;
use behaviour::authority::{Authority, Browser, Iss, Registered, Scene, Step};
use behaviour::constants::*;
use behaviour::tests;
use serde_json::json;

use crate::memory::Memory;

const CLIENT: &str = "me";
const SECRET: &str = "s3cret-of-mine";

/// A server that publishes nothing, and knows one client.
fn silent() -> Scene {
    let scene = Scene::new();
    scene.authority.set(|knobs| {
        knobs.served.clear();
        knobs.has_registration = false;
        knobs.given = vec![Registered::secret(CLIENT, SECRET, "client_secret_post")];
    });
    scene.guarded.set(|wall| {
        wall.places.clear();
        wall.challenge = Some("Bearer".into());
    });
    scene
}

fn set(scene: &Scene, auth: &Auth) {
    auth.set_client(CLIENT, Some(SECRET)).unwrap();
    let (authorize, token) = (scene.authority.url("/authorize"), scene.authority.url("/token"));
    auth.set_endpoints(Some(&authorize), &token).unwrap();
}

fn person(scene: &Scene) -> (Auth, Browser) {
    let (auth, browser) = scene.person();
    set(scene, &auth);
    (auth, browser)
}

fn requests_no_metadata(scene: &Scene) {
    assert_eq!(scene.guarded.asked(), [""; 0]);
    assert_eq!(scene.authority.count(Step::Metadata), 0);
    assert_eq!(scene.authority.count(Step::Register), 0);
}

tests! {
    person_signs_in_at_given_endpoints {
        for signs_in_first in [false, true] {
            let scene = silent();
            let (auth, browser) = person(&scene);
            let client = scene.client(&auth);
            if signs_in_first {
                client.sign_in().unwrap();
            }
            client.ping().unwrap();
            let asked = browser.asked();
            assert_eq!(asked.text("code_challenge_method"), "S256");
            assert_eq!(asked.text("resource"), scene.guarded.url());
            assert_eq!(browser.count(), 1);
            requests_no_metadata(&scene);
            scene.authority.has_no_complaint();
        }
    }

    metadata_that_exists_is_not_requested {
        let scene = Scene::new();
        scene.authority.set(|knobs| {
            knobs.given = vec![Registered::secret(CLIENT, SECRET, "client_secret_post")];
        });
        let (auth, _browser) = person(&scene);
        scene.client(&auth).ping().unwrap();
        requests_no_metadata(&scene);
    }

    iss_is_compared_with_a_pin_alone {
        for (pin, iss, is_accepted) in [
            (None, Iss::Right, true),
            (None, Iss::Absent, true),
            (None, Iss::Is("https://issuer.example".into()), true),
            (Some("https://issuer.example"), Iss::Is("https://issuer.example".into()), true),
            (Some("https://issuer.example"), Iss::Absent, true),
            (Some("https://issuer.example"), Iss::Is("https://issuer.example/".into()), false),
            (Some("https://issuer.example"), Iss::Right, false),
        ] {
            let scene = silent();
            scene.authority.set(|knobs| knobs.iss = iss.clone());
            let (auth, _browser) = person(&scene);
            if let Some(pin) = pin {
                auth.set_issuer(pin).unwrap();
            }
            let outcome = scene.client(&auth).ping();
            assert_eq!(outcome.is_ok(), is_accepted, "{pin:?} {iss:?}: {outcome:?}");
            if !is_accepted {
                assert_eq!(scene.failure(outcome).status, MCP_E_UNTRUSTED);
                assert_eq!(scene.authority.count(Step::Token), 0);
            }
        }
    }

    refresh_token_of_another_server_on_the_same_origin_is_not_sent {
        let scene = silent();
        let kept = Memory::default();
        let end = || {
            kept.set("tokens", "expires_at", json!(1));
            scene.authority.expire();
        };
        let at = |tenant: &str| {
            let (auth, browser) = person(&scene);
            let token = scene.authority.url(&format!("/token?tenant={tenant}"));
            auth.set_endpoints(Some(&scene.authority.url("/authorize")), &token).unwrap();
            auth.set_store(kept.clone()).unwrap();
            (scene.client(&auth), auth, browser)
        };
        let (client, _auth, _browser) = at("a");
        client.ping().unwrap();
        end();
        let (client, _auth, browser) = at("b");
        client.ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (1, 0));
        end();
        let (client, _auth, browser) = at("b");
        client.ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (0, 1));
    }

    credentials_of_the_metadata_are_not_sent_to_endpoints_that_are_set_later {
        let scene = Scene::new();
        scene.authority.set(|knobs| {
            knobs.methods = Some(vec!["client_secret_post"]);
        });
        let kept = Memory::default();
        let (auth, _browser) = scene.person();
        auth.set_store(kept.clone()).unwrap();
        scene.client(&auth).ping().unwrap();
        kept.set("tokens", "expires_at", json!(1));
        scene.authority.expire();
        let stranger = Authority::new();
        for pin in [Some(scene.authority.base()), None] {
            let (auth, browser) = scene.person();
            auth.set_store(kept.clone()).unwrap();
            let authorize = stranger.url("/authorize");
            auth.set_endpoints(Some(&authorize), &stranger.url("/token")).unwrap();
            if let Some(pin) = pin {
                auth.set_issuer(pin).unwrap();
            }
            let failure = scene.failure(scene.client(&auth).ping());
            assert_eq!(failure.status, MCP_E_AUTH);
            assert!(failure.message.contains("mcp_auth_set_client()"), "{}", failure.message);
            assert_eq!((browser.count(), stranger.paths().len()), (0, 0), "{pin:?}");
        }
        assert_eq!(scene.authority.count(Step::Refresh), 0);
    }

    later_process_refreshes_and_signs_out_with_given_endpoints {
        for pin in [None, Some("https://issuer.example")] {
            let scene = silent();
            scene.authority.set(|knobs| {
                knobs.expires_in = json!(1);
                knobs.iss = Iss::Absent;
            });
            let kept = Memory::default();
            let stored = |expires_in: u32| {
                scene.authority.set(|knobs| knobs.expires_in = json!(expires_in));
                let (auth, browser) = person(&scene);
                auth.set_store(kept.clone()).unwrap();
                if let Some(pin) = pin {
                    auth.set_issuer(pin).unwrap();
                }
                (auth, browser)
            };
            let (auth, _browser) = stored(3600);
            scene.client(&auth).ping().unwrap();
            let issuer = pin.unwrap_or(scene.authority.base());
            assert!(kept.holds(&format!("\"issuer\":\"{issuer}\"")), "{issuer}");
            kept.set("tokens", "expires_at", json!(1));
            let (auth, browser) = stored(3600);
            scene.client(&auth).ping().unwrap();
            assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (0, 1));
            let (auth, _browser) = stored(3600);
            scene.client(&auth).sign_out().unwrap();
            assert_eq!(kept.count("tokens"), 0);
            requests_no_metadata(&scene);
            scene.authority.has_no_complaint();
        }
    }

    tokens_of_another_issuer_do_not_go_to_given_endpoints {
        let (scene, kept) = (Scene::new(), Memory::default());
        let (auth, _browser) = scene.person();
        auth.set_store(kept.clone()).unwrap();
        scene.client(&auth).ping().unwrap();
        // The same MCP server, with the endpoints of another issuer.
        scene.authority.set(|knobs| {
            knobs.given = vec![Registered::secret(CLIENT, SECRET, "client_secret_post")];
            knobs.iss = Iss::Absent;
        });
        let (auth, browser) = person(&scene);
        auth.set_store(kept.clone()).unwrap();
        auth.set_issuer("https://issuer.example").unwrap();
        scene.client(&auth).ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (1, 0));
    }

    client_without_an_id_cannot_register_at_given_endpoints {
        let scene = silent();
        let (auth, browser) = scene.person();
        auth.set_endpoints(Some(&scene.authority.url("/authorize")),
            &scene.authority.url("/token")).unwrap();
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!((failure.status, browser.count()), (MCP_E_AUTH, 0));
        assert!(failure.message.contains("mcp_auth_set_client()"), "{}", failure.message);
    }

    program_signs_in_at_a_given_token_endpoint {
        let scene = silent();
        let auth = Auth::of(MCP_GRANT_CLIENT_CREDENTIALS);
        auth.set_client(CLIENT, Some(SECRET)).unwrap();
        auth.set_endpoints(None, &scene.authority.url("/token")).unwrap();
        scene.client(&auth).ping().unwrap();
        requests_no_metadata(&scene);
        // A person needs the authorization endpoint as well.
        let (auth, browser) = scene.person();
        auth.set_client(CLIENT, Some(SECRET)).unwrap();
        auth.set_endpoints(None, &scene.authority.url("/token")).unwrap();
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!((failure.status, browser.count()), (MCP_E_AUTH, 0));
        assert!(failure.message.contains("mcp_auth_set_endpoints()"), "{}", failure.message);
    }
}
