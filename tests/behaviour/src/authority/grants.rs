//! Authorization requests and tokens.

use mcp_test_server::{Request, http};
use serde_json::json;

use crate::authority::device::DEVICE_GRANT;
use crate::authority::form::encode;
use crate::authority::jws::{check_proof, sha256};
use crate::authority::knobs::Iss;
use crate::authority::state::Code;
use crate::authority::{Core, Form, Registered, Step, merge, refusal};

const MCP_GRANT_TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const MCP_GRANT_JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

impl Core {
    /// The page on which a person says yes at once.
    pub(crate) fn authorize(&self, request: &Request) -> Vec<u8> {
        let (knobs, form) = (self.knobs(), Form::of_url(&request.target));
        let refuse = |why: &str| {
            self.complain(format!("authorize: {why}"));
            http::reply(400, &[("content-type", "text/html")], b"<p>no")
        };
        let Some(client) = self.client(form.text("client_id")) else {
            return http::reply(400, &[("content-type", "text/html")], b"<p>unknown client");
        };
        let redirect = form.text("redirect_uri");
        if !client.redirects.is_empty() && !client.redirects.iter().any(|one| one == redirect) {
            return refuse("a redirect_uri that is not registered");
        }
        if form.text("response_type") != "code" || form.text("code_challenge_method") != "S256" {
            return refuse("response_type or code_challenge_method");
        }
        if form.text("code_challenge").len() != 43 || form.text("state").len() < 22 {
            return refuse("code_challenge or state");
        }
        if form.text("resource").is_empty() && knobs.wants_resource {
            return refuse("no resource");
        }
        if form.get("client_secret").is_some() {
            return refuse("a secret");
        }
        if form.get("scope") == Some("") || form.repeated().is_some() {
            return refuse("an empty scope, or a parameter twice");
        }
        let mut state = self.state();
        state.secrets.extend(["state", "code_challenge"].map(|name| form.text(name).to_owned()));
        let (text, family) = (state.fresh("code"), state.number());
        let code = Code {
            client: client.id,
            redirect: redirect.to_owned(),
            challenge: form.text("code_challenge").to_owned(),
            scope: form.text("scope").to_owned(),
            resource: form.text("resource").to_owned(),
            thumbprint: form.get("dpop_jkt").map(str::to_owned),
            family,
            is_used: false,
            gives_refresh: knobs.refresh_after.is_none_or(|gives| gives(&form)),
        };
        state.codes.insert(text.clone(), code);
        drop(state);
        let iss = match knobs.iss {
            Iss::Right => Some(self.issuer()),
            Iss::Absent => None,
            Iss::Is(text) => Some(text),
        };
        let mut answer: Vec<(&str, Option<String>)> = vec![
            ("code", Some(text)),
            ("state", Some(form.text("state").to_owned())),
            ("iss", iss),
        ];
        let refused = knobs.refuses.and_then(|refuses| refuses(Step::Authorize, &form));
        if let Some((code, description)) = refused {
            answer.remove(0);
            answer.push(("error", Some(code.to_owned())));
            answer.push(("error_description", Some(description)));
        }
        for (name, value) in knobs.answer {
            answer.retain(|(other, _)| *other != name);
            answer.push((name, value));
        }
        let pairs = answer
            .iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", encode(value.as_ref()?))));
        let mark = if redirect.contains('?') { '&' } else { '?' };
        let location = format!("{redirect}{mark}{}", pairs.collect::<Vec<_>>().join("&"));
        http::reply(302, &[("location", &location)], b"")
    }

