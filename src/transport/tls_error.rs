//! The words for errors of TLS: what was checked, and what to do.

use std::time::{Duration, UNIX_EPOCH};

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible};

use crate::base::error::quote;

/// The words for an error of TLS; `None` for another error.
pub(crate) fn reason(error: &std::io::Error) -> Option<String> {
    Some(words(error.get_ref()?.downcast_ref::<rustls::Error>()?))
}

fn words(error: &rustls::Error) -> String {
    use rustls::Error as E;
    let fixed = match error {
        E::InvalidCertificate(error) => return certificate(error),
        E::AlertReceived(alert) => return refusal(*alert),
        // The first bytes are no record of TLS.
        E::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge,
        ) => {
            "the server answered without TLS: does the server speak TLS? If not, write http:// in \
             its URL"
        }
        E::InvalidMessage(_) => "the server sent a malformed TLS message",
        E::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => OLD_TLS,
        E::PeerIncompatible(_) => {
            "the server and the library have no cipher suite or other parameter of TLS in common"
        }
        E::NoCertificatesPresented => "the server sent no certificate",
        E::DecryptError => "a message of the server cannot be decrypted: it was changed on the way",
        E::PeerSentOversizedRecord => "the server sent a TLS record of more than 16 KiB",
        E::PeerMisbehaved(_)
        | E::InappropriateMessage { .. }
        | E::InappropriateHandshakeMessage { .. } => {
            "the server sent a TLS message that does not belong there"
        }
        E::FailedToGetCurrentTime => "the clock of this machine cannot be read",
        E::FailedToGetRandomBytes => "this machine gives no random bytes",
        E::UnsupportedNameType => "no certificate can have such a name",
        _ => "TLS failed for a reason that has no name",
    };
    fixed.to_owned()
}

const OLD_TLS: &str =
    "the server speaks no version of TLS that the library speaks, which are 1.2 and 1.3";

fn certificate(error: &CertificateError) -> String {
    use CertificateError as C;
    let what = match error {
        C::UnknownIssuer => unknown_issuer("its issuer is not a trusted authority"),
        C::Expired => expired("it has expired"),
        C::ExpiredContext { not_after, .. } => {
            expired(&format!("it has expired on {}", date(*not_after)))
        }
        C::NotValidYet => expired("it is not valid yet"),
        C::NotValidYetContext { not_before, .. } => {
            expired(&format!("it is not valid yet, but only from {}", date(*not_before)))
        }
        C::NotValidForName => "wrong name: it is not valid for name of this URL".to_owned(),
        C::NotValidForNameContext { expected, presented } => {
            wrong_name(&expected.to_str(), presented)
        }
        C::InvalidPurpose | C::InvalidPurposeContext { .. } => {
            "its extended key usage does not allow a server (serverAuth)".to_owned()
        }
        C::Revoked => "it was revoked".to_owned(),
        C::BadEncoding => "it is malformed".to_owned(),
        C::BadSignature => {
            unknown_issuer("its signature is not one of the authority that it names")
        }
        C::UnhandledCriticalExtension => {
            "it has a critical extension that the library does not know".to_owned()
        }
        // The errors of webpki that rustls has no name for.
        C::Other(other) => match other.to_string().as_str() {
            "CaUsedAsEndEntity" => {
                unknown_issuer("it is a certificate of an authority (CA:TRUE), and not trusted")
            }
            "UnsupportedCertVersion" => {
                "its version is 1, which has no names of hosts: make one with subjectAltName"
                    .to_owned()
            }
            "NameConstraintViolation" => {
                "the authority that signed it is not allowed to sign for this name".to_owned()
            }
            "PathLenConstraintViolated" | "EndEntityUsedAsCa" => {
                unknown_issuer("a certificate of its chain is not allowed to sign it")
            }
            _ => NO_NAME.to_owned(),
        },
        #[allow(deprecated, reason = "older verifiers return it")]
        C::UnsupportedSignatureAlgorithm
        | C::UnsupportedSignatureAlgorithmContext { .. }
        | C::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "it is signed with an algorithm that is too old or unknown, such as SHA-1".to_owned()
        }
        _ => NO_NAME.to_owned(),
    };
    format!("the server's certificate is refused: {what}")
}

const NO_NAME: &str = "it is not fit for a server";

fn unknown_issuer(what: &str) -> String {
    format!(
        "unknown issuer: {what}; trust the issuer, or this very certificate, with \
         mcp_client_set_ca_file()"
    )
}

fn expired(what: &str) -> String {
    format!("{what}; renew it on the server, or set the clock of this machine")
}

fn wrong_name(expected: &str, presented: &[String]) -> String {
    let names: Vec<String> = presented.iter().take(8).map(|name| quote(plain(name))).collect();
    let has = match names.as_slice() {
        [] => "it has no names in subjectAltName, and a common name (CN) does not count".to_owned(),
        names => format!("it is for \"{}\"", names.join("\", \"")),
    };
    format!(
        "wrong name: it is not valid for name \"{}\"; {has}; use a URL with a name of the \
         certificate",
        quote(expected)
    )
}

/// A name as webpki prints it: `DnsName("example.com")`, `IpAddress(::1)`.
fn plain(name: &str) -> &str {
    let inside = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.unwrap_or(name).trim_matches('"')
}

