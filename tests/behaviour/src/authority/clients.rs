//! Registrations, and how clients authenticate.

use mcp_test_server::{Request, http};
use serde_json::{Value, json};

use crate::authority::device::DEVICE_GRANT;
use crate::authority::form::decode;
use crate::authority::jws::{check_assertion, from_base64};
use crate::authority::{Core, Form, Key, merge, refusal};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client that the server knows.
#[derive(Clone, Debug, Default)]
pub struct Registered {
    pub id: String,
    pub secret: Option<String>,
    pub method: String,
    /// Empty: any.
    pub redirects: Vec<String>,
    pub key: Option<Key>,
}

impl Registered {
    pub fn secret(id: &str, secret: &str, method: &str) -> Self {
        Self {
            id: id.into(),
            secret: Some(secret.into()),
            method: method.into(),
            ..Self::default()
        }
    }

    pub fn public(id: &str) -> Self {
        Self { id: id.into(), method: "none".into(), ..Self::default() }
    }

    pub fn key(id: &str, key: &Key) -> Self {
        Self {
            id: id.into(),
            method: "private_key_jwt".into(),
            key: Some(key.clone()),
            ..Self::default()
        }
    }
}

impl Core {
    pub(crate) fn client(&self, id: &str) -> Option<Registered> {
        let knobs = self.knobs();
        if knobs.takes_metadata_urls && id.starts_with("https://") {
            return Some(Registered::public(id));
        }
        let given = knobs.given.into_iter().find(|client| client.id == id);
        given.or_else(|| self.state().clients.get(id).cloned())
    }

    pub(crate) fn register(&self, request: &Request) -> Vec<u8> {
        let knobs = self.knobs();
        if !knobs.has_registration {
            return http::reply(404, &[], b"");
        }
        if let Some((text, status, kind, body)) = &knobs.refuses_registration
            && String::from_utf8_lossy(&request.body).contains(text)
        {
            return http::reply(*status, &[("content-type", kind)], body.as_bytes());
        }
        let asked = request.json();
        let redirects: Vec<String> =
            serde_json::from_value(asked["redirect_uris"].clone()).unwrap_or_default();
        let grants = &asked["grant_types"];
        let has =
            |grant: &str| grants.as_array().is_some_and(|all| all.iter().any(|one| one == grant));
        let is_device = has(DEVICE_GRANT);
        if redirects.is_empty() && !is_device {
            self.complain("register: no redirect_uris");
            return refusal(400, "invalid_redirect_uri", "there is none");
        }
        let is_web = !redirects.is_empty()
            && redirects.iter().all(|redirect| redirect.starts_with("https://"));
        if asked["application_type"] != if is_web { "web" } else { "native" } {
            self.complain(format!("register: application_type {}", asked["application_type"]));
        }
        if has("authorization_code") == is_device {
            self.complain(format!("register: grant_types {grants}"));
        }
        let listed = knobs.metadata["grant_types_supported"].as_array();
        if let (true, Some(listed), Some(all)) =
            (knobs.registers_listed_grants_only, listed, grants.as_array())
            && !all.iter().all(|one| listed.contains(one))
        {
            return refusal(400, "invalid_client_metadata", "unsupported grant type");
        }
        if asked["client_name"].as_str().unwrap_or_default().is_empty() {
            self.complain("register: no client_name");
        }
        let wanted = asked["token_endpoint_auth_method"].as_str().unwrap_or("client_secret_basic");
        let method = knobs.method.unwrap_or(wanted).to_owned();
        let mut state = self.state();
        let id = state.fresh("client");
        let secret = method.starts_with("client_secret").then(|| state.fresh("secret"));
        let client = Registered { id, secret, method, redirects, key: None };
        state.clients.insert(client.id.clone(), client.clone());
        let access = state.fresh("registration");
        drop(state);
        let mut answer = json!({
            "client_id": client.id,
            "redirect_uris": client.redirects,
            "token_endpoint_auth_method": client.method,
            "grant_types": grants,
            "registration_access_token": access,
            "registration_client_uri": format!("{}/register/x", self.base()),
        });
        if let Some(secret) = &client.secret {
            answer["client_secret"] = json!(secret);
            answer["client_secret_expires_at"] = json!(0);
        }
        merge(&mut answer, &knobs.registration);
        http::json(201, &answer)
    }

