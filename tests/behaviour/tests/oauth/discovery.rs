//! Metadata discovery: the URLs, their order, and metadata that must not be
//! trusted.

use behaviour::authority::{Authority, Metadata, Scene, Step, WELL_KNOWN};
use behaviour::constants::*;
use behaviour::tests;
use mcp_test_server::{Action, http};
use serde_json::{Value, json};

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// The status of a call, and that nobody was shown a page.
fn refused(scene: &Scene, what: &str) -> behaviour::Failure {
    let (auth, browser) = scene.person();
    let failure = scene.failure(scene.client(&auth).ping());
    assert_eq!(browser.count(), 0, "{what}: {}", failure.message);
    assert_eq!(scene.authority.count(Step::Register), 0, "{what}: {}", failure.message);
    failure
}

/// The metadata requests that the authorization server got.
fn asked(authority: &Authority) -> Vec<String> {
    authority.of(Step::Metadata).iter().map(|request| request.path().to_owned()).collect()
}

tests! {
    metadata_url_of_the_challenge_is_the_only_one_tried {
        let scene = Scene::new();
        scene.guarded.set(|wall| wall.places = vec!["/custom/metadata".into()]);
        scene.signed_in();
        assert_eq!(scene.guarded.asked(), [""; 0]);
        let custom = scene.guarded.log().that(|request| request.path() == "/custom/metadata");
        assert_eq!(custom.len(), 1);
        assert_eq!(custom[0].header("accept"), Some("application/json"));
        assert!(custom[0].header("mcp-protocol-version").is_some());
    }

    well_known_path_and_root_are_tried_without_a_challenge {
        for challenge in ["Bearer", "Bearer realm=\"x\"", ""] {
            let scene = Scene::new();
            scene.guarded.set(|wall| {
                wall.challenge = Some(challenge.into());
                wall.places = vec![WELL_KNOWN.into()];
                let base = wall.trusts.base().to_owned();
                wall.metadata = json!({"authorization_servers": [base]});
            });
            let base = scene.guarded.server.url("");
            scene.guarded.set(|wall| wall.metadata = json!({"resource": base}));
            let (_client, _auth, browser) = scene.signed_in();
            let path = format!("{WELL_KNOWN}/mcp");
            assert_eq!(scene.guarded.asked(), [path.as_str(), WELL_KNOWN]);
            assert_eq!(browser.asked().text("resource"), scene.guarded.server.url(""));
        }
    }

    missing_metadata_url_is_followed_by_the_well_known_ones {
        for status in [400, 401, 403, 404, 405] {
            let scene = Scene::new();
            let gone = scene.guarded.server.url("/gone");
            scene.guarded.set(|wall| {
                wall.challenge = Some(format!("Bearer resource_metadata=\"{gone}\""));
            });
            let _ = status;
            scene.signed_in();
            assert_eq!(scene.guarded.asked(), [format!("{WELL_KNOWN}/mcp")]);
        }
    }

    response_that_is_no_json_object_counts_as_missing {
        for body in ["<!doctype html><p>app", "[]", "\"x\"", "", "{\"resource\":"] {
            let scene = Scene::new();
            let reply = http::reply(200, &[("content-type", "text/html")], body.as_bytes());
            scene.guarded.set(|wall| wall.metadata_reply = Some(vec![Action::Send(reply)]));
            // Nothing is found: the authorization server is not here either.
            let failure = refused(&scene, body);
            assert!([MCP_E_AUTH, MCP_E_UNAUTHORIZED].contains(&failure.status),
                "{}", failure.message);
            let path = format!("{WELL_KNOWN}/mcp");
            assert_eq!(&scene.guarded.asked()[..2], [path.as_str(), WELL_KNOWN], "{body}");
            assert_eq!(scene.authority.log().count(), 0);
        }
    }

    media_type_of_metadata_does_not_matter {
        let scene = Scene::new();
        let issuer = scene.authority.issuer();
        let document = json!({"resource": scene.guarded.url(), "authorization_servers": [issuer]});
        let reply = http::reply(200, &[("content-type", "text/plain")],
            document.to_string().as_bytes());
        scene.guarded.set(|wall| wall.metadata_reply = Some(vec![Action::Send(reply)]));
        scene.signed_in();
    }

    unavailable_server_is_not_one_without_metadata {
        for status in [429, 500, 502, 503] {
            let scene = Scene::new();
            let reply = http::reply(status, &[("retry-after", "7")], b"");
            scene.guarded.set(|wall| wall.metadata_reply = Some(vec![Action::Send(reply)]));
            let failure = refused(&scene, "unavailable");
            assert_eq!(failure.status, MCP_E_UNAVAILABLE, "{status}: {}", failure.message);
            let asked = scene.guarded.log().requests();
            assert!(!asked.iter().any(|one| one.path() == OAUTH), "{status}: not the old way");
        }
    }

    resource_that_covers_the_endpoint_is_sent_unchanged {
        for path in ["", "/", "/mcp", "/mcp/"] {
            let scene = Scene::new();
            let resource = scene.guarded.server.url(path);
            let said = resource.clone();
            scene.guarded.set(|wall| wall.metadata = json!({"resource": said}));
            let (_client, _auth, browser) = scene.signed_in();
            assert_eq!(browser.asked().text("resource"), resource);
            assert_eq!(scene.authority.forms(Step::Token)[0].text("resource"), resource);
            scene.authority.has_no_complaint();
        }
    }

    resource_of_another_server_is_an_error {
        let port = |scene: &Scene| scene.guarded.server.address().port();
        let wrong: [fn(u16) -> Value; 9] = [
            |_| json!("https://evil.example.com/mcp"),
            |port| json!(format!("http://127.0.0.1:{port}/m")),
            |port| json!(format!("http://127.0.0.1:{port}/mcp/more")),
            |port| json!(format!("http://127.0.0.1:{port}/mcp#x")),
            |port| json!(format!("http://user@127.0.0.1:{port}/mcp")),
            |port| json!(format!("https://127.0.0.1:{port}/mcp")),
            |port| json!(format!("http://127.0.0.1:{}/mcp", port ^ 1)),
            |_| json!(null),
            |_| json!(["x"]),
        ];
        for wrong in wrong {
            let scene = Scene::new();
            let resource = wrong(port(&scene));
            scene.guarded.set(|wall| wall.metadata = json!({"resource": resource}));
            let failure = refused(&scene, &resource.to_string());
            assert_eq!(failure.status, MCP_E_UNTRUSTED, "{resource}: {}", failure.message);
            assert_eq!(scene.guarded.asked().len(), 1, "no other place is asked: {resource}");
            assert_eq!(scene.authority.log().count(), 0, "{resource}");
        }
    }

    metadata_without_an_authorization_server_is_an_error {
        for list in [json!([]), json!(null), json!("x"), json!([7]), json!([""])] {
            let scene = Scene::new();
            scene.guarded.set(|wall| wall.metadata = json!({"authorization_servers": list}));
            let failure = refused(&scene, &list.to_string());
            assert!([MCP_E_AUTH, MCP_E_UNTRUSTED, MCP_E_PROTOCOL].contains(&failure.status),
                "{list}: {}", failure.message);
            assert_eq!(scene.guarded.asked().len(), 1, "{list}");
        }
    }

    issuer_with_a_path_is_tried_in_all_forms_in_order {
        let all = [
            (Metadata::OAuth, format!("{OAUTH}/t1/t2")),
            (Metadata::OpenId, format!("{OPENID}/t1/t2")),
            (Metadata::OpenIdBehind, format!("/t1/t2{OPENID}")),
        ];
        for (at, (form, _)) in all.iter().enumerate() {
            let scene = Scene::new();
            scene.authority.set(|knobs| {
                knobs.issuer_path = "/t1/t2".into();
                knobs.served = vec![*form];
            });
            scene.signed_in();
            let wanted: Vec<_> = all[..=at].iter().map(|(_, path)| path.clone()).collect();
            assert_eq!(asked(&scene.authority), wanted);
            scene.authority.has_no_complaint();
        }
    }

    issuer_without_a_path_is_tried_in_all_forms_in_order {
        for path in ["", "/"] {
            let scene = Scene::new();
            scene.authority.set(|knobs| {
                knobs.issuer_path = path.into();
                knobs.served = vec![Metadata::OpenId];
            });
            scene.signed_in();
            assert_eq!(asked(&scene.authority), [OAUTH, OPENID]);
        }
    }

    issuer_that_differs_by_a_byte_is_refused {
        let wrong: [fn(&str) -> Value; 6] = [
            |base| json!(format!("{base}/")),
            |base| json!(base.replace("http", "HTTP")),
            |base| json!(format!("{base}/x")),
            |_| json!("https://evil.example.com"),
            |_| json!(null),
            |base| json!([base]),
        ];
        for wrong in wrong {
            let scene = Scene::new();
            let issuer = wrong(scene.authority.base());
            scene.authority.set(|knobs| knobs.metadata = json!({"issuer": issuer}));
            let failure = refused(&scene, &issuer.to_string());
            assert_eq!(failure.status, MCP_E_AUTH, "{issuer}: {}", failure.message);
            assert!(failure.message.contains(scene.authority.base()), "{}", failure.message);
            assert_eq!(asked(&scene.authority), [OAUTH, OPENID], "the next form may pass");
            assert_eq!(scene.authority.log().count(), 2, "{issuer}");
        }
    }

    pinned_issuer_may_lack_the_final_slash {
        let scene = Scene::new();
        let issuer = scene.authority.issuer();
        let slashed = format!("{issuer}/");
        scene.guarded.set(|wall| wall.metadata = json!({"authorization_servers": [slashed]}));
        assert_eq!(refused(&scene, "a slash").status, MCP_E_AUTH);
        let (auth, _browser) = scene.person();
        auth.set_issuer(&issuer).unwrap();
        scene.client(&auth).ping().unwrap();
    }

    server_that_does_not_declare_pkce_is_refused {
        for methods in [json!(null), json!([]), json!(["plain"]), json!("S256")] {
            let scene = Scene::new();
            scene.authority.set(|knobs| {
                knobs.metadata = json!({"code_challenge_methods_supported": methods});
            });
            let failure = refused(&scene, &methods.to_string());
            assert!([MCP_E_AUTH, MCP_E_UNTRUSTED].contains(&failure.status),
                "{}", failure.message);
            assert!(failure.message.contains("PKCE"), "{}", failure.message);
        }
    }

    refused_metadata_form_is_followed_by_the_next {
        let scene = Scene::new();
        let base = scene.authority.base().to_owned();
        scene.authority.set(|knobs| knobs.served = vec![Metadata::OAuth, Metadata::OpenId]);
        scene.authority.inject(Step::Metadata, vec![Action::Send(http::json(200, &json!({
            "issuer": base, "authorization_endpoint": format!("{base}/evil"),
            "token_endpoint": format!("{base}/evil"),
        })))]);
        scene.signed_in();
        assert_eq!(asked(&scene.authority), [OAUTH, OPENID]);
        assert!(!scene.authority.paths().contains(&"/evil".to_owned()));
    }

    missing_endpoint_is_an_error_when_it_is_needed {
        for name in ["token_endpoint", "authorization_endpoint"] {
            let scene = Scene::new();
            scene.authority.set(|knobs| knobs.metadata = json!({name: null}));
            let failure = refused(&scene, name);
            assert!(failure.message.contains(name), "{}", failure.message);
        }
    }

    revision_2025_03_26_uses_the_origin_of_the_server {
        for has_document in [true, false] {
            let scene = Scene::new();
            let base = scene.guarded.server.url("");
            let core = std::sync::Arc::new(behaviour::authority::Core::default());
            core.begin(&base);
            core.set(|knobs| {
                if !has_document {
                    knobs.served.clear();
                    knobs.iss = behaviour::authority::Iss::Absent;
                }
            });
            scene.guarded.set(|wall| {
                wall.places.clear();
                wall.challenge = Some("Bearer".into());
                wall.is_own_authority = true;
                wall.trusts = core.clone();
            });
            let (auth, browser) = scene.person();
            let client = scene.client(&auth);
            // The key is for the origin: the scene counts on two of them.
            client.set_header("X-API-Key", None).unwrap();
            client.ping().unwrap();
            assert_eq!(browser.count(), 1);
            assert_eq!(browser.asked().text("resource"), scene.guarded.url());
            core.has_no_complaint();
            let paths: Vec<_> =
                scene.guarded.log().requests().iter().map(|one| one.path().to_owned()).collect();
            assert!(paths.contains(&OAUTH.to_owned()), "{paths:?}");
            assert!(paths.contains(&"/register".to_owned()), "{paths:?}");
        }
    }

    missing_metadata_is_an_error_that_lists_the_urls {
        let scene = Scene::new();
        scene.guarded.set(|wall| {
            wall.places.clear();
            wall.challenge = Some("Bearer".into());
        });
        let (auth, _browser) = scene.person();
        let failure = scene.failure(scene.client(&auth).ping());
        assert!([MCP_E_AUTH, MCP_E_UNAUTHORIZED].contains(&failure.status), "{failure:?}");
        assert!(failure.message.contains(WELL_KNOWN), "{}", failure.message);
    }

    failed_token_request_lists_the_metadata_urls {
        for status in [404, 405] {
            let scene = Scene::new();
            let core = std::sync::Arc::new(behaviour::authority::Core::default());
            core.begin(&scene.guarded.server.url(""));
            core.set(|knobs| {
                knobs.served.clear();
                knobs.iss = behaviour::authority::Iss::Absent;
            });
            core.inject_always(Step::Token, vec![Action::Send(http::reply(status, &[], b""))]);
            scene.guarded.set(|wall| {
                wall.places.clear();
                wall.challenge = Some("Bearer".into());
                wall.is_own_authority = true;
                wall.trusts = core.clone();
            });
            let (auth, _browser) = scene.person();
            let client = scene.client(&auth);
            client.set_header("X-API-Key", None).unwrap();
            let failure = scene.failure(client.ping());
            for words in [WELL_KNOWN, OAUTH, "/token"] {
                assert!(failure.message.contains(words), "{}", failure.message);
            }
        }
    }

    forbidden_address_is_named_in_the_error {
        for (issuer, status) in [("https://169.254.169.254", MCP_E_INSECURE),
                                 ("https://[fe80::1]/t", MCP_E_INSECURE),
                                 ("https://127.1", MCP_E_UNTRUSTED)] {
            let scene = Scene::new();
            scene.guarded.set(|wall| wall.metadata = json!({"authorization_servers": [issuer]}));
            let failure = refused(&scene, issuer);
            assert_eq!(failure.status, status, "{issuer}: {}", failure.message);
        }
        // Nor is there a way around it.
        let scene = Scene::new();
        scene.guarded.set(|wall| {
            wall.places.clear();
            wall.challenge =
                Some("Bearer resource_metadata=\"https://169.254.169.254/meta\"".into());
        });
        let failure = refused(&scene, "a place");
        assert_eq!(failure.status, MCP_E_INSECURE, "{}", failure.message);
        assert!(!scene.guarded.log().requests().iter().any(|one| one.path() == OAUTH));
    }

    malformed_challenges_are_ignored {
        for challenge in [
            "Bearer resource_metadata=\"", "Bearer =,=,,", ",,,", "Basic realm=\"x\", Bearer",
            "bearer", "Bearer error=\"\\", "Bearer resource_metadata=javascript:alert(1)",
            "Bearer resource_metadata=\"http://169.254.169.254/latest\"",
            "Bearer resource_metadata='x', scope='y'",
        ] {
            let scene = Scene::new();
            scene.guarded.set(|wall| wall.challenge = Some(challenge.into()));
            scene.signed_in();
            assert_eq!(scene.guarded.asked(), [format!("{WELL_KNOWN}/mcp")], "{challenge}");
        }
    }

    metadata_is_read_for_each_sign_in {
        let scene = Scene::new();
        let (client, _auth, _browser) = scene.signed_in();
        assert_eq!(scene.guarded.asked().len(), 1);
        scene.authority.expire();
        client.ping().unwrap();
        assert_eq!(scene.guarded.asked().len(), 2);
    }
}
