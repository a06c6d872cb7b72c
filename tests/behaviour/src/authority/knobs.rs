//! The options of the authorization server.

use std::collections::HashMap;
use std::time::Duration;

use mcp_test_server::Gate;
use serde_json::{Value, json};

use crate::authority::{Form, Registered, Step};

pub const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The places where metadata may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metadata {
    /// RFC 8414, the path inserted.
    OAuth,
    /// OpenID, the path inserted.
    OpenId,
    /// OpenID, behind the path.
    OpenIdBehind,
}

impl Metadata {
    pub fn path(self, issuer_path: &str) -> String {
        let path = issuer_path.trim_end_matches('/');
        match self {
            Self::OAuth => format!("/.well-known/oauth-authorization-server{path}"),
            Self::OpenId => format!("/.well-known/openid-configuration{path}"),
            Self::OpenIdBehind => format!("{path}/.well-known/openid-configuration"),
        }
    }
}

/// `iss` of the answer to the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Iss {
    Right,
    Absent,
    Is(String),
}

/// What a provider refuses at the authorization endpoint and at the token endpoint.
pub type Refuse = fn(Step, &Form) -> Option<(&'static str, String)>;

#[derive(Clone, Debug)]
pub struct Knobs {
    pub issuer_path: String,
    pub served: Vec<Metadata>,
    /// More paths of the metadata, whatever the issuer is.
    pub places: Vec<String>,
    /// Over the metadata; null takes a member away.
    pub metadata: Value,
    pub has_registration: bool,
    pub takes_metadata_urls: bool,
    /// As they are listed; `None`: no list.
    pub methods: Option<Vec<&'static str>>,
    /// Whether the metadata says that there is an `iss`.
    pub says_iss: bool,
    pub iss: Iss,
    /// Of registered clients; the one that they ask for without it.
    pub method: Option<&'static str>,
    /// Status and body for a client id that is missing in a form beside a proof.
    /// `None`: a client id there is a second method, and is refused.
    pub wants_client_id: Option<(u16, String)>,
    /// Reads id and secret from the form only, whatever it lists.
    pub reads_form_only: bool,
    /// Registers no other grants than those that its metadata lists.
    pub registers_listed_grants_only: bool,
    /// A text in a registration that is refused, and the status, media type and
    /// body of the refusal.
    pub refuses_registration: Option<(&'static str, u16, &'static str, String)>,
    /// Over the answer to a registration.
    pub registration: Value,
    /// Clients that are known before.
    pub given: Vec<Registered>,
    /// Put into the redirect in place of what belongs there; `None`: left out.
    pub answer: Vec<(&'static str, Option<String>)>,
    /// `expires_in`; null leaves it out.
    pub expires_in: Value,
    /// For how long an access token is really good.
    pub lives: Option<Duration>,
    pub gives_refresh: bool,
    /// The authorization requests after which there is a refresh token; `None`:
    /// all.
    pub refresh_after: Option<fn(&Form) -> bool>,
    /// Whether an absent `resource` is a fault of the client.
    pub wants_resource: bool,
    /// The error and its description for a request that the provider refuses.
    pub refuses: Option<Refuse>,
    /// Whether a refresh gives another refresh token, and the old one is dead:
    /// using it kills the family.
    pub rotates: bool,
    /// Granted whatever was asked for; null leaves it out of the answer.
    pub scope: Option<Value>,
    /// Over the answer to a token request.
    pub token: Value,
    pub headers: Vec<(&'static str, String)>,
    pub has_dpop: bool,
    pub wants_dpop: bool,
    /// What a proof has to hold; told to one that does not.
    pub nonce: Option<String>,
    /// What a token exchange takes, and whom it knows.
    pub subject_token: String,
    pub pauses: HashMap<Step, Duration>,
    /// What an answer waits for.
    pub gates: HashMap<Step, Gate>,
    pub has_device: bool,
    /// Over the answer to a device authorization request.
    pub device: Value,
    /// How many polls a person takes.
    pub device_polls: usize,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            issuer_path: String::new(),
            served: vec![Metadata::OAuth],
            places: Vec::new(),
            metadata: json!({}),
            has_registration: true,
            takes_metadata_urls: false,
            methods: Some(vec!["none", "client_secret_basic", "client_secret_post"]),
            says_iss: true,
            iss: Iss::Right,
            method: None,
            wants_client_id: None,
            registers_listed_grants_only: false,
            refuses_registration: None,
            reads_form_only: false,
            registration: json!({}),
            given: Vec::new(),
            answer: Vec::new(),
            expires_in: json!(3600),
            lives: None,
            gives_refresh: true,
            refresh_after: None,
            wants_resource: true,
            refuses: None,
            rotates: true,
            scope: None,
            token: json!({}),
            headers: Vec::new(),
            has_dpop: false,
            wants_dpop: false,
            nonce: None,
            subject_token: String::new(),
            pauses: HashMap::new(),
            gates: HashMap::new(),
            has_device: false,
            device: json!({}),
            device_polls: 0,
        }
    }
}

/// Puts the members of one object into another; null takes one away.
pub fn merge(document: &mut Value, over: &Value) {
    let (Some(document), Some(over)) = (document.as_object_mut(), over.as_object()) else {
        return;
    };
    for (name, value) in over {
        if value.is_null() {
            document.remove(name);
        } else {
            document.insert(name.clone(), value.clone());
        }
    }
}