fn date(time: UnixTime) -> String {
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(time.as_secs()));
    // Other dates cannot be written so, and occur in no real certificate.
    const LAST: u64 = 253_402_300_799;
    match time.filter(|time| time.duration_since(UNIX_EPOCH).is_ok_and(|at| at.as_secs() <= LAST)) {
        Some(time) => httpdate::fmt_http_date(time),
        None => "a date after the year 9999".to_owned(),
    }
}

/// The words for an alert of the server (RFC 8446, 6.2).
fn refusal(alert: AlertDescription) -> String {
    let code = u8::from(alert);
    let name = match code {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        22 => "record_overflow",
        40 => "handshake_failure",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        _ => "unknown",
    };
    let what = match code {
        116 => {
            "the server requires a client certificate: set one with mcp_client_set_certificate()"
        }
        42..=46 | 48 | 49 => {
            "the server refused the client certificate: see mcp_client_set_certificate()"
        }
        40 => {
            "the server refused the handshake: it may require a client certificate, see \
             mcp_client_set_certificate(), or have no parameter of TLS in common with the library"
        }
        70 => OLD_TLS,
        112 => "the server does not know the host name of the URL",
        _ => "the server ended TLS",
    };
    format!("{what} (alert {code}, {name})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::PeerMisbehaved;
    use rustls::pki_types::ServerName;

    #[test]
    fn has_words_for_every_error_and_no_name_of_a_type() {
        use rustls::Error as E;
        let at = UnixTime::since_unix_epoch(Duration::from_secs(1_609_459_200));
        let far = UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX));
        let other = |text: &'static str| {
            let error = std::io::Error::other(text);
            CertificateError::Other(rustls::OtherError(std::sync::Arc::new(error)))
        };
        let name = |presented: &[&str]| CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("localhost").unwrap(),
            presented: presented.iter().map(|name| (*name).to_owned()).collect(),
        };
        let certificates = [
            (CertificateError::UnknownIssuer, "unknown issuer"),
            (CertificateError::UnknownIssuer, "mcp_client_set_ca_file()"),
            (CertificateError::BadSignature, "unknown issuer"),
            (other("CaUsedAsEndEntity"), "unknown issuer"),
            (other("UnsupportedCertVersion"), "subjectAltName"),
            (other("SomethingElse(Debug)"), NO_NAME),
            (CertificateError::Expired, "expired"),
            (
                CertificateError::ExpiredContext { time: at, not_after: at },
                "expired on Fri, 01 Jan 2021 00:00:00 GMT",
            ),
            (
                CertificateError::NotValidYetContext { time: at, not_before: at },
                "not valid yet, but only from Fri, 01 Jan 2021",
            ),
            (CertificateError::NotValidYetContext { time: at, not_before: far }, "year 9999"),
            (
                name(&["DnsName(\"example.com\")", "IpAddress(127.0.0.1)"]),
                "it is for \"example.com\", \"127.0.0.1\"",
            ),
            (
                name(&["DnsName(\"example.com\")"]),
                "wrong name: it is not valid for name \"localhost\"",
            ),
            (name(&[]), "common name (CN) does not count"),
            (CertificateError::InvalidPurpose, "serverAuth"),
            (CertificateError::Revoked, "revoked"),
            (CertificateError::ApplicationVerificationFailure, NO_NAME),
        ];
        let others = [
            (E::InvalidMessage(InvalidMessage::InvalidContentType), "write http://"),
            (E::InvalidMessage(InvalidMessage::MissingData("Certificate")), "malformed"),
            (E::AlertReceived(AlertDescription::HandshakeFailure), "(alert 40, handshake_failure)"),
            (E::AlertReceived(AlertDescription::CertificateRequired), "requires a client"),
            (E::AlertReceived(AlertDescription::UnknownCA), "refused the client certificate"),
            (E::AlertReceived(AlertDescription::ProtocolVersion), "1.2 and 1.3"),
            (E::AlertReceived(AlertDescription::Unknown(200)), "(alert 200, unknown)"),
            (E::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13), "1.2 and 1.3"),
            (E::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon), "in common"),
            (E::PeerMisbehaved(PeerMisbehaved::TooMuchEarlyDataReceived), "does not belong"),
            (E::General("Debug(1)".into()), "no name"),
            (E::NoCertificatesPresented, "no certificate"),
        ];
        let certificates =
            certificates.into_iter().map(|(error, words)| (E::InvalidCertificate(error), words));
        for (error, wanted) in certificates.chain(others) {
            let text = reason(&std::io::Error::other(error.clone())).unwrap();
            assert!(text.contains(wanted), "{error:?}: {text}");
            // A name of a type has a capital letter inside.
            let is_type = |word: &str| {
                let letters: Vec<char> = word.chars().filter(|one| one.is_alphabetic()).collect();
                letters.windows(2).any(|two| two[0].is_lowercase() && two[1].is_uppercase())
                    && word != "subjectAltName,"
                    && word != "subjectAltName"
                    && word != "(serverAuth)"
            };
            assert!(!text.split(' ').any(is_type), "{error:?}: {text}");
        }
        assert_eq!(reason(&std::io::Error::other("another")), None);
    }
}
