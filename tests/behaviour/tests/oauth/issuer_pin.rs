//! A pinned issuer: which documents it makes usable, and which it does not.

use behaviour::auth::Auth;
use behaviour::authority::{Authority, Browser, Metadata, Scene, Step};
use behaviour::constants::*;
use behaviour::{Failure, tests};
use mcp_test_server::{Action, http};
use serde_json::{Value, json};

use crate::memory::Memory;

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// A scene in which the resource lists these issuers, with `H` for the origin of
/// the authorization server.
fn listing(list: Value) -> Scene {
    let scene = Scene::new();
    let list = list.to_string().replace('H', scene.authority.base());
    let list: Value = serde_json::from_str(&list).unwrap();
    scene.guarded.set(|wall| wall.metadata = json!({"authorization_servers": list}));
    scene
}

fn pinned(scene: &Scene, pin: &str) -> (Auth, Browser) {
    let (auth, browser) = scene.person();
    auth.set_issuer(&pin.replace('H', scene.authority.base())).unwrap();
    (auth, browser)
}

/// The failure of a call, before anything of the authorization server was used.
fn refused(scene: &Scene, auth: &Auth, browser: &Browser) -> Failure {
    let failure = scene.failure(scene.client(auth).ping());
    assert_eq!(browser.count(), 0, "{}", failure.message);
    assert_eq!(scene.authority.count(Step::Register), 0, "{}", failure.message);
    failure
}

/// The issuer that a message advises to pin.
fn advised(failure: &Failure) -> String {
    let (_, advice) = failure.message.split_once("mcp_auth_set_issuer() with ").expect("advice");
    advice.split([';', ' ', ',']).next().unwrap().to_owned()
}

