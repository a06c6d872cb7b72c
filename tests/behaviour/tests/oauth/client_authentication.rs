//! How a client authenticates at the token endpoint: one method, by the server's
//! order or the application's choice, and where the client id stands.

use behaviour::auth::{Auth, Failed, Store};
use behaviour::authority::{Browser, Key, Registered, Scene, Step};
use behaviour::constants::*;
use behaviour::tests;
use mcp_test_server::Request;
use serde_json::json;

use crate::memory::Memory;

const SECRET: &str = "secret-given";

/// A server that knows the client "given" by one method, and lists these.
fn knows(method: &str, methods: &[&'static str]) -> Scene {
    let scene = Scene::new();
    scene.authority.set(|knobs| {
        knobs.given = vec![Registered::secret("given", SECRET, method)];
        knobs.methods = Some(methods.to_vec());
    });
    scene
}

/// A person with a given client id.
fn given(scene: &Scene) -> (Auth, Browser) {
    let (auth, browser) = scene.person();
    auth.set_client("given", Some(SECRET)).unwrap();
    (auth, browser)
}

/// A program with a given client id.
fn program() -> Auth {
    let auth = Auth::of(MCP_GRANT_CLIENT_CREDENTIALS);
    auth.set_client("given", Some(SECRET)).unwrap();
    auth
}

fn has_id(request: &Request) -> bool {
    String::from_utf8_lossy(&request.body).contains("client_id=")
}

/// A store that saves nothing.
struct Unwritable;

impl Store for Unwritable {
    fn load(&self, _: &str) -> Result<Option<Vec<u8>>, Failed> {
        Ok(None)
    }

    fn save(&self, _: &str, _: &[u8]) -> Result<(), Failed> {
        Err(Failed)
    }

    fn forget(&self, _: &str) -> Result<(), Failed> {
        Err(Failed)
    }
}

tests! {
    client_id_beside_basic_is_two_methods {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.methods = Some(vec!["client_secret_basic"]));
        let (client, _auth, browser) = scene.signed_in();
        scene.authority.expire();
        client.ping().unwrap();
        client.sign_out().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (1, 1));
        for step in [Step::Token, Step::Refresh, Step::Revoke] {
            let all = scene.authority.of(step);
            assert!(!all.is_empty() && !all.iter().any(has_id), "{step:?}");
        }
        scene.authority.has_no_complaint();
    }

    client_id_beside_basic_is_two_methods_for_a_given_secret {
        let scene = knows("client_secret_basic",
            &["client_secret_basic", "client_secret_post", "none"]);
        let (auth, _browser) = given(&scene);
        scene.client(&auth).ping().unwrap();
        scene.client(&program()).ping().unwrap();
        assert_eq!(scene.authority.count(Step::Token), 2);
        scene.authority.has_no_complaint();
    }

    missing_client_id_is_added_once_and_remembered {
        let json = |error: &str, words: &str| {
            json!({"error": error, "error_description": words}).to_string()
        };
        for (status, body) in [
            (401, json("invalid_client", "Missing client_id")),
            (401, json("unauthorized_client", "No Client ID in the form")),
            (400, json("invalid_request", "client_id: Field required")),
            (400, json("invalid_request", "AADSTS900144: parameter: 'clientId'.")),
            (400, "the client identifier is missing".into()),
            (200, json("invalid_request", "client id is required")),
        ] {
            let (scene, memory) = (knows("client_secret_basic", &["client_secret_basic"]),
                Memory::default());
            scene.authority.set(|knobs| knobs.wants_client_id = Some((status, body.clone())));
            let (auth, _browser) = given(&scene);
            auth.set_store(memory.clone()).unwrap();
            let client = scene.client(&auth);
            client.ping().unwrap();
            let has: Vec<_> = scene.authority.of(Step::Token).iter().map(has_id).collect();
            assert_eq!(has, [false, true], "{body}");
            scene.authority.expire();
            client.ping().unwrap();
            assert_eq!(scene.authority.count(Step::Refresh), 1, "{body}");
            drop((client, auth));
            // The next run knows it, and so does another grant.
            scene.authority.expire();
            let (auth, browser) = given(&scene);
            auth.set_store(memory.clone()).unwrap();
            let client = scene.client(&auth);
            client.ping().unwrap();
            assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (0, 2), "{body}");
            client.sign_out().unwrap();
            assert_eq!(scene.authority.count(Step::Revoke), 2, "{body}");
            let auth = program();
            auth.set_store(memory.clone()).unwrap();
            scene.client(&auth).ping().unwrap();
            assert_eq!(scene.authority.count(Step::Token), 3, "{body}");
            scene.authority.has_no_complaint();
        }
    }

    missing_client_id_is_remembered_without_a_store {
        let scene = knows("client_secret_basic", &["client_secret_basic"]);
        let missing = json!({"error": "invalid_client", "error_description": "client_id?"});
        scene.authority.set(|knobs| knobs.wants_client_id = Some((401, missing.to_string())));
        let auth = program();
        auth.set_store(Unwritable).unwrap();
        let client = scene.client(&auth);
        for sent in [2, 3, 4] {
            client.ping().unwrap();
            scene.authority.expire();
            assert_eq!(scene.authority.count(Step::Token), sent);
        }
        scene.authority.has_no_complaint();
    }

    missing_client_id_and_nonce_are_both_answered {
        let scene = knows("client_secret_basic", &["client_secret_basic"]);
        let missing = json!({"error": "invalid_client", "error_description": "no client_id"});
        scene.authority.set(|knobs| {
            knobs.wants_client_id = Some((401, missing.to_string()));
            knobs.has_dpop = true;
            knobs.nonce = Some("nonce-1".into());
        });
        scene.guarded.set(|wall| {
            wall.metadata = json!({"dpop_bound_access_tokens_required": true});
        });
        let (auth, browser) = given(&scene);
        scene.client(&auth).ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Token)), (1, 3));
        scene.authority.has_no_complaint();
    }

    client_id_is_added_beside_an_assertion_too {
        let (scene, key) = (Scene::new(), Key::es256());
        let missing = json!({"error": "invalid_request", "error_description": "'client_id'"});
        scene.authority.set(|knobs| {
            knobs.given = vec![Registered::key("given", &key)];
            knobs.methods = Some(vec!["private_key_jwt"]);
            knobs.wants_client_id = Some((400, missing.to_string()));
        });
        let auth = Auth::of(MCP_GRANT_CLIENT_CREDENTIALS);
        auth.set_client("given", None).unwrap();
        auth.set_client_key(&key.pem, None, None).unwrap();
        scene.client(&auth).ping().unwrap();
        let has: Vec<_> = scene.authority.of(Step::Token).iter().map(has_id).collect();
        assert_eq!(has, [false, true]);
        scene.authority.has_no_complaint();
    }

    remembered_client_id_is_left_out_where_it_is_refused_now {
        let (scene, memory) = (knows("client_secret_basic", &["client_secret_basic"]),
            Memory::default());
        let missing = json!({"error": "invalid_client", "error_description": "client_id?"});
        scene.authority.set(|knobs| knobs.wants_client_id = Some((401, missing.to_string())));
        let run = || {
            let auth = program();
            auth.set_store(memory.clone()).unwrap();
            scene.client(&auth).ping().unwrap();
            scene.authority.expire();
        };
        run();
        scene.authority.set(|knobs| knobs.wants_client_id = None);
        run();
        run();
        let has: Vec<_> = scene.authority.of(Step::Token).iter().map(has_id).collect();
        assert_eq!(has, [false, true, true, false, false]);
    }

    other_refusals_are_not_repeated {
        for (status, error) in [
            (401, "invalid_client"), (400, "invalid_grant"), (400, "invalid_request"),
            (403, "client_id"), (503, "client_id"),
        ] {
            let scene = knows("client_secret_basic", &["client_secret_basic"]);
            scene.authority.inject_error(Step::Token, status, error);
            let (auth, _browser) = given(&scene);
            scene.failure(scene.client(&auth).ping());
            assert_eq!(scene.authority.count(Step::Token), 1, "{status} {error}");
        }
        // And the one that is repeated, is repeated once.
        let scene = knows("client_secret_basic", &["client_secret_basic"]);
        let (auth, _browser) = given(&scene);
        for _ in 0..2 {
            scene.authority.inject_error(Step::Token, 400, "client_id");
        }
        scene.failure(scene.client(&auth).ping());
        assert_eq!(scene.authority.count(Step::Token), 2);
    }

    order_of_the_list_decides_for_a_given_secret {
        let all = ["client_secret_post", "client_secret_basic", "none"];
        for (methods, used) in [
            (vec![all[0], all[1]], all[0]),
            (vec![all[1], all[0]], all[1]),
            (vec![all[2], all[1]], all[1]),
            (vec![all[2], all[0], all[1]], all[0]),
            (vec!["tls_client_auth", "private_key_jwt", all[0]], all[0]),
            (vec![], all[1]),
        ] {
            let scene = knows(used, &methods);
            let (auth, _browser) = given(&scene);
            let client = scene.client(&auth);
            client.ping().unwrap();
            scene.authority.expire();
            client.ping().unwrap();
            scene.client(&program()).ping().unwrap();
            scene.authority.has_no_complaint();
        }
    }

    chosen_method_holds_for_a_registration_and_its_tokens {
        for (method, listed) in [
            ("client_secret_post", vec!["none", "client_secret_basic"]),
            ("client_secret_basic", vec!["client_secret_post"]),
            ("none", vec!["client_secret_basic"]),
        ] {
            let scene = Scene::new();
            scene.authority.set(|knobs| knobs.methods = Some(listed));
            let (auth, browser) = scene.person();
            auth.set_client_auth(method).unwrap();
            let client = scene.client(&auth);
            client.ping().unwrap();
            scene.authority.expire();
            client.ping().unwrap();
            client.sign_out().unwrap();
            let asked = scene.authority.of(Step::Register)[0].json();
            assert_eq!(asked["token_endpoint_auth_method"], method);
            assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (1, 1));
            // The server checks that this method is used.
            scene.authority.has_no_complaint();
        }
    }

    registration_for_another_method_is_replaced {
        let (scene, memory) = (Scene::new(), Memory::default());
        let run = |method: Option<&str>| {
            let (auth, _browser) = scene.person();
            auth.set_store(memory.clone()).unwrap();
            if let Some(method) = method {
                auth.set_client_auth(method).unwrap();
            }
            scene.client(&auth).ping().unwrap();
            scene.authority.expire();
            scene.authority.forget_refresh_tokens();
            scene.authority.count(Step::Register)
        };
        assert_eq!(run(None), 1);
        assert_eq!(run(Some("client_secret_post")), 2);
        assert_eq!(run(Some("client_secret_post")), 2);
        assert_eq!(run(None), 2);
        scene.authority.has_no_complaint();
    }

    chosen_method_without_its_proof_is_an_error {
        for (method, named) in [
            ("client_secret_basic", "mcp_auth_set_client()"),
            ("client_secret_post", "mcp_auth_set_client()"),
            ("private_key_jwt", "mcp_auth_set_client_key()"),
        ] {
            let scene = Scene::new();
            scene.authority.set(|knobs| knobs.given = vec![Registered::public("given")]);
            let (auth, browser) = scene.person();
            auth.set_client("given", None).unwrap();
            auth.set_client_auth(method).unwrap();
            let failure = scene.failure(scene.client(&auth).ping());
            assert_eq!((failure.status, browser.count()), (MCP_E_AUTH, 0), "{}", failure.message);
            for words in [method, named] {
                assert!(failure.message.contains(words), "{}", failure.message);
            }
        }
        let scene = knows("client_secret_basic", &["client_secret_basic"]);
        let auth = program();
        auth.set_client_auth("none").unwrap();
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
        assert!(failure.message.contains("mcp_auth_set_client_auth()"), "{}", failure.message);
        assert_eq!(scene.authority.count(Step::Token), 0);
    }

    basic_is_listed_first_and_not_read {
        let scene = knows("client_secret_post", &["client_secret_basic", "client_secret_post"]);
        scene.authority.set(|knobs| knobs.reads_form_only = true);
        for (auth, sent) in [(given(&scene).0, 1), (program(), 2)] {
            let failure = scene.failure(scene.client(&auth).ping());
            assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
            for words in ["Client ID mismatch", "invalid_client", "mcp_auth_set_client_auth()",
                          "client_secret_post"] {
                assert!(failure.message.contains(words), "{}", failure.message);
            }
            assert_eq!(scene.authority.count(Step::Token), sent);
        }
        for auth in [given(&scene).0, program()] {
            auth.set_client_auth("client_secret_post").unwrap();
            let client = scene.client(&auth);
            client.ping().unwrap();
            scene.authority.expire();
            client.ping().unwrap();
        }
        scene.authority.has_no_complaint();
        // Without another method in the list there is no advice.
        let scene = knows("client_secret_basic", &["client_secret_basic"]);
        scene.authority.inject_error(Step::Token, 401, "invalid_client");
        let failure = scene.failure(scene.client(&program()).ping());
        assert!(!failure.message.contains("mcp_auth_set_client_auth"), "{}", failure.message);
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

    key_is_preferred_to_a_secret_and_the_order_decides_for_that {
        let key = Key::es256();
        for (methods, has_key, used) in [
            (vec!["client_secret_post", "client_secret_basic", "private_key_jwt"], true,
                "private_key_jwt"),
            (vec!["client_secret_post", "client_secret_basic"], true, "client_secret_post"),
            (vec!["client_secret_post", "none"], false, "client_secret_post"),
            (vec!["none", "client_secret_basic", "client_secret_post"], false,
                "client_secret_basic"),
            (vec!["client_secret_post", "client_secret_basic"], false, "client_secret_post"),
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
        let auth = scene.machine();
        let client = scene.client(&auth);
        client.sign_in().unwrap();
        assert_eq!(scene.authority.count(Step::Token), 1);
        client.ping().unwrap();
        assert_eq!(scene.authority.count(Step::Token), 1);
        client.sign_out().unwrap();
        assert_eq!(scene.authority.tokens().len(), 0);
        scene.authority.has_no_complaint();
    }
}
