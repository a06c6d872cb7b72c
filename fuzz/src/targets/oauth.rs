//! Metadata and responses of authorization servers, redirects of the browser, and
//! the contents of a token store.

use std::time::{Duration, UNIX_EPOCH};

use super::parts;
use crate::auth::oauth::spec::authorization_response::{ExpectedResponse, read_response};
use crate::auth::oauth::spec::client_refusal::misses_client_id;
use crate::auth::oauth::spec::device_authorization;
use crate::auth::oauth::spec::endpoint_response::EndpointResponse;
use crate::auth::oauth::spec::json_document::JsonDocument;
use crate::auth::oauth::spec::metadata::FailedLookups;
use crate::auth::oauth::spec::metadata_places::{
    has_same_origin, pinned_metadata_places, resource_metadata_places, server_metadata_places,
};
use crate::auth::oauth::spec::refusal_advice::AskedFor;
use crate::auth::oauth::spec::registration;
use crate::auth::oauth::spec::resource_metadata::ResourceMetadata;
use crate::auth::oauth::spec::server_metadata::ServerMetadata;
use crate::auth::oauth::spec::stray_redirect::StrayRedirect;
use crate::auth::oauth::spec::token_request::AuthMethod;
use crate::auth::oauth::spec::token_response::{self, DpopUse, SentTokenRequest, TokenStep};
use crate::auth::oauth::spec::url_rules::PlainHttp;
use crate::auth::oauth::store::entry::{
    Endpoint, Given, Registration, ServerNeeds, StoreEntry, Tokens,
};
use crate::auth::oauth::store::file_document::StoreDocument;
use crate::base::error::Error;
use crate::base::secret::Secret;
use crate::cost::bounded;

pub(super) const WORDS: &[&str] = &[
    "{\"issuer\":\"https://as.example\",",
    "\"authorization_endpoint\":\"https://as.example/a\"",
    "\"token_endpoint\":",
    "\"resource\":\"https://mcp.example/mcp\",",
    "\"scopes_supported\":[",
    "\"authorization_servers\":[\"https://as.example\"]",
    "\"code_challenge_methods_supported\":[\"S256\"]",
    "\"error\":\"invalid_grant\",",
    "\"device_code\":\"d\",",
    "\"user_code\":\"A-B\",",
    "\"verification_uri\":\"https://as.example/d\",",
    "\"interval\":\"5\"",
    "\"error_description\":",
    "\"access_token\":\"t\",",
    "\"token_type\":\"DPoP\"",
    "\"expires_in\":3.6e3",
    "\"refresh_token\":",
    "\"scope\":\"a b\"",
    "\"issued_token_type\":\"urn:ietf:params:oauth:token-type:id-jag\"",
    "\"client_id\":\"c\",",
    "\"client_secret\":\"s3cret-of-client\"",
    "\"redirect_uris\":[",
    "code=c&state=s0me-state&iss=",
    "s3cret-of-client",
    "s0me-state",
    "%73",
    "+",
    "\"version\":1,",
    "\"entries\":{",
    "use_dpop_nonce",
];

const ENDPOINT: &str = "https://mcp.example/mcp";
const ISSUER: &str = "https://as.example";
const SECRETS: [&str; 2] = ["s3cret-of-client", "s0me-state"];

pub(super) fn run(data: &[u8]) {
    published(data);
    let secrets = SECRETS.map(Secret::from);
    answered(data, &secrets);
    for text in parts(data).unwrap_or_default() {
        redirected(text, &secrets);
        stored(text);
    }
}

fn published(data: &[u8]) {
    let Some(document) = bounded(data.len(), || JsonDocument::parse(data)) else { return };
    if let Ok(metadata) =
        bounded(data.len(), || ResourceMetadata::read(&document, ENDPOINT, ENDPOINT))
    {
        assert!(
            ENDPOINT.starts_with(metadata.resource.trim_end_matches('/'))
                || metadata.resource.to_ascii_lowercase().starts_with("https://mcp.example")
        );
        assert!(metadata.authorization_servers.len() <= 256);
        if let Ok(issuer) = metadata.issuer(PlainHttp::Refused, |_| false) {
            assert!(
                issuer.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("https://")),
                "{issuer}"
            );
            server_metadata_places(issuer);
        }
        let listed = &metadata.authorization_servers;
        for place in pinned_metadata_places(ISSUER, listed, PlainHttp::Refused) {
            assert!(place.url.starts_with(ISSUER) || has_same_origin(&place.url, ISSUER));
        }
    }
    if let Ok(metadata) = bounded(data.len(), || ServerMetadata::read(&document, ISSUER, ISSUER)) {
        assert_eq!(metadata.issuer, ISSUER);
        let _ = metadata.check_pkce(data.len().is_multiple_of(2));
        metadata.doubts("authorization_code");
        for endpoint in [
            metadata.authorization_endpoint(PlainHttp::Refused).ok(),
            metadata.token_endpoint(PlainHttp::Refused).ok(),
            metadata.registration_endpoint(PlainHttp::Refused).ok().flatten(),
            metadata.revocation_endpoint(PlainHttp::Refused).ok().flatten(),
        ]
        .into_iter()
        .flatten()
        {
            assert!(
                endpoint.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("https://")),
                "{endpoint}"
            );
        }
    }
    if let Some(url) = document.text("resource_metadata") {
        let mut misses = FailedLookups::default();
        let named = misses.allowed(Some(&url), PlainHttp::Refused);
        for place in resource_metadata_places(ENDPOINT, named) {
            let place = &place.url;
            assert!(place.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("https://")), "{place}");
        }
        let _ = misses.nothing("metadata");
    }
}