    /// The client that a request is of, or the refusal.
    pub(crate) fn authenticate(
        &self,
        request: &Request,
        form: &Form,
    ) -> Result<Registered, Vec<u8>> {
        let refuse = |why: String| {
            self.complain(format!("authentication: {why}"));
            Err(refusal(401, "invalid_client", "not authenticated"))
        };
        let knobs = self.knobs();
        if knobs.reads_form_only && form.get("client_secret").is_none() {
            return Err(refusal(401, "invalid_client", "Client ID mismatch"));
        }
        let basic = request.header("authorization").map(|header| {
            let text = header.strip_prefix("Basic ").and_then(from_base64).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            let (id, secret) = text.split_once(':').unwrap_or_default();
            (decode(id), decode(secret))
        });
        let assertion = form.get("client_assertion");
        let ways = [basic.is_some(), assertion.is_some(), form.get("client_secret").is_some()];
        if ways.iter().filter(|way| **way).count() > 1 {
            return refuse("more than one method".into());
        }
        let (method, id) = match (&basic, assertion) {
            (Some((id, _)), _) => ("client_secret_basic", id.clone()),
            (_, Some(token)) => ("private_key_jwt", subject(token)),
            _ if ways[2] => ("client_secret_post", form.text("client_id").to_owned()),
            _ => ("none", form.text("client_id").to_owned()),
        };
        let Some(client) = self.client(&id) else {
            // One that was forgotten: no fault of the client.
            return Err(refusal(401, "invalid_client", "not known"));
        };
        if client.method != method {
            return refuse(format!("{method}, not {}", client.method));
        }
        let proves_id = matches!(method, "client_secret_basic" | "private_key_jwt");
        match (&knobs.wants_client_id, form.get("client_id")) {
            (Some((status, body)), None) if proves_id => {
                let kind = if body.starts_with('{') { "application/json" } else { "text/plain" };
                return Err(http::reply(*status, &[("content-type", kind)], body.as_bytes()));
            }
            (None, Some(_)) if proves_id => {
                self.complain("authentication: client_id beside a proof");
                let why = "Client must not use multiple authentication methods";
                return Err(refusal(400, "invalid_request", why));
            }
            (Some(_), Some(other)) if other != id => {
                return refuse("another client_id in the form".into());
            }
            _ => {}
        }
        match method {
            "client_secret_basic" if basic.map(|(_, secret)| secret) != client.secret => {
                refuse("another secret".into())
            }
            "client_secret_post" if form.get("client_secret") != client.secret.as_deref() => {
                refuse("another secret".into())
            }
            "private_key_jwt" => {
                if form.get("client_assertion_type") != Some(ASSERTION) {
                    return refuse("client_assertion_type".into());
                }
                let Some(key) = &client.key else { return refuse("no key".into()) };
                let issuer = self.issuer();
                let token = assertion.unwrap_or_default();
                let checked = check_assertion(token, key, &id, &issuer, &mut self.state().jtis);
                checked.or_else(|why| refuse(why).map(|_: Registered| ()))?;
                Ok(client)
            }
            _ => Ok(client),
        }
    }
}

/// Whom an assertion is about.
fn subject(token: &str) -> String {
    let claims = token.split('.').nth(1).and_then(crate::authority::jws::from_base64url);
    let claims: Value = serde_json::from_slice(&claims.unwrap_or_default()).unwrap_or_default();
    claims["sub"].as_str().unwrap_or_default().to_owned()
}
