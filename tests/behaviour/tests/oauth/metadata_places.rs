//! Where metadata is looked for: documents that say nothing, the places beside
//! those of the specifications, and the bound of requests.

use behaviour::authority::{Scene, Step, WELL_KNOWN};
use behaviour::constants::*;
use behaviour::{Failure, tests};
use mcp_test_server::{Action, http};
use serde_json::{Value, json};

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

fn refused(scene: &Scene) -> Failure {
    let (auth, browser) = scene.person();
    let failure = scene.failure(scene.client(&auth).ping());
    assert_eq!(browser.count(), 0, "{}", failure.message);
    failure
}

fn asked(scene: &Scene) -> Vec<String> {
    let all = scene.authority.of(Step::Metadata);
    all.iter().map(|request| request.path().to_owned()).collect()
}

fn document(scene: &Scene, document: &Value) -> Vec<Action> {
    let text = document.to_string().replace("AS", scene.authority.base());
    let document: Value = serde_json::from_str(&text).unwrap();
    vec![Action::Send(http::json(200, &document))]
}

tests! {
    issuer_with_a_path_is_found_at_each_usual_place {
        let places = [
            format!("{OAUTH}/a/b"), format!("{OPENID}/a/b"), format!("/a/b{OPENID}"),
            format!("/a/b{OAUTH}"), OAUTH.to_owned(), OPENID.to_owned(),
        ];
        for (index, place) in places.iter().enumerate() {
            let scene = Scene::new();
            scene.authority.set(|knobs| {
                knobs.issuer_path = "/a/b".into();
                knobs.served.clear();
                knobs.places = vec![place.clone()];
            });
            scene.signed_in();
            assert_eq!(asked(&scene), places[..=index]);
            scene.authority.has_no_complaint();
        }
    }

    resource_metadata_is_found_behind_the_path {
        for challenge in [None, Some("Bearer"), Some("")] {
            let scene = Scene::new();
            let behind = format!("/mcp{WELL_KNOWN}");
            scene.guarded.set(|wall| {
                wall.places = vec![behind.clone()];
                wall.challenge = challenge.map(str::to_owned);
            });
            scene.signed_in();
            let places = match challenge {
                None => vec![behind],
                Some(_) => vec![format!("{WELL_KNOWN}/mcp"), WELL_KNOWN.to_owned(), behind],
            };
            assert_eq!(scene.guarded.asked(), places);
        }
    }

    server_document_that_says_nothing_is_a_miss {
        for body in [json!({}), json!({"issuer": null, "token_endpoint": null}),
                     json!({"error": "not_found"}), json!({"scopes_supported": ["a"]})] {
            let scene = Scene::new();
            scene.authority.inject(Step::Metadata, document(&scene, &body));
            scene.authority.set(|knobs| knobs.places = vec![OPENID.to_owned()]);
            scene.signed_in();
            assert_eq!(asked(&scene), [OAUTH, OPENID], "{body}");
        }
    }

    resource_document_that_says_nothing_is_a_miss {
        for body in [json!({}), json!({"resource": null, "authorization_servers": null}),
                     json!({"issuer": "AS", "token_endpoint": "AS/token"})] {
            // No other place has a document: the library goes on to the origin.
            let scene = Scene::new();
            let reply = document(&scene, &body);
            scene.guarded.set(|wall| wall.metadata_reply = Some(reply));
            let failure = refused(&scene);
            assert_eq!(scene.guarded.asked(), [
                format!("{WELL_KNOWN}/mcp"), WELL_KNOWN.to_owned(), format!("/mcp{WELL_KNOWN}"),
                OAUTH.to_owned(), OPENID.to_owned(),
            ]);
            assert!(failure.message.contains("names no resource"), "{}", failure.message);
        }
    }

    most_useful_refusal_is_reported_whatever_later_places_have {
        // A foreign document first, then one of the same origin, then nothing.
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.issuer_path = "/t".into());
        for body in [json!({"issuer": "https://evil.example.com"}), json!({"issuer": "AS"})] {
            scene.authority.inject(Step::Metadata, document(&scene, &body));
        }
        scene.authority.set(|knobs| knobs.served.clear());
        let failure = refused(&scene);
        assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
        let base = scene.authority.base();
        assert!(failure.message.contains(&format!("\"{base}\", not from \"{base}/t\"")),
            "{}", failure.message);
        assert_eq!(asked(&scene).len(), 6);
        // The right document, which lacks PKCE, says more than another issuer.
        let scene = Scene::new();
        scene.authority.inject(Step::Metadata, document(&scene, &json!({"issuer": "AS/x"})));
        scene.authority.set(|knobs| {
            knobs.places = vec![OPENID.to_owned()];
            knobs.metadata = json!({"code_challenge_methods_supported": null});
        });
        let failure = refused(&scene);
        assert!(failure.message.contains("mcp_auth_set_assume_pkce()"), "{}", failure.message);
    }

    undeclared_pkce_can_be_assumed {
        for (methods, may_be_assumed) in
            [(json!(null), true), (json!([]), false), (json!(["plain"]), false)] {
            let scene = Scene::new();
            scene.authority.set(|knobs| {
                knobs.metadata = json!({"code_challenge_methods_supported": methods});
            });
            let failure = refused(&scene);
            assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
            let names_it = failure.message.contains("mcp_auth_set_assume_pkce()");
            assert_eq!(names_it, may_be_assumed, "{}", failure.message);
            let (auth, browser) = scene.person();
            auth.set_assume_pkce(true).unwrap();
            let outcome = scene.client(&auth).ping();
            assert_eq!(outcome.is_ok(), may_be_assumed, "{methods}");
            if may_be_assumed {
                assert_eq!(browser.asked().text("code_challenge_method"), "S256");
                scene.authority.has_no_complaint();
            }
        }
    }

    missing_endpoint_names_the_way_out {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.metadata = json!({"token_endpoint": null}));
        let failure = refused(&scene);
        assert!(failure.message.contains("mcp_auth_set_endpoints()"), "{}", failure.message);
        let scene = Scene::new();
        scene.guarded.set(|wall| wall.metadata = json!({"authorization_servers": null}));
        let failure = refused(&scene);
        assert!(failure.message.contains("mcp_auth_set_issuer()"), "{}", failure.message);
    }

    failure_at_a_place_of_no_specification_is_a_miss {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.issuer_path = "/t".into());
        let reply = http::reply(404, &[], b"");
        for _ in 0..3 {
            scene.authority.inject(Step::Metadata, vec![Action::Send(reply.clone())]);
        }
        let gone = http::reply(502, &[], b"");
        scene.authority.inject_always(Step::Metadata, vec![Action::Send(gone)]);
        let failure = refused(&scene);
        assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
        assert!(failure.message.contains("mcp_auth_set_endpoints()"), "{}", failure.message);
    }

    flow_requests_metadata_at_most_12_times {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.issuer_path = "/a/b".into());
        let reply = http::reply(302, &[("location", "/.well-known/again")], b"");
        scene.authority.inject_always(Step::Metadata, vec![Action::Send(reply)]);
        let failure = refused(&scene);
        assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
        assert!(failure.message.contains("12 times"), "{}", failure.message);
        // One of them was for the resource.
        assert_eq!(scene.authority.count(Step::Metadata), 11);
        assert_eq!(scene.guarded.asked().len(), 1);
    }
}