fn answered(data: &[u8], secrets: &[Secret]) {
    let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for status in [200, 201, 302, 400, 401, 404, 503] {
        let reply = EndpointResponse {
            url: "https://as.example/token?secret",
            status,
            media: Some("application/json"),
            retry_after: Some("7"),
            date: None,
            body: data,
            now,
        };
        for step in [
            TokenStep::Code,
            TokenStep::Refresh,
            TokenStep::Credentials,
            TokenStep::Assertion,
            TokenStep::Exchange,
            TokenStep::DeviceCode,
        ] {
            for proof in [DpopUse::None, DpopUse::Sent, DpopUse::Demanded] {
                let asked = SentTokenRequest { step, proof, secrets, asked: AskedFor::default() };
                match bounded(data.len(), || token_response::read(&reply, &asked)) {
                    Ok(granted) => {
                        assert!(status < 300, "a token by {status}");
                        let token = granted.access_token.expose();
                        assert!(
                            token.bytes().all(|byte| byte.is_ascii_graphic()) && !token.is_empty()
                        );
                    }
                    Err(refusal) => is_fit(&refusal.error),
                }
            }
        }
        let asked = SentTokenRequest {
            step: TokenStep::DeviceAuthorization,
            proof: DpopUse::None,
            secrets,
            asked: AskedFor::default(),
        };
        let most = Duration::from_secs(300);
        let read = || device_authorization::read(&reply, &asked, PlainHttp::Refused, most);
        match bounded(data.len(), read) {
            Ok(device) => {
                let shown = &device.shown;
                for text in [&shown.user_code, &shown.url] {
                    assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text}");
                }
                assert!(shown.url.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("https://")));
                assert!(shown.expires_in <= most && device.interval >= Duration::from_secs(1));
            }
            Err(refusal) => is_fit(&refusal.error),
        }
        let scopes = ["a".to_owned()];
        let request = registration::RegistrationRequest {
            client_name: "n",
            is_device: false,
            redirect_uri: "http://127.0.0.1:1/cb",
            has_refresh: true,
            method: AuthMethod::None,
            scopes: &scopes,
            is_bound: false,
            jwks: None,
        };
        bounded(data.len(), || request.after_refusal(&reply).is_some());
        bounded(data.len(), || misses_client_id(&reply));
        match bounded(data.len(), || request.read(&reply)) {
            Ok(registration) => assert!(!registration.client_id.is_empty()),
            Err(error) => assert!(error.message().is_ascii()),
        }
        for place in server_metadata_places(ISSUER) {
            FailedLookups::default().read(&reply, &place, None);
        }
    }
}

fn redirected(text: &str, secrets: &[Secret]) {
    let answer = bounded(text.len(), || read_response(text));
    answer.is_for(&secrets[1]);
    let expected = ExpectedResponse {
        issuer: ISSUER,
        sends_iss: text.len().is_multiple_of(2),
        secrets,
        asked: AskedFor::default(),
    };
    let stray = StrayRedirect::of(text, secrets).describe();
    assert!(stray.len() < 200 && stray.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    match answer.code(&expected) {
        Ok(code) => assert!(!code.expose().is_empty() && code.expose().len() <= text.len()),
        Err(error) => is_fit(&error),
    }
}

/// Checks that a text has no secret and no control character.
fn is_fit(error: &Error) {
    let message = error.message();
    for secret in SECRETS {
        assert!(!message.contains(secret), "{message}");
    }
    assert!(message.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{message}");
}

fn stored(text: &str) {
    entry::<Registration>(text);
    entry::<Tokens>(text);
    entry::<Endpoint>(text);
    entry::<Given>(text);
    entry::<ServerNeeds>(text);
    let Ok(document) = bounded(text.len(), || StoreDocument::parse(text)) else { return };
    let _ = document.get("k");
    let with = document.with("k", Some("{\"a\":1}"));
    if let Ok(with) = with {
        let again = StoreDocument::parse(with.expose()).expect("what is written is read");
        assert_eq!(again.get("k"), Some("{\"a\":1}"));
        if let Ok(without) = again.with("k", None) {
            assert!(
                StoreDocument::parse(without.expose()).is_ok_and(|last| last.get("k").is_none())
            );
        }
    }
}

/// A value that is written and read again is the same.
fn entry<E: StoreEntry>(text: &str) {
    let Ok(entry) = bounded(text.len(), || E::parse(text)) else { return };
    let written = entry.text();
    let again = E::parse(written.expose()).expect("what is written is read");
    assert_eq!(again.text().expose(), written.expose());
    assert_eq!(again.own_key(), entry.own_key());
}
