//! Errors at each step of a token exchange, and hostile servers.

use std::time::Instant;

use behaviour::authority::{Authority, Scene, Step, WELL_KNOWN};
use behaviour::constants::*;
use behaviour::{AT_ONCE, Failure, tests};
use mcp_test_server::{Action, Server, http};
use serde_json::json;

fn fails(scene: &Scene) -> Failure {
    let (auth, _browser) = scene.person();
    scene.failure(scene.client(&auth).ping())
}

fn send(bytes: Vec<u8>) -> Vec<Action> {
    vec![Action::Send(bytes)]
}

tests! {
    errors_of_the_token_endpoint_are_final {
        for (status, error) in [
            (400, "invalid_grant"), (400, "unauthorized_client"), (400, "invalid_scope"),
            (400, "unsupported_grant_type"), (400, "invalid_target"), (400, "invalid_request"),
            (400, "something_new"), (200, "invalid_grant"),
        ] {
            let scene = Scene::new();
            scene.authority.inject_error(Step::Token, status, error);
            let failure = fails(&scene);
            assert_eq!(failure.status, MCP_E_AUTH, "{error}: {}", failure.message);
            assert!(failure.message.contains(error), "{}", failure.message);
            assert!(failure.message.contains("the server says no"), "{}", failure.message);
            assert!(failure.message.contains("/token"), "{}", failure.message);
            assert_eq!(scene.authority.count(Step::Token), 1, "{error}");
            assert_eq!(scene.authority.count(Step::Authorize), 1, "{error}");
        }
    }

    errors_of_the_registration_are_final {
        for (status, error) in [
            (400, "invalid_redirect_uri"), (400, "invalid_software_statement"),
            (401, "invalid_token"), (403, "access_denied"), (404, "x"), (405, "x"),
        ] {
            let scene = Scene::new();
            scene.authority.inject_error(Step::Register, status, error);
            let failure = fails(&scene);
            assert!([MCP_E_AUTH, MCP_E_DENIED].contains(&failure.status), "{failure:?}");
            assert!(failure.message.contains("/register"), "{}", failure.message);
            let counts = [Step::Register, Step::Authorize].map(|step| scene.authority.count(step));
            assert_eq!(counts, [1, 0], "{error}");
        }
    }

    server_that_is_down_is_unavailable_at_each_step {
        for step in [Step::Metadata, Step::Register, Step::Token] {
            for status in [500, 503, 429] {
                let scene = Scene::new();
                let reply = http::reply(status, &[("retry-after", "12")], b"<p>busy");
                scene.authority.inject_always(step, send(reply));
                let failure = fails(&scene);
                assert_eq!(failure.status, MCP_E_UNAVAILABLE,
                    "{step:?} {status}: {}", failure.message);
                let wait = failure.retry_after;
                assert!(wait == 12_000 || (step == Step::Metadata && wait == -1), "{wait}");
            }
        }
    }

    broken_connection_error_names_its_step {
        for step in [Step::Metadata, Step::Register, Step::Token] {
            for last in [Action::Close, Action::Reset] {
                let scene = Scene::new();
                scene.authority.inject_always(step, vec![last]);
                let failure = fails(&scene);
                assert!([MCP_E_IO, MCP_E_UNAVAILABLE].contains(&failure.status),
                    "{step:?}: {failure:?}");
                assert!(scene.authority.count(step) <= 4, "{step:?}");
            }
        }
    }

    code_is_not_sent_twice {
        for actions in [vec![Action::Close], vec![Action::Send(b"HTTP/1.1 200".to_vec()),
                Action::Close]] {
            let scene = Scene::new();
            scene.authority.inject_always(Step::Token, actions);
            fails(&scene);
            assert_eq!(scene.authority.count(Step::Token), 1);
        }
    }

    broken_connection_does_not_ask_the_person_again {
        for actions in [vec![Action::Close], vec![Action::Reset]] {
            let scene = Scene::new();
            let (client, _auth, browser) = scene.signed_in();
            scene.authority.expire();
            scene.authority.forget_refresh_tokens();
            scene.authority.inject_always(Step::Token, actions);
            let failure = scene.failure(client.ping());
            assert!([MCP_E_IO, MCP_E_UNAVAILABLE].contains(&failure.status), "{failure:?}");
            assert_eq!((browser.count(), scene.authority.count(Step::Token)), (2, 2));
        }
    }

    response_without_a_token_is_a_protocol_error {
        for body in ["", "<p>welcome", "[]", "{}", "{\"access_token\":\"\"}",
                     "{\"access_token\":7}", "{\"access_token\":\"a b\"}",
                     "{\"access_token\":\"x\",\"token_type\":\"mac\"}",
                     "{\"access_token\":\"x\\r\\nx-evil: 1\"}", "access_token=x&token_type=bearer",
                     "{\"access_token\":\"x\",\"token_type\":\"DPoP\"}"] {
            let scene = Scene::new();
            scene.authority.inject_reply(Step::Token, 200, &[("content-type", "text/x")], body);
            let failure = fails(&scene);
            assert_eq!(failure.status, MCP_E_PROTOCOL, "{body}: {}", failure.message);
            assert!(failure.message.contains("200"), "{}", failure.message);
            assert_eq!(scene.guarded.accepted(), 0, "{body}");
        }
    }

    token_type_may_be_written_in_any_case_or_left_out {
        for kind in [json!("bearer"), json!("BEARER"), json!(null)] {
            let scene = Scene::new();
            scene.authority.set(|knobs| knobs.token = json!({"token_type": kind}));
            scene.signed_in();
        }
    }

    token_that_no_header_can_hold_is_refused {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.token = json!({"access_token": "x".repeat(40_000)}));
        assert_eq!(fails(&scene).status, MCP_E_PROTOCOL);
    }

    huge_body_is_refused {
        let big = json!({"issuer": "x".repeat(300_000)}).to_string();
        for step in [Step::Metadata, Step::Register, Step::Token] {
            let scene = Scene::new();
            scene.authority.inject_always(step, send(http::reply(200, &[], big.as_bytes())));
            let failure = fails(&scene);
            assert_eq!(failure.status, MCP_E_TOO_LARGE, "{step:?}: {failure:?}");
        }
        let scene = Scene::new();
        let reply = send(http::reply(200, &[], big.as_bytes()));
        scene.guarded.set(|wall| wall.metadata_reply = Some(reply));
        assert_eq!(fails(&scene).status, MCP_E_TOO_LARGE);
    }

    endless_body_is_an_error {
        for step in [Step::Metadata, Step::Token] {
            let scene = Scene::new();
            scene.authority.inject_always(step, vec![
                Action::Send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{".to_vec()),
                Action::Endless(vec![b' '; 10_000]),
            ]);
            let start = Instant::now();
            fails(&scene);
            assert!(start.elapsed() < AT_ONCE, "{step:?}");
        }
    }

    deep_json_is_refused {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(50_000), "]".repeat(50_000));
        for step in [Step::Metadata, Step::Register, Step::Token] {
            let scene = Scene::new();
            scene.authority.inject_always(step, send(http::reply(200, &[], deep.as_bytes())));
            fails(&scene);
        }
    }

    redirect_of_a_post_is_not_followed {
        for step in [Step::Register, Step::Token] {
            for status in [301, 302, 303, 307, 308] {
                let (scene, other) = (Scene::new(), Server::start(|_| vec![Action::Close]));
                scene.has_other(other.log());
                let location = other.url("/token?evil");
                let reply = http::reply(status, &[("location", &location)], b"");
                scene.authority.inject_always(step, send(reply));
                let failure = fails(&scene);
                assert!([MCP_E_AUTH, MCP_E_REDIRECT, MCP_E_PROTOCOL].contains(&failure.status),
                    "{failure:?}");
                assert_eq!(other.log().count(), 0, "{step:?} {status}");
                assert_eq!(scene.authority.count(step), 1);
            }
        }
    }

    redirect_of_metadata_is_followed_within_its_origin {
        let scene = Scene::new();
        let reply = http::reply(302, &[("location", "/.well-known/openid-configuration")], b"");
        scene.authority.inject(Step::Metadata, send(reply));
        scene.authority.set(|knobs| {
            knobs.served = vec![behaviour::authority::Metadata::OpenId];
        });
        scene.signed_in();
        assert_eq!(scene.authority.count(Step::Metadata), 2);

        let (scene, other) = (Scene::new(), Authority::new());
        scene.has_other(other.log());
        let location = other.url("/.well-known/oauth-authorization-server");
        let reply = http::reply(302, &[("location", &location)], b"");
        scene.authority.inject_always(Step::Metadata, send(reply));
        fails(&scene);
        assert_eq!(other.log().count(), 0);
    }

    redirect_loop_is_an_error {
        let scene = Scene::new();
        let reply = http::reply(302, &[("location", "/.well-known/openid-configuration?x")], b"");
        scene.authority.inject_always(Step::Metadata, send(reply));
        fails(&scene);
        assert!(scene.authority.count(Step::Metadata) <= 12, "four hops for each form");

        let scene = Scene::new();
        let location = format!("{WELL_KNOWN}/mcp?x");
        let reply = http::reply(302, &[("location", &location)], b"");
        scene.guarded.set(|wall| wall.metadata_reply = Some(send(reply)));
        fails(&scene);
        assert!(scene.guarded.asked().len() <= 12, "{}", scene.guarded.asked().len());
    }

    plain_http_to_another_host_is_refused_at_each_step {
        for name in ["token_endpoint", "registration_endpoint", "authorization_endpoint"] {
            let scene = Scene::new();
            scene.authority.set(|knobs| {
                knobs.metadata = json!({name: "http://192.0.2.1/x?a=b"});
            });
            let failure = fails(&scene);
            assert!([MCP_E_INSECURE, MCP_E_UNTRUSTED].contains(&failure.status),
                "{name}: {failure:?}");
            assert!(!failure.message.contains("a=b"), "{}", failure.message);
        }
        let scene = Scene::new();
        scene.guarded.set(|wall| {
            wall.metadata = json!({"authorization_servers": ["http://192.0.2.1"]});
        });
        let failure = fails(&scene);
        assert!([MCP_E_INSECURE, MCP_E_UNTRUSTED].contains(&failure.status), "{failure:?}");
    }

    link_local_addresses_get_no_request {
        for url in ["https://169.254.169.254", "https://[fe80::1]", "http://169.254.169.254",
                    "https://[::ffff:169.254.169.254]", "https://0.0.0.0", "https://[::]",
                    "https://224.0.0.1", "https://0xa9fea9fe", "https://2852039166"] {
            let scene = Scene::new();
            scene.guarded.set(|wall| {
                wall.metadata = json!({"authorization_servers": [url]});
            });
            let start = Instant::now();
            let (auth, browser) = scene.person();
            auth.set_allow_private(true).unwrap();
            let failure = scene.failure(scene.client(&auth).ping());
            assert!([MCP_E_INSECURE, MCP_E_UNTRUSTED, MCP_E_AUTH].contains(&failure.status),
                "{url}: {failure:?}");
            assert!(start.elapsed() < AT_ONCE, "{url}");
            assert_eq!(browser.count(), 0);

            let scene = Scene::new();
            scene.authority.set(|knobs| {
                knobs.metadata = json!({"token_endpoint": format!("{url}/latest?x")});
            });
            let failure = fails(&scene);
            assert!([MCP_E_INSECURE, MCP_E_UNTRUSTED, MCP_E_AUTH].contains(&failure.status),
                "{url}: {failure:?}");
        }
    }

    registration_response_is_checked {
        for (over, status) in [
            (json!({"client_id": null}), MCP_E_PROTOCOL),
            (json!({"client_id": ""}), MCP_E_PROTOCOL),
            (json!({"client_id": 7}), MCP_E_PROTOCOL),
        ] {
            let scene = Scene::new();
            scene.authority.set(|knobs| knobs.registration = over.clone());
            let failure = fails(&scene);
            assert_eq!(failure.status, status, "{over}: {}", failure.message);
            assert_eq!(scene.authority.count(Step::Authorize), 0);
        }
        let scene = Scene::new();
        scene.authority.set(|knobs| {
            knobs.registration = json!({"redirect_uris": null, "grant_types": null, "x": [1]});
        });
        scene.signed_in();
    }

    reflected_secret_is_redacted {
        let scene = Scene::new();
        let (auth, browser) = scene.person();
        let core = scene.authority.core.clone();
        let seen = browser.clone();
        auth.set_browser(move |_, url| {
            seen.note(url);
            let redirect = seen.visit(url).unwrap();
            let code = behaviour::authority::Form::of_url(&redirect).text("code").to_owned();
            let description = format!("the code {code} is not known");
            core.inject(Step::Token, send(http::json(400,
                &json!({"error": code, "error_description": description}))));
            let seen = seen.clone();
            std::thread::spawn(move || seen.follow(&redirect));
            0
        }).unwrap();
        let failure = scene.failure(scene.client(&auth).ping());
        assert!([MCP_E_AUTH, MCP_E_PROTOCOL].contains(&failure.status), "{failure:?}");
    }

    reflected_proof_is_redacted {
        use behaviour::authority::{Core, Registered};
        for is_basic in [true, false] {
            let core = std::sync::Arc::new(Core::default());
            let shared = core.clone();
            // It says what it was told, in a header of the request.
            let server = Server::start(move |request| {
                if shared.step(request) != Step::Token {
                    return shared.handle(request);
                }
                let name = if is_basic { "authorization" } else { "dpop" };
                let header = request.header(name).unwrap_or_default();
                let told = header.strip_prefix("Basic ").unwrap_or(header);
                send(http::json(400, &json!({"error": "invalid_request",
                    "error_description": format!("what is {told}")})))
            });
            core.begin(&server.url(""));
            core.set(|knobs| {
                knobs.given = vec![Registered::secret("me", "s3cret-of-mine",
                    "client_secret_basic")];
                knobs.has_dpop = true;
            });
            let scene = Scene::new();
            scene.guarded.set(|wall| wall.trusts = core.clone());
            let auth = behaviour::auth::Auth::of(MCP_GRANT_CLIENT_CREDENTIALS);
            auth.set_client("me", Some("s3cret-of-mine")).unwrap();
            auth.set_dpop(1).unwrap();
            let failure = scene.failure(scene.client(&auth).ping());
            assert_eq!(failure.status, MCP_E_AUTH, "{failure:?}");
            assert!(!failure.message.contains("what is"), "{}", failure.message);
            assert!(failure.message.contains("invalid_request"), "{}", failure.message);
        }
    }

    refused_grant_error_explains_unsupported_metadata {
        for step in [Step::Authorize, Step::Token] {
            let scene = Scene::new();
            scene.authority.set(|knobs| {
                knobs.metadata = json!({"grant_types_supported": ["implicit"]});
                if step == Step::Authorize {
                    knobs.answer =
                        vec![("code", None), ("error", Some("unsupported_response_type".into()))];
                }
            });
            scene.authority.inject_error(Step::Token, 400, "unsupported_grant_type");
            let failure = fails(&scene);
            assert_eq!(failure.status, MCP_E_AUTH, "{step:?}: {}", failure.message);
            assert!(failure.message.contains("[implicit]"), "{step:?}: {}", failure.message);
        }
    }

    server_text_in_errors_is_shortened_and_escaped {
        let scene = Scene::new();
        let long = format!("\u{1b}[31m%s%n\"\\\r\n{}", "é".repeat(5000));
        scene.authority.inject(Step::Token, send(http::json(400,
            &json!({"error": "invalid_grant", "error_description": long, "error_uri": "x:y"}))));
        let failure = fails(&scene);
        assert!(failure.message.len() < 800, "{}", failure.message.len());
        assert!(failure.message.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
    }

    slow_server_ends_with_the_timeout_of_the_call {
        for step in [Step::Metadata, Step::Register, Step::Token] {
            let scene = Scene::new();
            scene.authority.inject_always(step, vec![Action::Hang]);
            let (auth, _browser) = scene.person();
            let client = scene.client(&auth);
            client.set_timeout(500);
            client.set_deadline(1000).unwrap();
            let start = Instant::now();
            let failure = scene.failure(client.ping());
            assert!([MCP_E_TIMEOUT, MCP_E_UNAVAILABLE].contains(&failure.status),
                "{step:?}: {failure:?}");
            assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        }
    }

    hung_token_request_has_its_own_timeout {
        let scene = Scene::new();
        scene.authority.inject_always(Step::Token, vec![Action::Hang]);
        let (auth, _browser) = scene.person();
        let client = scene.client(&auth);
        client.set_timeout(60_000);
        let start = Instant::now();
        let failure = scene.failure(client.ping());
        assert!([MCP_E_TIMEOUT, MCP_E_UNAVAILABLE].contains(&failure.status), "{failure:?}");
        assert!(start.elapsed() < AT_ONCE, "10 s: {:?}", start.elapsed());
    }
}
