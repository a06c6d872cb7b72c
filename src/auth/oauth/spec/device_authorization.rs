//! The device authorization response (RFC 8628, 3.2): the code that the person
//! enters in a browser elsewhere, and the code with which the client polls.

use std::time::Duration;

use crate::auth::oauth::spec::endpoint_response::EndpointResponse;
use crate::auth::oauth::spec::json_document::JsonDocument;
use crate::auth::oauth::spec::redact::{display_text, display_url};
use crate::auth::oauth::spec::token_response::{
    SentTokenRequest, TokenError, TokenErrorKind, success,
};
use crate::auth::oauth::spec::url_rules::{PlainHttp, check};
use crate::base::error::Error;
use crate::base::secret::Secret;

/// The most bytes of a device code.
const LONGEST: usize = 4096;
/// The most characters of a code that a person enters.
const LONGEST_USER_CODE: usize = 128;

/// The pause between two polls if the server names none (RFC 8628, 3.5), and the
/// bounds of the one that it names.
const INTERVAL: u64 = 5;
const SHORTEST_INTERVAL: u64 = 1;
const LONGEST_INTERVAL: u64 = 3600;
/// The longest life of a code.
const LONGEST_LIFE: u64 = 24 * 3600;

/// What the application shows to the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeviceCode {
    pub(crate) user_code: String,
    /// Where the person enters the code.
    pub(crate) url: String,
    /// The same with the code in it.
    pub(crate) complete_url: Option<String>,
    /// How long the person has.
    pub(crate) expires_in: Duration,
}

/// A successful response.
#[derive(Clone, Debug)]
pub(crate) struct DeviceAuthorization {
    pub(crate) device_code: Secret,
    pub(crate) shown: DeviceCode,
    pub(crate) interval: Duration,
}

/// Reads the response of a device authorization endpoint. `most`: the time that
/// the application gives the person.
pub(crate) fn read(
    reply: &EndpointResponse<'_>,
    asked: &SentTokenRequest<'_>,
    plain: PlainHttp,
    most: Duration,
) -> Result<DeviceAuthorization, TokenError> {
    let document = success(reply, asked)?;
    let malformed = |why: &str| other(reply.malformed(asked.step.name(), why));
    let device_code = document.text("device_code").filter(|code| is_device_code(code));
    let device_code =
        device_code.map(Secret::from).ok_or_else(|| malformed("without a \"device_code\""))?;
    let user_code = document.text("user_code").and_then(|code| shown_code(&code));
    let user_code = user_code.ok_or_else(|| malformed("without a \"user_code\""))?;
    // Google's name for it is older than the RFC.
    let url = document.text("verification_uri").or_else(|| document.text("verification_url"));
    let url = url.ok_or_else(|| malformed("without a \"verification_uri\""))?;
    check_for_person(&url, plain).map_err(other)?;
    let complete_url = document
        .text("verification_uri_complete")
        .or_else(|| document.text("verification_url_complete"))
        .filter(|url| check_for_person(url, plain).is_ok());
    // A server that omits it does not say so in another way: the code lives for as
    // long as the application waits.
    let life = document.seconds("expires_in").map(|life| life.min(LONGEST_LIFE));
    let expires_in = life.map_or(most, |life| Duration::from_secs(life).min(most));
    Ok(DeviceAuthorization {
        device_code,
        shown: DeviceCode { user_code, url, complete_url, expires_in },
        interval: interval(&document),
    })
}

fn other(error: Error) -> TokenError {
    TokenError { kind: TokenErrorKind::Other, refusal: None, error }
}

fn is_device_code(code: &str) -> bool {
    !code.is_empty() && code.len() <= LONGEST && !code.chars().any(char::is_control)
}

/// The code without what a terminal would obey. A person can enter no more.
fn shown_code(code: &str) -> Option<String> {
    let code = code.trim();
    let is_short = code.chars().count() <= LONGEST_USER_CODE;
    let code = display_text(code, &[]).filter(|_| is_short && !code.is_empty())?;
    Some(code)
}

/// Refuses a URL that the person must not open, and one with a character that no
/// URL has.
fn check_for_person(url: &str, plain: PlainHttp) -> Result<(), Error> {
    check("address at which the person enters the code", url, plain)?;
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    if url.bytes().all(is_plain) {
        return Ok(());
    }
    Err(Error::new(
        crate::base::error::Status::Untrusted,
        format!(
            "the address {} at which the person enters the code has a character that no URL has: \
             refused",
            display_url(url)
        ),
    ))
}