    pub(crate) fn token_request(&self, request: &Request) -> Vec<u8> {
        let form = Form::parse(&String::from_utf8_lossy(&request.body));
        for name in ["code_verifier", "client_assertion", "assertion", "subject_token"] {
            if let Some(secret) = form.get(name) {
                self.state().secrets.push(secret.to_owned());
            }
        }
        let grant = form.text("grant_type");
        let knobs = self.knobs();
        if form.text("resource").is_empty() && knobs.wants_resource {
            self.complain(format!("{grant}: no resource"));
        }
        let step = self.step(request);
        if let Some((code, description)) = knobs.refuses.and_then(|refuses| refuses(step, &form)) {
            return refusal(400, code, &description);
        }
        let is_workload =
            grant == MCP_GRANT_JWT_BEARER && request.header("authorization").is_none();
        let client = if is_workload && form.get("client_id").is_none() {
            Registered::public("")
        } else {
            match self.authenticate(request, &form) {
                Ok(client) => client,
                Err(refusal) => return refusal,
            }
        };
        let thumbprint = match self.proof(request) {
            Ok(thumbprint) => thumbprint,
            Err(refusal) => return refusal,
        };
        let granted = match grant {
            "authorization_code" => self.of_code(&client, &form, thumbprint),
            "refresh_token" => self.of_refresh(&client, &form, thumbprint),
            DEVICE_GRANT => self.of_device(&client, &form, thumbprint),
            "client_credentials" if client.method == "none" => {
                self.complain("client_credentials of a public client");
                Err(refusal(400, "unauthorized_client", "public"))
            }
            "client_credentials" => Ok(self.anew(&client, &form, thumbprint)),
            MCP_GRANT_JWT_BEARER => self.of_assertion(&client, &form, thumbprint),
            MCP_GRANT_TOKEN_EXCHANGE => return self.exchange(&form),
            _ => {
                self.complain(format!("grant_type {grant}"));
                Err(refusal(400, "unsupported_grant_type", "not known"))
            }
        };
        match granted {
            Ok(code) => self.give(&code, grant),
            Err(refusal) => refusal,
        }
    }

