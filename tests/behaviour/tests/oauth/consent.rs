//! When a sign-in asks the person for consent.

use behaviour::auth::Auth;
use behaviour::authority::{Browser, Form, Scene, Step};
use behaviour::constants::*;
use behaviour::{Client, tests};
use serde_json::json;

/// The error and words of Entra ID, where an administrator gives the consent.
fn refuse_consent(step: Step, form: &Form) -> Option<(&'static str, String)> {
    let is_forced =
        step == Step::Authorize && form.text("prompt").split(' ').any(|one| one == "consent");
    is_forced.then(|| ("consent_required", "AADSTS90094: approval of an administrator".to_owned()))
}

/// The authorization server supports `offline_access`.
fn offline() -> Scene {
    let scene = Scene::new();
    scene.guarded.set(|wall| wall.metadata = json!({"scopes_supported": ["mcp"]}));
    scene.authority.set(|knobs| {
        knobs.metadata = json!({"scopes_supported": ["mcp", "openid", "offline_access"]});
    });
    scene
}

/// A file that several runs of an application share.
struct StoreFile(std::path::PathBuf);

impl StoreFile {
    fn new(name: &str) -> Self {
        let name = format!("mcp-consent-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder.join("tokens.json"))
    }

    /// Another run of the application.
    fn run(&self, scene: &Scene, change: impl Fn(&Auth)) -> (Client, Auth, Browser) {
        let (auth, browser) = scene.person();
        auth.set_store_file(self.0.to_str().unwrap()).unwrap();
        change(&auth);
        (scene.client(&auth), auth, browser)
    }

    /// Another run, which signs in: the prompts of its requests.
    fn prompts(&self, scene: &Scene, change: impl Fn(&Auth)) -> Vec<String> {
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        let (client, _auth, browser) = self.run(scene, change);
        client.ping().unwrap();
        browser.urls().iter().map(|url| Form::of_url(url).text("prompt").to_owned()).collect()
    }
}

impl Drop for StoreFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

fn nothing(_: &Auth) {}

tests! {
    consent_is_not_asked_for_where_a_refresh_token_comes {
        let (scene, file) = (offline(), StoreFile::new("comes"));
        scene.authority.set(|knobs| knobs.refuses = Some(refuse_consent));
        for _ in 0..3 {
            assert_eq!(file.prompts(&scene, nothing), [""]);
        }
        for form in scene.authority.forms(Step::Authorize) {
            assert_eq!((form.text("scope"), form.get("prompt")), ("mcp offline_access", None));
        }
    }

    consent_is_asked_for_after_no_refresh_token_came {
        let (scene, file) = (offline(), StoreFile::new("after"));
        scene.authority.set(|knobs| {
            knobs.refresh_after = Some(|form| form.text("prompt") == "consent");
        });
        assert_eq!(file.prompts(&scene, nothing), [""]);
        // It helped, and is needed again.
        assert_eq!(file.prompts(&scene, nothing), ["consent"]);
        assert_eq!(file.prompts(&scene, nothing), ["consent"]);
        // The refresh token is used.
        scene.authority.expire();
        let before = scene.authority.count(Step::Refresh);
        let (client, auth, browser) = file.run(&scene, nothing);
        client.ping().unwrap();
        let refreshes = scene.authority.count(Step::Refresh) - before;
        assert_eq!((browser.count(), refreshes), (0, 1));
        // Signing out does not forget what the server needs.
        client.sign_out().unwrap();
        drop((client, auth));
        assert_eq!(file.prompts(&scene, nothing), ["consent"]);
    }

    consent_is_tried_once_where_it_gives_no_refresh_token {
        let (scene, file) = (offline(), StoreFile::new("once"));
        scene.authority.set(|knobs| knobs.gives_refresh = false);
        assert_eq!(file.prompts(&scene, nothing), [""]);
        assert_eq!(file.prompts(&scene, nothing), ["consent"]);
        assert_eq!(file.prompts(&scene, nothing), [""]);
        assert_eq!(file.prompts(&scene, nothing), [""]);
    }

    sign_in_goes_on_if_the_server_refuses_to_ask_for_consent {
        let (scene, file) = (offline(), StoreFile::new("refused"));
        scene.authority.set(|knobs| {
            knobs.gives_refresh = false;
            knobs.refuses = Some(refuse_consent);
        });
        assert_eq!(file.prompts(&scene, nothing), [""]);
        assert_eq!(file.prompts(&scene, nothing), ["consent", ""]);
        assert_eq!(file.prompts(&scene, nothing), [""]);
    }

    consent_is_not_asked_for_again_after_a_sign_in_without_an_answer {
        let (scene, file) = (offline(), StoreFile::new("nobody"));
        scene.authority.set(|knobs| knobs.gives_refresh = false);
        assert_eq!(file.prompts(&scene, nothing), [""]);
        scene.authority.expire();
        let (client, auth, browser) = file.run(&scene, |auth| {
            auth.set_sign_in_timeout(1000).unwrap();
        });
        let idle = Browser::idle(&auth);
        assert_eq!(scene.failure(client.ping()).status, MCP_E_TIMEOUT);
        assert_eq!((browser.count(), idle.asked().text("prompt")), (0, "consent"));
        drop((client, auth));
        assert_eq!(file.prompts(&scene, nothing), [""]);
    }

    prompt_of_the_application_prevails {
        let (scene, file) = (offline(), StoreFile::new("own"));
        scene.authority.set(|knobs| knobs.gives_refresh = false);
        let login = |auth: &Auth| {
            auth.set_authorization_parameter("prompt", Some("login")).unwrap();
        };
        let none = |auth: &Auth| auth.set_authorization_parameter("prompt", None).unwrap();
        assert_eq!(file.prompts(&scene, login), ["login"]);
        assert_eq!(file.prompts(&scene, none), [""]);
        assert_eq!(file.prompts(&scene, login), ["login"]);
        assert_eq!(file.prompts(&scene, nothing), ["consent"]);
        let consent = |auth: &Auth| {
            auth.set_authorization_parameter("prompt", Some("consent")).unwrap();
        };
        assert_eq!(file.prompts(&scene, consent), ["consent"]);
    }

    consent_is_remembered_for_its_issuer_only {
        let file = StoreFile::new("issuers");
        for _ in 0..2 {
            let scene = offline();
            scene.authority.set(|knobs| knobs.gives_refresh = false);
            assert_eq!(file.prompts(&scene, nothing), [""]);
        }
        // Without offline_access nothing is remembered.
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.gives_refresh = false);
        for _ in 0..3 {
            assert_eq!(file.prompts(&scene, nothing), [""]);
        }
    }
}
