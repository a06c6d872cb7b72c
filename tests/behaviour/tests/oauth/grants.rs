//! Each grant from the first 401 to the result, and how the client identifies and
//! authenticates itself.

use behaviour::auth::Auth;
use behaviour::authority::jws::{now, unsigned};
use behaviour::authority::{Authority, Browser, Key, Registered, Scene, Step};
use behaviour::constants::*;
use behaviour::tests;
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use serde_json::json;

const DOCUMENT: &str = "https://app.example.com/client.json";

fn ends_well(scene: &Scene) {
    scene.authority.has_no_complaint();
    scene.guarded.has_no_complaint();
}

fn workload() -> String {
    unsigned(&json!({"sub": "workload-of-the-tests", "exp": now() + 300}))
}

tests! {
    person_signs_in_and_the_refused_call_is_repeated {
        let scene = Scene::new();
        let (client, _auth, browser) = scene.signed_in();
        assert_eq!(browser.count(), 1);
        let asked = browser.asked();
        assert_eq!(asked.text("response_type"), "code");
        assert_eq!(asked.text("resource"), scene.guarded.url());
        assert!(asked.text("redirect_uri").starts_with("http://127.0.0.1:"));
        assert_eq!(asked.get("scope"), None, "nobody named one");
        let forms = scene.authority.forms(Step::Token);
        assert_eq!(forms.len(), 1);
        assert_eq!(forms[0].text("redirect_uri"), asked.text("redirect_uri"));
        assert_eq!(forms[0].text("resource"), scene.guarded.url());
        // The request that was refused comes again as it was.
        let calls = scene.guarded.calls();
        assert_eq!((calls[0].id(), &calls[0].body), (calls[1].id(), &calls[1].body));
        client.call("echo", json!({})).unwrap();
        assert_eq!(browser.count(), 1);
        ends_well(&scene);
    }

    sign_in_is_the_same_in_both_eras_and_streams {
        for config in [Config::handshake(Offer::default()), Config::stateless(Offer::default())] {
            for streams in [false, true] {
                let scene = Scene::of(Config { streams, ..config.clone() });
                let (client, _auth, browser) = scene.signed_in();
                client.call("echo", json!({})).unwrap();
                client.list_tools().unwrap();
                drop(client);
                assert_eq!(browser.count(), 1);
                // Notifications and DELETE have the token as well.
                let calls = scene.guarded.calls();
                let first = calls.iter().position(|one| one.header("authorization").is_some());
                for request in &calls[first.unwrap()..] {
                    let header = request.header("authorization").unwrap_or_default();
                    assert!(header.starts_with("Bearer at-"), "{}", request.method);
                }
                ends_well(&scene);
            }
        }
    }

    page_of_the_listener_shows_no_secret {
        let scene = Scene::new();
        let (_client, _auth, browser) = scene.signed_in();
        let page = browser.page();
        assert_eq!(page.status, 200);
        for (name, value) in [("content-type", "text/html; charset=utf-8"),
                              ("cache-control", "no-store"),
                              ("referrer-policy", "no-referrer"),
                              ("connection", "close")] {
            assert_eq!(page.header(name).map(str::to_ascii_lowercase).as_deref(), Some(value));
        }
        assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
        let redirect = browser.redirects().pop().unwrap();
        for (_, value) in behaviour::authority::Form::of_url(&redirect).0 {
            assert!(!page.body.contains(&value), "{}", page.body);
        }
        assert!(behaviour::authority::form::get(&redirect).is_err(), "nobody listens any more");
    }

    client_credentials_with_a_secret_in_each_method {
        for method in ["client_secret_basic", "client_secret_post"] {
            let scene = Scene::new();
            let (id, secret) = ("a b+c", "p:w~é/= %x");
            scene.authority.set(|knobs| {
                knobs.given = vec![Registered::secret(id, secret, method)];
                knobs.methods = Some(vec![method]);
            });
            let auth = Auth::of(MCP_GRANT_CLIENT_CREDENTIALS);
            auth.set_client(id, Some(secret)).unwrap();
            auth.set_scope("read write").unwrap();
            scene.client(&auth).ping().unwrap();
            let form = &scene.authority.forms(Step::Token)[0];
            assert_eq!(form.text("grant_type"), "client_credentials");
            assert_eq!(form.text("resource"), scene.guarded.url());
            assert_eq!(form.text("scope"), "read write");
            assert_eq!(scene.authority.count(Step::Register), 0);
            ends_well(&scene);
        }
    }

    client_credentials_with_a_key {
        for key in [Key::es256(), Key::eddsa()] {
            let scene = Scene::new();
            scene.authority.set(|knobs| {
                knobs.given = vec![Registered::key("machine", &key)];
                knobs.methods = Some(vec!["private_key_jwt", "client_secret_basic"]);
            });
            let auth = Auth::of(MCP_GRANT_CLIENT_CREDENTIALS);
            auth.set_client("machine", None).unwrap();
            auth.set_client_key(&key.pem, None, Some("key-1")).unwrap();
            scene.client(&auth).ping().unwrap();
            assert_eq!(scene.authority.forms(Step::Token)[0].get("client_id"), None);
            ends_well(&scene);
        }
    }

    client_credentials_without_secret_or_key_send_nothing {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.given = vec![Registered::public("machine")]);
        let auth = Auth::of(MCP_GRANT_CLIENT_CREDENTIALS);
        auth.set_client("machine", None).unwrap();
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
        assert_eq!(scene.authority.count(Step::Token), 0);
        ends_well(&scene);
    }

    identity_token_is_exchanged_for_a_token {
        let (scene, provider) = (Scene::new(), Authority::new());
        let identity = unsigned(&json!({"sub": "ada", "aud": "at-the-provider"}));
        scene.hides(&identity);
        scene.hides("secret-at-the-provider");
        scene.authority.set(|knobs| {
            knobs.given = vec![Registered::secret("here", "secret-here", "client_secret_basic")];
        });
        provider.set(|knobs| {
            knobs.subject_token = identity.clone();
            knobs.given = vec![
                Registered::secret("there", "secret-at-the-provider", "client_secret_post"),
            ];
        });
        let auth = Auth::of(MCP_GRANT_TOKEN_EXCHANGE);
        auth.set_client("here", Some("secret-here")).unwrap();
        auth.set_scope("read").unwrap();
        auth.set_identity_provider(&provider.url("/token"), "there",
            Some("secret-at-the-provider")).unwrap();
        let audience = scene.authority.issuer();
        auth.set_assertion_handler(move |_| Some(identity.clone())).unwrap();
        provider.gives_to(&scene.authority.core);
        scene.client(&auth).ping().unwrap();
        let form = &provider.forms(Step::Token)[0];
        assert_eq!(form.text("audience"), audience);
        assert_eq!(form.text("resource"), scene.guarded.url());
        assert_eq!(form.text("scope"), "read");
        provider.has_no_complaint();
        ends_well(&scene);
    }

    requested_scope_is_kept_if_the_provider_omits_it {
        let (scene, provider) = (Scene::new(), Authority::new());
        let identity = unsigned(&json!({"sub": "ada", "aud": "at-the-provider"}));
        scene.hides(&identity);
        scene.authority.set(|knobs| {
            knobs.given = vec![Registered::secret("here", "secret-here", "client_secret_basic")];
        });
        provider.set(|knobs| {
            knobs.subject_token = identity.clone();
            knobs.token = json!({"scope": "read"});
            knobs.given = vec![Registered::public("there")];
        });
        scene.guarded.set(|wall| {
            wall.scope = Some("read".into());
            wall.needs = [("echo".to_owned(), "write".to_owned())].into();
        });
        let auth = Auth::of(MCP_GRANT_TOKEN_EXCHANGE);
        auth.set_client("here", Some("secret-here")).unwrap();
        auth.set_identity_provider(&provider.url("/token"), "there", None).unwrap();
        auth.set_assertion_handler(move |_| Some(identity.clone())).unwrap();
        provider.gives_to(&scene.authority.core);
        let client = scene.client(&auth);
        client.ping().unwrap();
        for _ in 0..3 {
            let failure = scene.failure(client.call("echo", json!({})));
            assert_eq!(failure.status, MCP_E_FORBIDDEN, "{}", failure.message);
        }
        let asked = provider.forms(Step::Token);
        assert_eq!(asked.len(), 2, "it is asked for once");
        assert_eq!(asked[1].text("scope"), "read write");
        let forms = scene.authority.forms(Step::Token);
        assert!(forms.iter().all(|form| form.text("scope") == "read"), "what was given");
        ends_well(&scene);
    }

    offline_access_is_requested_for_persons_only {
        let scene = Scene::new();
        scene.authority.set(|knobs| {
            knobs.given = vec![Registered::secret("me", "secret-of-me", "client_secret_basic")];
        });
        scene.guarded.set(|wall| wall.scope = Some("read offline_access".into()));
        let auth = Auth::of(MCP_GRANT_CLIENT_CREDENTIALS);
        auth.set_client("me", Some("secret-of-me")).unwrap();
        scene.client(&auth).ping().unwrap();
        assert_eq!(scene.authority.forms(Step::Token)[0].text("scope"), "read");
    }

    workload_token_of_a_handler_is_used {
        let scene = Scene::new();
        let (token, issuer) = (workload(), scene.authority.issuer());
        scene.authority.accept(&token);
        scene.hides(&token);
        let auth = Auth::of(MCP_GRANT_JWT_BEARER);
        let given = token.clone();
        auth.set_assertion_handler(move |audience| {
            assert_eq!(audience, issuer);
            Some(given.clone())
        }).unwrap();
        scene.client(&auth).ping().unwrap();
        let form = &scene.authority.forms(Step::Token)[0];
        assert_eq!((form.text("assertion"), form.get("client_id")), (token.as_str(), None));
        ends_well(&scene);
    }

    workload_token_of_a_file_is_used {
        let path = std::env::temp_dir().join(format!("mcp-assertion-{}", std::process::id()));
        let (scene, token) = (Scene::new(), workload());
        scene.authority.accept(&token);
        scene.hides(&token);
        let auth = Auth::of(MCP_GRANT_JWT_BEARER);
        auth.set_assertion_file(path.to_str().unwrap()).unwrap();
        std::fs::write(&path, format!(" {token}\n\n")).unwrap();
        scene.client(&auth).ping().unwrap();
        ends_well(&scene);
        let _ = std::fs::remove_file(path);
    }

    invalid_assertion_is_not_sent {
        let past = unsigned(&json!({"exp": now() - 3600}));
        for token in ["hunter2-no-parts", "a.b", past.as_str(), "", "eyJhbGciOiJub25lIn0.e30."] {
            let scene = Scene::new();
            if token.len() > 7 {
                scene.hides(token);
            }
            let auth = Auth::of(MCP_GRANT_JWT_BEARER);
            let given = token.to_owned();
            auth.set_assertion_handler(move |_| Some(given.clone())).unwrap();
            let failure = scene.failure(scene.client(&auth).ping());
            assert_eq!(failure.status, MCP_E_AUTH, "{token}: {}", failure.message);
            assert_eq!(scene.authority.count(Step::Token), 0, "{token}");
        }
    }

    failed_assertion_handler_ends_the_exchange {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_JWT_BEARER);
        auth.set_assertion_handler(|_| None).unwrap();
        assert_eq!(scene.failure(scene.client(&auth).ping()).status, MCP_E_AUTH);
        assert_eq!(scene.authority.count(Step::Token), 0);
    }

    refused_workload_token_is_not_sent_again {
        let scene = Scene::new();
        let (auth, token) = (Auth::of(MCP_GRANT_JWT_BEARER), workload());
        scene.hides(&token);
        auth.set_assertion_handler(move |_| Some(token.clone())).unwrap();
        let client = scene.client(&auth);
        let failure = scene.failure(client.ping());
        assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
        assert!(failure.message.contains("invalid_grant"), "{}", failure.message);
        scene.failure(client.ping());
        assert_eq!(scene.authority.count(Step::Token), 1, "the next after 5 s");
    }

    given_client_id_comes_first {
        let scene = Scene::new();
        scene.authority.set(|knobs| {
            knobs.given = vec![Registered::public("given")];
            knobs.takes_metadata_urls = true;
        });
        let (auth, browser) = scene.person();
        auth.set_client("given", None).unwrap();
        auth.set_metadata_url(DOCUMENT).unwrap();
        scene.client(&auth).ping().unwrap();
        assert_eq!(browser.asked().text("client_id"), "given");
        assert_eq!(scene.authority.count(Step::Register), 0);
        ends_well(&scene);
    }

    metadata_document_comes_before_registration_if_supported {
        for takes in [true, false] {
            let scene = Scene::new();
            scene.authority.set(|knobs| knobs.takes_metadata_urls = takes);
            let (auth, browser) = scene.person();
            auth.set_metadata_url(DOCUMENT).unwrap();
            scene.client(&auth).ping().unwrap();
            assert_eq!(browser.asked().text("client_id") == DOCUMENT, takes);
            assert_eq!(scene.authority.count(Step::Register), usize::from(!takes));
            ends_well(&scene);
        }
    }

    missing_client_identity_is_an_error_that_names_the_options {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.has_registration = false);
        let (auth, browser) = scene.person();
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
        assert!(failure.message.contains("mcp_auth_set_client"), "{}", failure.message);
        assert!(failure.message.contains(&scene.authority.issuer()), "{}", failure.message);
        assert_eq!(browser.count(), 0);
    }

    registered_client_uses_its_registered_method {
        for method in ["none", "client_secret_basic", "client_secret_post"] {
            let scene = Scene::new();
            scene.authority.set(|knobs| knobs.method = Some(method));
            scene.signed_in();
            let request = &scene.authority.of(Step::Token)[0];
            let is_basic = method == "client_secret_basic";
            assert_eq!(request.header("authorization").is_some(), is_basic);
            ends_well(&scene);
        }
    }

    registration_requests_a_listed_method {
        for (methods, wanted) in [
            (Some(vec!["none", "client_secret_basic"]), "none"),
            (Some(vec!["client_secret_post", "private_key_jwt"]), "client_secret_post"),
            (Some(vec!["client_secret_basic"]), "client_secret_basic"),
            (None, "client_secret_basic"),
        ] {
            let scene = Scene::new();
            scene.authority.set(|knobs| knobs.methods = methods);
            scene.signed_in();
            let asked = scene.authority.of(Step::Register)[0].json();
            assert_eq!(asked["token_endpoint_auth_method"], wanted);
            assert_eq!(asked["application_type"], "native");
            ends_well(&scene);
        }
    }

    registration_is_made_once_for_an_authorization {
        let scene = Scene::new();
        let (client, auth, browser) = scene.signed_in();
        scene.client(&auth).ping().unwrap();
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        client.ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Register)), (2, 1));
        ends_well(&scene);
    }

    forgotten_registration_is_repeated_and_a_given_id_is_not {
        let scene = Scene::new();
        let (client, _auth, browser) = scene.signed_in();
        scene.authority.expire();
        scene.authority.forget_registrations();
        // The refresh is refused with invalid_client.
        client.ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Register)), (2, 2));

        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.given = vec![Registered::public("given")]);
        let (auth, browser) = scene.person();
        auth.set_client("given", None).unwrap();
        scene.authority.inject_error(Step::Token, 401, "invalid_client");
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
        assert!(failure.message.contains("invalid_client"), "{}", failure.message);
        assert_eq!((browser.count(), scene.authority.count(Step::Register)), (1, 0));
    }

    given_client_id_is_sent_to_one_issuer_only {
        let (scene, other) = (Scene::new(), Authority::new());
        scene.has_other(other.log());
        scene.authority.set(|knobs| {
            knobs.given = vec![Registered::secret("given", "secret-given", "client_secret_basic")];
        });
        let (auth, browser) = scene.person();
        auth.set_client("given", Some("secret-given")).unwrap();
        let client = scene.client(&auth);
        client.ping().unwrap();
        scene.guarded.set(|wall| wall.trusts = other.core.clone());
        let failure = scene.failure(client.ping());
        assert_eq!(failure.status, MCP_E_UNTRUSTED, "{}", failure.message);
        assert!(failure.message.contains(&other.issuer()), "{}", failure.message);
        assert_eq!((browser.count(), other.count(Step::Register)), (1, 0));
    }

    missing_browser_handler_is_an_error {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!((failure.status, failure.http_status), (MCP_E_UNAUTHORIZED, 401));
        assert!(failure.message.contains("mcp_auth_set_browser"), "{}", failure.message);
        assert!(!failure.may_have_run);
    }

    failed_browser_handler_ends_the_sign_in {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        auth.set_browser(|_, _| 7).unwrap();
        assert_eq!(scene.failure(scene.client(&auth).ping()).status, MCP_E_AUTH);
        assert_eq!(scene.authority.count(Step::Token), 0);
    }

    configured_redirect_url_is_used {
        for (url, port) in [("http://localhost/back", 0), ("http://127.0.0.1/x/y?z=1", 0)] {
            let scene = Scene::new();
            let (auth, browser) = scene.person();
            auth.set_redirect(url).unwrap();
            scene.client(&auth).ping().unwrap();
            let used = browser.asked().text("redirect_uri").to_owned();
            let (start, end) = url.split_at(url.find('/').unwrap() + 2);
            let (host, path) = end.split_at(end.find('/').unwrap());
            assert!(used.starts_with(&format!("{start}{host}:")), "{used} {port}");
            assert!(used.ends_with(path), "{used}");
            ends_well(&scene);
        }
    }

    configured_redirect_port_in_use_is_an_error {
        let scene = Scene::new();
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (auth, browser) = scene.person();
        auth.set_redirect(&format!("http://{}/callback", taken.local_addr().unwrap())).unwrap();
        let failure = scene.failure(scene.client(&auth).ping());
        assert!([MCP_E_IO, MCP_E_AUTH].contains(&failure.status), "{}", failure.message);
        assert_eq!(browser.count(), 0);
    }

    pinned_issuer_is_chosen_from_a_list {
        let (scene, other) = (Scene::new(), Authority::new());
        scene.has_other(other.log());
        let (first, wanted) = (other.issuer(), scene.authority.issuer());
        scene.guarded.set(|wall| wall.metadata = json!({"authorization_servers": [first, wanted]}));
        let (auth, _browser) = scene.person();
        auth.set_issuer(&wanted).unwrap();
        scene.client(&auth).ping().unwrap();
        assert_eq!(other.log().count(), 0);
    }

    extension_of_a_grant_is_declared {
        let scene = Scene::new();
        let auth = scene.machine();
        scene.client(&auth).ping().unwrap();
        let body = scene.guarded.calls().pop().unwrap().json();
        let told = &body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"];
        let name = "io.modelcontextprotocol/oauth-client-credentials";
        assert_eq!(told["extensions"][name], json!({}), "{body}");
        let (scene, browsing) = (Scene::new(), Auth::of(MCP_GRANT_AUTHORIZATION_CODE));
        Browser::of(&browsing);
        scene.client(&browsing).ping().unwrap();
        let body = scene.guarded.calls().pop().unwrap().json();
        let told = &body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"];
        assert!(told["extensions"].get(name).is_none(), "{body}");
    }
}