    /// The thumbprint of the key of a proof.
    fn proof(&self, request: &Request) -> Result<Option<String>, Vec<u8>> {
        let knobs = self.knobs();
        let Some(proof) = request.header("dpop") else {
            if knobs.wants_dpop {
                return Err(refusal(400, "invalid_dpop_proof", "there is none"));
            }
            return Ok(None);
        };
        let url = format!("{}{}", self.base(), request.target);
        let checked = check_proof(proof, "POST", &url, None, &mut self.state().jtis);
        let proof = checked.map_err(|why| {
            self.complain(format!("proof: {why}"));
            refusal(400, "invalid_dpop_proof", "not good")
        })?;
        if let Some(nonce) = knobs.nonce.filter(|nonce| Some(nonce) != proof.nonce.as_ref()) {
            let headers = [("content-type", "application/json"), ("dpop-nonce", nonce.as_str())];
            return Err(http::reply(400, &headers, br#"{"error":"use_dpop_nonce"}"#));
        }
        Ok(Some(proof.thumbprint))
    }

    fn of_code(
        &self,
        client: &Registered,
        form: &Form,
        thumbprint: Option<String>,
    ) -> Result<Code, Vec<u8>> {
        let refuse = |why: &str| {
            self.complain(format!("code: {why}"));
            Err(refusal(400, "invalid_grant", "the code is not good"))
        };
        let mut state = self.state();
        let Some(code) = state.codes.get_mut(form.text("code")) else {
            drop(state);
            return refuse("not known");
        };
        let found = code.clone();
        code.is_used = true;
        if found.is_used {
            state.revoke_family(found.family);
            drop(state);
            return refuse("used before");
        }
        drop(state);
        if found.client != client.id || found.redirect != form.text("redirect_uri") {
            return refuse("of another client, or another redirect_uri");
        }
        if sha256(form.text("code_verifier")) != found.challenge {
            return refuse("another code_verifier");
        }
        if found.resource != form.text("resource") {
            return refuse("another resource");
        }
        if form.get("scope").is_some() {
            return refuse("a scope");
        }
        if found.thumbprint.is_some() && found.thumbprint != thumbprint {
            return refuse("another key than dpop_jkt");
        }
        Ok(Code { thumbprint, ..found })
    }

    fn of_refresh(
        &self,
        client: &Registered,
        form: &Form,
        thumbprint: Option<String>,
    ) -> Result<Code, Vec<u8>> {
        let refused = refusal(400, "invalid_grant", "the refresh token is not good");
        let old = form.text("refresh_token").to_owned();
        let mut state = self.state();
        if let Some(family) = state.used.get(&old).copied() {
            state.revoke_family(family);
            state.complaints.push("a refresh token that was used before".into());
            return Err(refused);
        }
        let Some(token) = state.refresh.get(&old).cloned() else { return Err(refused) };
        let is_other = token.client != client.id || token.resource != form.text("resource");
        let is_unbound = token.thumbprint.is_some() && token.thumbprint != thumbprint;
        if is_other || is_unbound || form.get("scope").is_some() {
            state.complaints.push("refresh: another client, resource, key, or a scope".into());
            return Err(refused);
        }
        if self.knobs().rotates {
            state.refresh.remove(&old);
            state.used.insert(old, token.family);
        }
        Ok(Code {
            client: token.client,
            redirect: String::new(),
            challenge: String::new(),
            scope: token.scope,
            resource: token.resource,
            thumbprint,
            family: token.family,
            is_used: true,
            gives_refresh: true,
        })
    }

    /// A grant that nothing stood for before.
    fn anew(&self, client: &Registered, form: &Form, thumbprint: Option<String>) -> Code {
        Code {
            client: client.id.clone(),
            redirect: String::new(),
            challenge: String::new(),
            scope: form.text("scope").to_owned(),
            resource: form.text("resource").to_owned(),
            thumbprint,
            family: self.state().number(),
            is_used: true,
            gives_refresh: true,
        }
    }

    fn of_assertion(
        &self,
        client: &Registered,
        form: &Form,
        thumbprint: Option<String>,
    ) -> Result<Code, Vec<u8>> {
        let mut state = self.state();
        let at = state.assertions.iter().position(|one| one == form.text("assertion"));
        let Some(at) = at else {
            return Err(refusal(400, "invalid_grant", "the assertion is not good"));
        };
        state.assertions.remove(at);
        drop(state);
        Ok(self.anew(client, form, thumbprint))
    }

    /// What an identity provider does: an ID-JAG for an identity token.
    fn exchange(&self, form: &Form) -> Vec<u8> {
        let wanted = self.knobs().subject_token;
        if form.text("requested_token_type") != ID_JAG
            || form.text("subject_token_type") != ID_TOKEN
            || form.text("audience").is_empty()
        {
            self.complain("exchange: types or audience");
            return refusal(400, "invalid_request", "types or audience");
        }
        if form.text("subject_token") != wanted {
            return refusal(400, "invalid_grant", "the identity token is too old");
        }
        let jag = self.state().fresh("jag");
        let mut answer = json!({
            "access_token": jag,
            "issued_token_type": ID_JAG,
            "token_type": "N_A",
            "expires_in": 300,
        });
        merge(&mut answer, &self.knobs().token);
        if let Some(peer) = self.peer.lock().unwrap().as_ref() {
            // It is a secret of both.
            peer.state().secrets.push(jag.clone());
            peer.accept(&jag);
        }
        http::json(200, &answer)
    }

    fn give(&self, code: &Code, grant: &str) -> Vec<u8> {
        let knobs = self.knobs();
        let mut code = code.clone();
        if let Some(scope) = &knobs.scope {
            code.scope = scope.as_str().unwrap_or(&code.scope).to_owned();
        }
        let is_new_grant = matches!(grant, "authorization_code" | DEVICE_GRANT);
        let is_persons = is_new_grant || grant == "refresh_token";
        let is_new = is_new_grant || knobs.rotates;
        let has_refresh = is_persons && knobs.gives_refresh && code.gives_refresh && is_new;
        let (access, refresh) = self.state().issue(&code, knobs.lives, has_refresh);
        let kind = if code.thumbprint.is_some() { "DPoP" } else { "Bearer" };
        let mut answer = json!({"access_token": access, "token_type": kind});
        if !knobs.expires_in.is_null() {
            answer["expires_in"] = knobs.expires_in.clone();
        }
        if let Some(refresh) = refresh {
            answer["refresh_token"] = json!(refresh);
        }
        match &knobs.scope {
            None if !code.scope.is_empty() => answer["scope"] = json!(code.scope),
            Some(scope) if !scope.is_null() => answer["scope"] = scope.clone(),
            _ => {}
        }
        merge(&mut answer, &knobs.token);
        let mut headers = vec![("content-type", "application/json"), ("cache-control", "no-store")];
        headers.extend(knobs.headers.iter().map(|(name, value)| (*name, value.as_str())));
        http::reply(200, &headers, answer.to_string().as_bytes())
    }

    pub(crate) fn revoke(&self, request: &Request) -> Vec<u8> {
        let form = Form::parse(&String::from_utf8_lossy(&request.body));
        if let Err(refusal) = self.authenticate(request, &form) {
            return refusal;
        }
        let token = form.text("token");
        let mut state = self.state();
        let found = state.refresh.get(token).or_else(|| state.access.get(token));
        if let Some(family) = found.map(|token| token.family) {
            state.revoke_family(family);
        }
        http::reply(200, &[], b"")
    }
}
