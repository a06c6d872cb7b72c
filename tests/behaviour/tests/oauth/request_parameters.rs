//! Parameters that the application sets, adds or leaves out, at authorization
//! servers that refuse what Entra ID, Cognito, Google and Auth0 refuse.

use behaviour::auth::Auth;
use behaviour::authority::jws::{now, unsigned};
use behaviour::authority::{Authority, Browser, Form, Refuse, Registered, Scene, Step};
use behaviour::constants::*;
use behaviour::tests;
use serde_json::json;

const NO_RESOURCE: &str = "mcp_auth_set_authorization_parameter() and \
                           mcp_auth_set_token_parameter() with \"resource\" and NULL";

/// The grants and how each one is set up, with the number of token requests.
const GRANTS: [i32; 4] = [
    MCP_GRANT_AUTHORIZATION_CODE,
    MCP_GRANT_CLIENT_CREDENTIALS,
    MCP_GRANT_JWT_BEARER,
    MCP_GRANT_TOKEN_EXCHANGE,
];

fn refuse_resource(form: &Form, code: &'static str, why: &str) -> Option<(&'static str, String)> {
    form.get("resource").map(|_| (code, why.to_owned()))
}

/// Entra ID, from the authorization endpoint.
fn entra(step: Step, form: &Form) -> Option<(&'static str, String)> {
    let why = "AADSTS9010010: The resource parameter provided in the request doesn't match with \
               the requested scopes.";
    (step == Step::Authorize).then(|| refuse_resource(form, "invalid_target", why)).flatten()
}

/// Entra ID, from the token endpoint.
fn entra_at_the_token_endpoint(step: Step, form: &Form) -> Option<(&'static str, String)> {
    let why = "AADSTS901002: The 'resource' request parameter is not supported.";
    (step != Step::Authorize).then(|| refuse_resource(form, "invalid_request", why)).flatten()
}

/// Amazon Cognito, with an application client that knows no resource server.
fn cognito(_: Step, form: &Form) -> Option<(&'static str, String)> {
    refuse_resource(form, "invalid_request", "Invalid resource parameter")
}

/// A server with a code that no RFC has, and no words.
fn target_without_words(_: Step, form: &Form) -> Option<(&'static str, String)> {
    refuse_resource(form, "invalid_target", "")
}

/// Auth0: an audience, and the right one, in the authorization request.
fn auth0(step: Step, form: &Form) -> Option<(&'static str, String)> {
    match form.get("audience") {
        Some("https://api.example.com") => None,
        Some(other) => Some(("access_denied", format!("Service not found: {other}"))),
        None if step == Step::Authorize => {
            Some(("invalid_request", "No audience parameter was provided".to_owned()))
        }
        None => None,
    }
}

/// An authorization of a grant, and what it needs kept.
struct Case {
    scene: Scene,
    provider: Authority,
    auth: Auth,
    browser: Browser,
}

impl Case {
    fn of(grant: i32) -> Self {
        let (scene, provider, auth) = (Scene::new(), Authority::new(), Auth::of(grant));
        let browser = Browser::of(&auth);
        let identity = unsigned(&json!({"sub": "ada", "exp": now() + 300}));
        scene.authority.set(|knobs| {
            knobs.given = vec![Registered::secret("here", "secret-here", "client_secret_basic")];
        });
        provider.set(|knobs| {
            knobs.subject_token = identity.clone();
            knobs.given = vec![Registered::public("there")];
        });
        provider.gives_to(&scene.authority.core);
        match grant {
            MCP_GRANT_JWT_BEARER => {
                // Each request of a workload needs a token that was not used.
                for _ in 0..4 {
                    scene.authority.accept(&identity);
                }
            }
            MCP_GRANT_TOKEN_EXCHANGE => {
                auth.set_identity_provider(&provider.url("/token"), "there", None).unwrap();
                auth.set_client("here", Some("secret-here")).unwrap();
            }
            MCP_GRANT_CLIENT_CREDENTIALS => auth.set_client("here", Some("secret-here")).unwrap(),
            _ => {}
        }
        if matches!(grant, MCP_GRANT_JWT_BEARER | MCP_GRANT_TOKEN_EXCHANGE) {
            auth.set_assertion_handler(move |_| Some(identity.clone())).unwrap();
        }
        Self { scene, provider, auth, browser }
    }

