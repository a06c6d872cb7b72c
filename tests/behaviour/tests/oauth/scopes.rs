//! Which scopes are requested, a wider scope on request of the server, and how
//! often a person is asked at most.

use behaviour::auth::Auth;
use behaviour::authority::{Iss, Registered, Scene, Step};
use behaviour::constants::*;
use behaviour::{Client, tests};
use serde_json::json;

/// Reading is granted at first; some tools need more.
fn narrow() -> Scene {
    let scene = Scene::new();
    scene.guarded.set(|wall| {
        wall.scope = Some("read".into());
        wall.needs.insert("echo".into(), "write".into());
        wall.needs.insert("text".into(), "admin".into());
    });
    scene
}

fn echo(client: &Client) -> behaviour::Outcome<()> {
    client.call("echo", json!({})).map(drop)
}

fn sorted(scope: &str) -> Vec<&str> {
    let mut all: Vec<_> = scope.split(' ').collect();
    all.sort_unstable();
    all
}

tests! {
    scope_is_taken_from_option_then_challenge_then_metadata {
        for (own, challenge, listed, wanted) in [
            (Some("mine"), Some("theirs"), json!(["a", "b"]), Some("mine")),
            (None, Some("theirs"), json!(["a", "b"]), Some("theirs")),
            (None, None, json!(["a", "b", "a", 7, ""]), Some("a b")),
            (None, None, json!([]), None),
            (None, None, json!(null), None),
        ] {
            let scene = Scene::new();
            scene.guarded.set(|wall| {
                wall.scope = challenge.map(str::to_owned);
                wall.metadata = json!({"scopes_supported": listed});
            });
            let (auth, browser) = scene.person();
            if let Some(own) = own {
                auth.set_scope(own).unwrap();
            }
            scene.client(&auth).ping().unwrap();
            assert_eq!(browser.asked().get("scope"), wanted, "{own:?} {challenge:?}");
            let asked = scene.authority.of(Step::Register)[0].json();
            assert_eq!(asked["scope"].as_str(), wanted);
            scene.authority.has_no_complaint();
        }
    }

    offline_access_is_requested_if_supported {
        for (listed, scope, wanted) in [
            (json!(["read", "offline_access"]), Some("read"), "read offline_access"),
            (json!(["read"]), Some("read"), "read"),
            (json!(null), Some("read"), "read"),
            (json!(["offline_access"]), None, ""),
        ] {
            let scene = Scene::new();
            scene.authority.set(|knobs| knobs.metadata = json!({"scopes_supported": listed}));
            scene.guarded.set(|wall| wall.scope = scope.map(str::to_owned));
            let (_client, _auth, browser) = scene.signed_in();
            let asked = browser.asked();
            // A first sign-in asks for no consent: servers whose users may not
            // give it refuse such a request.
            assert_eq!((asked.text("scope"), asked.get("prompt")), (wanted, None), "{listed}");
        }
    }

    scope_of_the_application_is_sent_byte_for_byte {
        for own in ["mine", " b  a b ", "p offline_access", "offline_access"] {
            let scene = narrow();
            let supported = json!({"scopes_supported": ["read", "offline_access"]});
            scene.authority.set(|knobs| knobs.metadata = supported);
            let (auth, browser) = scene.person();
            auth.set_scope(own).unwrap();
            scene.client(&auth).ping().unwrap();
            let asked = browser.asked();
            assert_eq!((asked.text("scope"), asked.get("prompt")), (own, None));
            assert_eq!(scene.authority.of(Step::Register)[0].json()["scope"], own);
            let auth = Auth::of(MCP_GRANT_CLIENT_CREDENTIALS);
            scene.authority.set(|knobs| {
                knobs.given = vec![Registered::secret("m", "secret-m-long", "client_secret_basic")];
            });
            auth.set_client("m", Some("secret-m-long")).unwrap();
            auth.set_scope(own).unwrap();
            let client = scene.client(&auth);
            client.ping().unwrap();
            scene.authority.expire();
            client.ping().unwrap();
            let forms = scene.authority.forms(Step::Token);
            assert!(forms[1..].len() == 2 && forms[1..].iter().all(|form| form.text("scope") == own));
        }
    }

    empty_scope_sends_no_scope_in_any_request {
        fn refuse(_: Step, form: &behaviour::authority::Form) -> Option<(&'static str, String)> {
            form.get("scope").map(|_| ("invalid_scope", "unknown".to_owned()))
        }
        let scene = narrow();
        scene.guarded.set(|wall| {
            wall.metadata = json!({"scopes_supported": ["openid", "email", "profile"]});
            wall.scope = None;
        });
        scene.authority.set(|knobs| {
            knobs.refuses = Some(refuse);
            knobs.metadata = json!({"scopes_supported": ["openid", "offline_access"]});
        });
        // By default the refusal names the way out.
        let (auth, _browser) = scene.person();
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
        for words in ["invalid_scope", "\"openid email profile offline_access\"",
                      "mcp_auth_set_scope()", "mcp_auth_set_scope() with \"\""] {
            assert!(failure.message.contains(words), "{}", failure.message);
        }
        let registered = scene.authority.count(Step::Register);
        scene.authority.forget_registrations();
        let (auth, browser) = scene.person();
        auth.set_scope("").unwrap();
        let client = scene.client(&auth);
        client.ping().unwrap();
        scene.authority.expire();
        client.ping().unwrap();
        // A wider scope would be one that the application does not want.
        let failure = scene.failure(echo(&client));
        assert_eq!((failure.status, browser.count()), (MCP_E_FORBIDDEN, 1));
        assert!(failure.message.contains("mcp_auth_set_scope()"), "{}", failure.message);
        assert_eq!(browser.asked().get("scope"), None);
        assert!(scene.authority.of(Step::Register)[registered].json()["scope"].is_null());
        for step in [Step::Token, Step::Refresh] {
            assert!(scene.authority.forms(step).iter().all(|form| form.get("scope").is_none()));
        }
    }

    server_that_asks_for_more_gets_the_scope_of_the_application_and_that {
        let scene = narrow();
        let (auth, browser) = scene.person();
        auth.set_scope("mine read").unwrap();
        let client = scene.client(&auth);
        client.ping().unwrap();
        assert_eq!(browser.asked().text("scope"), "mine read");
        echo(&client).unwrap();
        assert_eq!((browser.count(), browser.asked().text("scope")), (2, "mine read write"));
        // A grant without a person keeps the wider scope.
        scene.authority.set(|knobs| {
            knobs.given = vec![Registered::secret("m", "secret-m-long", "client_secret_basic")];
        });
        let auth = Auth::of(MCP_GRANT_CLIENT_CREDENTIALS);
        auth.set_client("m", Some("secret-m-long")).unwrap();
        auth.set_scope("mine read").unwrap();
        let client = scene.client(&auth);
        echo(&client).unwrap();
        let forms = scene.authority.forms(Step::Token);
        let scopes: Vec<_> = forms[2..].iter().map(|form| form.text("scope")).collect();
        assert_eq!(scopes, ["mine read", "mine read write"]);
    }

    insufficient_scope_leads_to_the_union_and_a_repeated_call {
        let scene = narrow();
        let (client, _auth, browser) = scene.signed_in();
        assert_eq!(browser.asked().text("scope"), "read");
        echo(&client).unwrap();
        assert_eq!(sorted(browser.asked().text("scope")), ["read", "write"]);
        client.call("text", json!({})).unwrap();
        assert_eq!(sorted(browser.asked().text("scope")), ["admin", "read", "write"]);
        echo(&client).unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Register)), (3, 1));
        assert_eq!(scene.authority.count(Step::Refresh), 0, "a refresh cannot widen");
        scene.authority.has_no_complaint();
        scene.guarded.has_no_complaint();
    }

    scope_already_granted_leads_to_no_sign_in {
        let scene = narrow();
        scene.guarded.set(|wall| wall.never_enough = true);
        let (client, _auth, browser) = scene.signed_in();
        for _ in 0..3 {
            let failure = scene.failure(echo(&client));
            assert_eq!((failure.status, failure.http_status), (MCP_E_FORBIDDEN, 403));
            assert!(failure.challenge.contains(&("scope".into(), "write".into())));
        }
        assert_eq!(browser.count(), 2);
        client.ping().unwrap();
    }

    refusal_without_a_scope_leads_to_no_sign_in {
        let scene = narrow();
        scene.guarded.set(|wall| {
            wall.needs.insert("echo".into(), "read".into());
            wall.never_enough = true;
        });
        let (client, _auth, browser) = scene.signed_in();
        assert_eq!(scene.failure(echo(&client)).status, MCP_E_FORBIDDEN);
        assert_eq!(browser.count(), 1);
    }

    refused_wider_scope_keeps_the_token {
        let scene = narrow();
        let (client, _auth, browser) = scene.signed_in();
        scene.authority.set(|knobs| {
            knobs.answer = vec![("code", None), ("error", Some("access_denied".into()))];
        });
        let failure = scene.failure(echo(&client));
        assert_eq!(failure.status, MCP_E_DENIED, "{}", failure.message);
        client.ping().unwrap();
        let before = browser.count();
        assert_eq!(before, 2);
        // The same is not asked again.
        assert!([MCP_E_DENIED, MCP_E_FORBIDDEN].contains(&scene.failure(echo(&client)).status));
        assert_eq!(browser.count(), before);
        client.ping().unwrap();
        assert_eq!(scene.authority.count(Step::Refresh), 0);
    }

    narrower_granted_scope_is_no_error {
        let scene = narrow();
        scene.authority.set(|knobs| knobs.scope = Some(json!("read")));
        let (client, _auth, browser) = scene.signed_in();
        client.ping().unwrap();
        let failure = scene.failure(echo(&client));
        assert_eq!(failure.status, MCP_E_FORBIDDEN);
        assert_eq!(browser.count(), 2);
        assert_eq!(scene.failure(echo(&client)).status, MCP_E_FORBIDDEN);
        assert_eq!(browser.count(), 2);
    }

    other_403_leads_to_no_sign_in {
        let scene = Scene::new();
        let (client, _auth, browser) = scene.signed_in();
        scene.authority.expire();
        let _ = &client;
        let other = mcp_test_server::Server::start(|_| vec![mcp_test_server::Action::Send(
            mcp_test_server::http::reply(403, &[("www-authenticate", "Bearer error=\"other\"")],
                b""))]);
        let (auth, second) = scene.person();
        let client = Client::of(&other.url("/mcp"));
        client.set_auth(Some(&auth)).unwrap();
        assert_eq!(scene.failure(client.ping()).status, MCP_E_FORBIDDEN);
        assert_eq!((browser.count(), second.count(), other.log().count()), (1, 0, 1));
    }

    client_credentials_request_a_wider_scope_once {
        let scene = narrow();
        scene.authority.set(|knobs| {
            knobs.given = vec![Registered::secret("m", "secret-m-long", "client_secret_basic")];
        });
        let auth = Auth::of(MCP_GRANT_CLIENT_CREDENTIALS);
        auth.set_client("m", Some("secret-m-long")).unwrap();
        let client = scene.client(&auth);
        echo(&client).unwrap();
        let forms = scene.authority.forms(Step::Token);
        assert_eq!(forms.len(), 2);
        assert_eq!(sorted(forms[1].text("scope")), ["read", "write"]);
        scene.guarded.set(|wall| wall.never_enough = true);
        assert_eq!(scene.failure(echo(&client)).status, MCP_E_FORBIDDEN);
        assert_eq!(scene.authority.count(Step::Token), 2);
    }

    sign_ins_in_a_row_are_limited_to_three {
        let scene = Scene::new();
        let (client, _auth, browser) = scene.signed_in();
        scene.guarded.set(|wall| wall.refuses = true);
        scene.authority.set(|knobs| knobs.gives_refresh = false);
        for _ in 0..8 {
            scene.authority.expire();
            // From the bound on it is the authorization that fails.
            let status = scene.failure(client.ping()).status;
            assert!([MCP_E_UNAUTHORIZED, MCP_E_AUTH].contains(&status), "{status}");
        }
        assert!((2..=4).contains(&browser.count()), "{}", browser.count());
        // Signing out and in resets the limit.
        scene.guarded.set(|wall| wall.refuses = false);
        let _ = client.sign_out();
        client.ping().unwrap();
    }

    untrusted_response_is_not_retried_by_the_same_call {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.iss = Iss::Is("https://evil.example.com".into()));
        let (auth, browser) = scene.person();
        let client = scene.client(&auth);
        for round in 1..=2 {
            assert_eq!(scene.failure(client.ping()).status, MCP_E_UNTRUSTED);
            assert_eq!(browser.count(), round);
        }
    }
}