fn interval(document: &JsonDocument<'_>) -> Duration {
    let named = document.seconds("interval");
    let seconds = match named {
        Some(seconds) => seconds.clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL),
        // A server that names 0 wants to be asked often.
        None if document.is_zero("interval") => SHORTEST_INTERVAL,
        None => INTERVAL,
    };
    Duration::from_secs(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::oauth::spec::refusal_advice::AskedFor;
    use crate::auth::oauth::spec::token_response::{DpopUse, TokenStep};
    use crate::base::error::Status;

    const MOST: Duration = Duration::from_secs(300);

    fn parse(status: u16, body: &str) -> Result<DeviceAuthorization, TokenError> {
        let asked = SentTokenRequest {
            step: TokenStep::DeviceAuthorization,
            proof: DpopUse::None,
            secrets: &[],
            asked: AskedFor::default(),
        };
        read(&EndpointResponse::of(status, body), &asked, PlainHttp::Refused, MOST)
    }

    /// A response with these members over good ones; null takes one away.
    fn with(over: &str) -> Result<DeviceAuthorization, TokenError> {
        let mut body: serde_json::Value = serde_json::from_str(
            r#"{"device_code":"d3v1ce","user_code":"WDJB-MJHT",
                "verification_uri":"https://as/device",
                "verification_uri_complete":"https://as/device?user_code=WDJB-MJHT",
                "expires_in":200,"interval":7}"#,
        )
        .unwrap();
        let over: serde_json::Value = serde_json::from_str(over).unwrap();
        for (name, value) in over.as_object().unwrap() {
            body[name] = value.clone();
        }
        parse(200, &body.to_string())
    }

    #[test]
    fn reads_a_whole_response() {
        let read = with("{}").unwrap();
        assert_eq!(read.device_code.expose(), "d3v1ce");
        assert_eq!(
            read.shown,
            DeviceCode {
                user_code: "WDJB-MJHT".to_owned(),
                url: "https://as/device".to_owned(),
                complete_url: Some("https://as/device?user_code=WDJB-MJHT".to_owned()),
                expires_in: Duration::from_secs(200),
            }
        );
        assert_eq!(read.interval, Duration::from_secs(7));
    }

    #[test]
    fn reads_numbers_as_servers_write_them() {
        for (over, life, interval) in [
            (r#"{"expires_in":"60","interval":"2"}"#, 60, 2),
            (r#"{"expires_in":1e9,"interval":1e9}"#, 300, 3600),
            (r#"{"expires_in":null,"interval":null}"#, 300, 5),
            (r#"{"expires_in":0,"interval":0}"#, 300, 1),
            (r#"{"interval":"0"}"#, 200, 1),
            (r#"{"interval":0.5}"#, 200, 1),
            (r#"{"interval":-1}"#, 200, 5),
            (r#"{"interval":"soon"}"#, 200, 5),
        ] {
            let read = with(over).unwrap();
            let seconds = (read.shown.expires_in.as_secs(), read.interval.as_secs());
            assert_eq!(seconds, (life, interval), "{over}");
        }
    }

    #[test]
    fn requires_the_codes_and_the_address() {
        for name in ["device_code", "user_code", "verification_uri"] {
            for value in ["null", "7", "\"\""] {
                let refused = with(&format!("{{\"{name}\":{value}}}")).unwrap_err();
                let message = refused.error.message();
                let is_named = message.contains(name) || message.contains("enters the code");
                assert!(is_named, "{message}");
            }
        }
        let long = "9".repeat(200);
        assert!(with(&format!(r#"{{"user_code":"{long}"}}"#)).is_err());
        let google = r#"{"verification_uri":null,"verification_url":"https://g/device"}"#;
        assert_eq!(with(google).unwrap().shown.url, "https://g/device");
    }

    #[test]
    fn shows_no_other_address_and_no_control_character() {
        for url in [
            "http://as/device",
            "http://127.0.0.1/device",
            "javascript:alert(1)",
            "https://u:p@as/",
            "https://as/\\u001b[2J",
            "https://as/a b",
            "https://as/\\u202e",
            "https://as/`id`",
        ] {
            let refused = with(&format!(r#"{{"verification_uri":"{url}"}}"#)).unwrap_err();
            assert_eq!(refused.error.status(), Status::Untrusted, "{url}");
            let read = with(&format!(r#"{{"verification_uri_complete":"{url}"}}"#)).unwrap();
            assert_eq!(read.shown.complete_url, None, "{url}");
        }
        let hostile = with("{\"user_code\":\" A\\u001b[2J\\nB\\u202e \"}").unwrap();
        assert_eq!(hostile.shown.user_code, "A?[2J?B?");
    }

    #[test]
    fn reads_errors_like_those_of_the_token_endpoint() {
        let refused = parse(401, r#"{"error":"invalid_client","error_description":"who?"}"#);
        let refused = refused.unwrap_err();
        assert_eq!(refused.kind, TokenErrorKind::InvalidClient);
        assert!(refused.error.message().contains("who?"), "{}", refused.error.message());
        for (status, body) in [(200, "<html>"), (404, "no"), (200, r#"{"error":"x"}"#)] {
            assert!(parse(status, body).is_err(), "{body}");
        }
    }
}