    fn refuses(&self, refuse: Refuse) {
        self.scene.authority.set(|knobs| knobs.refuses = Some(refuse));
    }

    /// All requests of the grant, at both servers.
    fn forms(&self) -> Vec<Form> {
        let own = [Step::Authorize, Step::Token, Step::Refresh]
            .map(|step| self.scene.authority.forms(step));
        own.into_iter().flatten().chain(self.provider.forms(Step::Token)).collect()
    }

    fn may_lack_resource(&self) {
        self.scene.authority.set(|knobs| knobs.wants_resource = false);
        self.provider.set(|knobs| knobs.wants_resource = false);
    }

    /// A token, then a second one in place of the first.
    fn gets_two_tokens(&self) {
        let client = self.scene.client(&self.auth);
        client.ping().unwrap();
        self.scene.authority.expire();
        client.ping().unwrap();
    }
}

fn values<'a>(form: &'a Form, name: &str) -> Vec<&'a str> {
    form.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
}

tests! {
    refused_resource_names_the_option_that_leaves_it_out {
        for (refuse, words) in [
            (entra as Refuse, "AADSTS9010010: The resource parameter"),
            (entra_at_the_token_endpoint, "AADSTS901002"),
            (cognito, "Invalid resource parameter"),
            (target_without_words, "invalid_target"),
        ] {
            let case = Case::of(MCP_GRANT_AUTHORIZATION_CODE);
            case.refuses(refuse);
            let failure = case.scene.failure(case.scene.client(&case.auth).ping());
            assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
            assert!(failure.message.contains(words), "{}", failure.message);
            assert!(failure.message.contains(NO_RESOURCE), "{}", failure.message);

            let case = Case::of(MCP_GRANT_AUTHORIZATION_CODE);
            case.refuses(refuse);
            case.may_lack_resource();
            case.auth.leave_out_resource();
            case.gets_two_tokens();
            assert_eq!(case.scene.authority.count(Step::Refresh), 1);
            assert!(case.forms().iter().all(|form| form.get("resource").is_none()));
            case.scene.authority.has_no_complaint();
        }
    }

    refused_resource_of_a_grant_without_a_person_names_the_option {
        for grant in &GRANTS[1..] {
            let case = Case::of(*grant);
            case.refuses(cognito);
            let failure = case.scene.failure(case.scene.client(&case.auth).ping());
            assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
            assert!(failure.message.contains("Invalid resource parameter"), "{}", failure.message);
            assert!(failure.message.contains(NO_RESOURCE), "{}", failure.message);
        }
        // The identity provider refuses it.
        let case = Case::of(MCP_GRANT_TOKEN_EXCHANGE);
        case.provider.set(|knobs| knobs.refuses = Some(target_without_words));
        let failure = case.scene.failure(case.scene.client(&case.auth).ping());
        assert!(failure.message.contains(NO_RESOURCE), "{}", failure.message);
    }

    left_out_resource_is_in_no_request_of_any_grant {
        for grant in GRANTS {
            let case = Case::of(grant);
            case.may_lack_resource();
            case.auth.leave_out_resource();
            case.gets_two_tokens();
            let forms = case.forms();
            assert!(forms.len() >= 2, "{grant}");
            for form in &forms {
                assert_eq!(form.get("resource"), None, "{grant}");
            }
        }
    }

    added_parameters_are_in_every_token_request_of_every_grant {
        for grant in GRANTS {
            let case = Case::of(grant);
            case.auth.set_token_parameter("x.y:z", Some("é &=+%00 \u{1}")).unwrap();
            case.auth.set_token_parameter("empty", Some("")).unwrap();
            case.auth.set_token_parameter("audience", Some("first")).unwrap();
            case.auth.set_token_parameter("audience", Some("https://api.example.com")).unwrap();
            case.auth.set_token_parameter("dropped", Some("x")).unwrap();
            case.auth.set_token_parameter("dropped", None).unwrap();
            case.gets_two_tokens();
            for form in case.forms().iter().filter(|form| form.get("grant_type").is_some()) {
                assert_eq!(values(form, "x.y:z"), ["é &=+%00 \u{1}"], "{grant}");
                assert_eq!(values(form, "empty"), [""], "{grant}");
                // This replaces the audience of an exchange, too.
                assert_eq!(values(form, "audience"), ["https://api.example.com"], "{grant}");
                assert_eq!(form.get("dropped"), None, "{grant}");
                assert_eq!(values(form, "resource"), [case.scene.guarded.url()], "{grant}");
            }
            // Neither the browser nor the revocation gets them.
            for form in case.scene.authority.forms(Step::Authorize) {
                assert_eq!((form.get("x.y:z"), form.get("audience")), (None, None));
            }
            let _ = case.scene.client(&case.auth).sign_out();
            for form in case.scene.authority.forms(Step::Revoke) {
                assert_eq!((form.get("audience"), form.get("empty")), (None, None));
            }
            case.scene.authority.has_no_complaint();
        }
    }

    changed_parameters_are_sent_once {
        let case = Case::of(MCP_GRANT_AUTHORIZATION_CODE);
        for (name, value) in [
            ("resource", "urn:an api"),
            ("prompt", "select_account"),
            ("access_type", "offline"),
            ("audience", "https://api.example.com"),
            ("claims", r#"{"id_token":{"auth_time":{"essential":true}}}"#),
        ] {
            case.auth.set_authorization_parameter(name, Some(value)).unwrap();
            case.auth.set_token_parameter(name, Some(value)).unwrap();
        }
        case.gets_two_tokens();
        assert_eq!(case.scene.authority.count(Step::Refresh), 1);
        for form in case.forms() {
            assert_eq!(values(&form, "resource"), ["urn:an api"]);
            assert_eq!(values(&form, "prompt"), ["select_account"]);
            assert_eq!(values(&form, "access_type"), ["offline"]);
            assert_eq!(form.repeated(), None);
        }
        case.scene.authority.has_no_complaint();
    }

    parameter_of_the_endpoint_is_not_sent_twice {
        let case = Case::of(MCP_GRANT_AUTHORIZATION_CODE);
        let endpoint = case.scene.authority.url(
            "/authorize?p=b2c_1&audience=theirs&resource=theirs&prompt=login&client_id=theirs");
        case.scene.authority.set(|knobs| {
            knobs.metadata = json!({"authorization_endpoint": endpoint});
            knobs.wants_resource = false;
        });
        case.auth.set_authorization_parameter("audience", Some("mine")).unwrap();
        case.auth.leave_out_resource();
        case.scene.client(&case.auth).ping().unwrap();
        let asked = case.browser.asked();
        assert_eq!(asked.repeated(), None);
        assert_eq!(asked.text("p"), "b2c_1");
        assert_eq!((asked.text("audience"), asked.get("resource")), ("mine", None));
        assert_eq!(asked.text("prompt"), "login");
        assert!(asked.text("client_id").starts_with("client-"));
        case.scene.authority.has_no_complaint();
    }

    google_gives_a_refresh_token_for_access_type_offline {
        for is_offline in [false, true] {
            let scene = Scene::new();
            let (auth, browser) = scene.person();
            scene.authority.set(|knobs| {
                knobs.given = vec![
                    Registered::secret("of-google", "secret-of-google", "client_secret_basic"),
                ];
                knobs.has_registration = false;
                knobs.refresh_after = Some(|form| form.text("access_type") == "offline");
                knobs.rotates = false;
            });
            auth.set_client("of-google", Some("secret-of-google")).unwrap();
            if is_offline {
                auth.set_authorization_parameter("access_type", Some("offline")).unwrap();
            }
            let client = scene.client(&auth);
            client.ping().unwrap();
            assert_eq!(browser.asked().get("access_type"), is_offline.then_some("offline"));
            scene.authority.expire();
            client.ping().unwrap();
            let refreshed = scene.authority.count(Step::Refresh) > 0;
            assert_eq!((refreshed, browser.count()), (is_offline, if is_offline { 1 } else { 2 }));
        }
    }

    missing_audience_names_the_functions_that_set_it {
        let case = Case::of(MCP_GRANT_AUTHORIZATION_CODE);
        case.refuses(auth0);
        let failure = case.scene.failure(case.scene.client(&case.auth).ping());
        assert_eq!(failure.status, MCP_E_AUTH);
        for words in ["No audience parameter was provided", "\"audience\"",
                      "mcp_auth_set_authorization_parameter()"] {
            assert!(failure.message.contains(words), "{}", failure.message);
        }
        let case = Case::of(MCP_GRANT_AUTHORIZATION_CODE);
        case.refuses(auth0);
        let right = Some("https://api.example.com");
        case.auth.set_authorization_parameter("audience", right).unwrap();
        case.scene.client(&case.auth).ping().unwrap();
    }

    other_refusals_name_what_helps {
        let words = |code: &'static str| {
            let case = Case::of(MCP_GRANT_AUTHORIZATION_CODE);
            case.scene.authority.set(|knobs| {
                knobs.answer = vec![("code", None), ("error", Some(code.into()))];
            });
            let failure = case.scene.failure(case.scene.client(&case.auth).ping());
            assert!(failure.message.contains(code), "{}", failure.message);
            failure.message
        };
        for (code, advice) in [
            ("unauthorized_client", "mcp_auth_set_client()"),
            ("consent_required", "an administrator"),
            ("redirect_uri_mismatch", "mcp_auth_set_redirect_url()"),
        ] {
            let message = words(code);
            assert!(message.contains(advice), "{message}");
        }
        assert!(!words("invalid_request").contains("mcp_auth_"));
        assert!(!words("server_error").contains("mcp_auth_"));
    }

    long_description_is_cut_and_the_advice_stays {
        fn refuse(_: Step, form: &Form) -> Option<(&'static str, String)> {
            refuse_resource(form, "invalid_target", &"so many words ".repeat(400))
        }
        fn at_the_token_endpoint(step: Step, form: &Form) -> Option<(&'static str, String)> {
            (step == Step::Token).then(|| refuse(step, form)).flatten()
        }
        for refuse in [refuse as Refuse, at_the_token_endpoint] {
            let case = Case::of(MCP_GRANT_AUTHORIZATION_CODE);
            case.refuses(refuse);
            let failure = case.scene.failure(case.scene.client(&case.auth).ping());
            assert!(failure.message.contains("so many words"), "{}", failure.message);
            assert!(failure.message.ends_with(NO_RESOURCE), "{}", failure.message);
            assert!(failure.message.len() < 1000, "{}", failure.message.len());
        }
    }

    value_of_a_parameter_is_in_no_error_and_no_trace {
        fn echo(step: Step, form: &Form) -> Option<(&'static str, String)> {
            let name = if step == Step::Authorize { "hint" } else { "key" };
            form.get(name).map(|value| {
                let spaced = format!("{}{value} is no good {name}", " ".repeat(180));
                ("invalid_request", if step == Step::Authorize { spaced } else {
                    format!("{value} is no good {name}") })
            })
        }
        for (name, is_token) in [("hint", false), ("key", true)] {
            let case = Case::of(MCP_GRANT_AUTHORIZATION_CODE);
            case.scene.hides("hunter2-value-of-a-parameter");
            case.refuses(echo);
            let value = Some("hunter2-value-of-a-parameter");
            match is_token {
                true => case.auth.set_token_parameter(name, value).unwrap(),
                false => case.auth.set_authorization_parameter(name, value).unwrap(),
            }
            let failure = case.scene.failure(case.scene.client(&case.auth).ping());
            assert!(failure.message.contains("invalid_request"), "{}", failure.message);
            assert!(!failure.message.contains("hunter2"), "{}", failure.message);
            // The rest of the server's words is still there.
            assert!(!is_token || failure.message.contains("is no good"), "{}", failure.message);
        }
    }

    protected_parameters_cannot_be_set_or_left_out {
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        for name in ["client_id", "Client_ID", "client%5Fid", "client_id[]", "redirect_uri",
                     "state", "scope", "code_challenge_method", "device_code", "dpop_jkt", "",
                     "a b", "a\u{1}", "é"] {
            for value in [Some("x"), None] {
                for outcome in [auth.set_authorization_parameter(name, value),
                                auth.set_token_parameter(name, value)] {
                    assert_eq!(outcome.unwrap_err().status, MCP_E_INVALID_ARGUMENT, "{name}");
                }
            }
        }
    }
}