tests! {
    issuer_that_differs_is_pinned_as_the_error_advises {
        // What is listed, where the document is, and its issuer.
        for (listed, place, issuer) in [
            ("H/tenant", format!("{OAUTH}/tenant"), ""),
            ("H/tenant", format!("{OPENID}/tenant"), ""),
            ("H/tenant", format!("/tenant{OPENID}"), ""),
            ("H/tenant", OAUTH.to_owned(), ""),
            ("H/oauth2", format!("{OAUTH}/oauth2"), "/oauth2/"),
            ("H/oauth2/", format!("{OAUTH}/oauth2"), "/oauth2"),
            ("H/", OAUTH.to_owned(), ""),
            ("H", OAUTH.to_owned(), "/"),
            ("H", OAUTH.to_owned(), "/realms/one"),
            ("H/a", format!("{OAUTH}/a"), "/b"),
        ] {
            let scene = listing(json!([listed]));
            scene.authority.set(|knobs| {
                knobs.issuer_path = issuer.into();
                knobs.served.clear();
                knobs.places = vec![place.clone()];
            });
            let (auth, browser) = scene.person();
            let failure = refused(&scene, &auth, &browser);
            assert_eq!(failure.status, MCP_E_AUTH, "{listed}: {}", failure.message);
            let found = scene.authority.issuer();
            let listed = listed.replace('H', scene.authority.base());
            assert!(failure.message.contains(&format!("\"{listed}\"")), "{}", failure.message);
            assert_eq!(advised(&failure), found);
            let (auth, browser) = pinned(&scene, &found);
            scene.client(&auth).ping().unwrap();
            assert_eq!(browser.count(), 1);
            scene.authority.has_no_complaint();
        }
    }

    list_of_the_resource_does_not_matter_to_a_pin {
        for list in [json!([]), json!(null), json!("x"), json!([7]), json!(["https://other.example"]),
                     json!(["http://192.0.2.1"]), json!(["H/other", "H?x"])] {
            let scene = listing(list.clone());
            let (auth, browser) = pinned(&scene, "H");
            scene.client(&auth).ping().unwrap();
            assert_eq!(browser.count(), 1, "{list}");
            scene.authority.has_no_complaint();
        }
    }

    places_of_a_pin_come_before_those_of_listed_issuers {
        let scene = listing(json!(["H/first", "https://other.example/x", "H/second"]));
        scene.authority.set(|knobs| {
            knobs.served.clear();
            knobs.places = vec![format!("{OAUTH}/second")];
        });
        let (auth, _browser) = pinned(&scene, "H");
        scene.client(&auth).ping().unwrap();
        let asked: Vec<_> = scene.authority.of(Step::Metadata).iter()
            .map(|request| request.path().to_owned()).collect();
        assert_eq!(asked, [
            OAUTH.to_owned(), OPENID.to_owned(), format!("{OAUTH}/first"),
            format!("{OPENID}/first"), format!("/first{OPENID}"), format!("/first{OAUTH}"),
            format!("{OAUTH}/second"),
        ]);
    }

    document_on_another_origin_is_never_used_for_a_pin {
        let (scene, other) = (Scene::new(), Authority::new());
        scene.has_other(other.log());
        let pin = scene.authority.issuer();
        // The other origin names foreign endpoints for the pinned issuer.
        other.set(|knobs| {
            knobs.metadata = json!({"issuer": pin});
            knobs.served = vec![Metadata::OAuth, Metadata::OpenId];
        });
        scene.authority.set(|knobs| knobs.served.clear());
        let list = json!([other.issuer(), format!("{}/t", other.issuer())]);
        scene.guarded.set(|wall| wall.metadata = json!({"authorization_servers": list}));
        let (auth, browser) = pinned(&scene, "H");
        let failure = refused(&scene, &auth, &browser);
        assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
        assert_eq!(other.log().count(), 0);
        // What the resource lists may help the reader.
        assert!(failure.message.contains(&other.issuer()), "{}", failure.message);
        // Nor by a redirect of the pin's own place.
        let reply = http::reply(302, &[("location", &other.url(&format!("{OAUTH}?k=s3cret")))], b"");
        scene.authority.inject_always(Step::Metadata, vec![Action::Send(reply)]);
        let (auth, browser) = pinned(&scene, "H");
        let failure = refused(&scene, &auth, &browser);
        assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
        assert!(failure.message.contains(&other.url(OAUTH)), "{}", failure.message);
        assert!(!failure.message.contains("s3cret"), "{}", failure.message);
        assert_eq!(advised(&failure), other.issuer());
        assert_eq!(other.log().count(), 0);
    }

    document_of_another_issuer_than_the_pin_is_refused {
        for issuer in ["/x", "/"] {
            let scene = listing(json!(["H"]));
            scene.authority.set(|knobs| {
                knobs.issuer_path = issuer.into();
                knobs.places = vec![OAUTH.to_owned()];
            });
            let (auth, browser) = pinned(&scene, "H");
            let failure = refused(&scene, &auth, &browser);
            assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
            assert_eq!(advised(&failure), scene.authority.issuer());
        }
        let scene = listing(json!(["H"]));
        scene.authority.set(|knobs| knobs.metadata = json!({"issuer": "https://evil.example.com"}));
        let (auth, browser) = pinned(&scene, "H");
        assert_eq!(refused(&scene, &auth, &browser).status, MCP_E_AUTH);
    }

    resource_is_checked_with_a_pin_too {
        let scene = Scene::new();
        scene.guarded.set(|wall| wall.metadata = json!({"resource": "https://evil.example.com"}));
        let (auth, browser) = pinned(&scene, "H");
        let failure = refused(&scene, &auth, &browser);
        assert_eq!(failure.status, MCP_E_UNTRUSTED, "{}", failure.message);
        for words in ["https://evil.example.com", &scene.guarded.url()] {
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }

    pin_works_without_a_resource_document {
        let scene = Scene::new();
        scene.guarded.set(|wall| {
            wall.places.clear();
            wall.challenge = Some("Bearer".into());
        });
        let (auth, browser) = pinned(&scene, "H");
        scene.client(&auth).ping().unwrap();
        assert_eq!(browser.asked().text("resource"), scene.guarded.url());
        scene.authority.has_no_complaint();
    }

    redirect_is_checked_against_the_pin {
        let scene = listing(json!(["H/tenant"]));
        scene.authority.set(|knobs| {
            knobs.places = vec![format!("{OAUTH}/tenant")];
            knobs.served.clear();
            knobs.iss = behaviour::authority::Iss::Is(format!("{}/tenant", "https://x"));
        });
        let (auth, _browser) = pinned(&scene, "H");
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_UNTRUSTED, "{}", failure.message);
        assert_eq!(scene.authority.count(Step::Token), 0);
    }

    later_process_finds_the_metadata_again {
        // At a place of a listed issuer, and the challenge's URL is the only place
        // of the resource's document.
        let scene = listing(json!(["H/tenant"]));
        scene.guarded.set(|wall| wall.places = vec!["/custom/metadata".into()]);
        scene.authority.set(|knobs| {
            knobs.places = vec![format!("{OAUTH}/tenant")];
            knobs.served.clear();
        });
        let kept = Memory::default();
        let (auth, _browser) = pinned(&scene, "H");
        auth.set_store(kept.clone()).unwrap();
        scene.client(&auth).ping().unwrap();
        assert!(kept.holds(&scene.authority.issuer()));
        kept.set("tokens", "expires_at", json!(1));
        let (auth, browser) = pinned(&scene, "H");
        auth.set_store(kept.clone()).unwrap();
        scene.client(&auth).ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (0, 1));
        // One request for the metadata: its place was stored.
        let (auth, _browser) = pinned(&scene, "H");
        auth.set_store(kept.clone()).unwrap();
        let before = scene.authority.count(Step::Metadata);
        scene.client(&auth).sign_out().unwrap();
        assert_eq!(scene.authority.count(Step::Metadata), before + 1);
        assert!(scene.authority.count(Step::Revoke) > 0);
        scene.authority.has_no_complaint();
    }
}
