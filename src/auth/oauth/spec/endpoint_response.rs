//! An HTTP response of an OAuth endpoint.

use std::time::SystemTime;

use crate::auth::oauth::spec::json_document::JsonDocument;
use crate::auth::oauth::spec::redact::{display_text, display_url};
use crate::base::error::{Error, Status};
use crate::base::seconds::Seconds;
use crate::wire::retry_after;

/// The longest pause that a server may ask for, in milliseconds.
const LONGEST_WAIT: u32 = 3_600_000;

/// The parts of a response that OAuth reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndpointResponse<'a> {
    /// The URL of the request.
    pub(crate) url: &'a str,
    pub(crate) status: u16,
    /// The values of Content-Type, Retry-After and Date.
    pub(crate) media: Option<&'a str>,
    pub(crate) retry_after: Option<&'a str>,
    pub(crate) date: Option<&'a str>,
    pub(crate) body: &'a [u8],
    /// When the response arrived.
    pub(crate) now: SystemTime,
}

impl<'a> EndpointResponse<'a> {
    pub(crate) fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// Whether a later request may succeed.
    pub(crate) fn is_unavailable(&self) -> bool {
        matches!(self.status, 408 | 429 | 500..=599)
    }

    pub(crate) fn document(&self) -> Option<JsonDocument<'a>> {
        JsonDocument::parse(self.body)
    }

    /// The member `error` of the document, if it is a string.
    pub(crate) fn error_code(&self) -> Option<String> {
        self.document()?.text("error")
    }

    /// Milliseconds until the next attempt, an hour at most.
    pub(crate) fn wait(&self) -> Option<u32> {
        let wait = self.retry_after.and_then(|text| retry_after::retry_after(text, self.now))?;
        Some(wait.min(LONGEST_WAIT))
    }

    /// The error for a malformed response. It quotes nothing of the body.
    pub(crate) fn malformed(&self, step: &str, why: &str) -> Error {
        let media = match self.media.and_then(|media| display_text(media, &[])) {
            Some(media) => format!("\"{media}\""),
            None => "no media type".to_owned(),
        };
        let message = format!(
            "{step}: {} answered {} with {media}, {why}",
            display_url(self.url),
            self.status
        );
        Error::new(Status::Protocol, message).with_http_status(self.status)
    }

    /// The error for a server that cannot answer now.
    pub(crate) fn unavailable(&self, step: &str) -> Error {
        let wait = self.wait();
        let advice = match wait {
            Some(wait) => format!("try again in {} s", Seconds::of_milliseconds(wait)),
            None => "try again later".to_owned(),
        };
        Error::new(
            Status::Unavailable,
            format!("{step}: {} answered {}; {advice}", display_url(self.url), self.status),
        )
        .with_http_status(self.status)
        .with_retry_after(wait)
    }
}

#[cfg(test)]
impl<'a> EndpointResponse<'a> {
    /// A response of `https://as/token`.
    pub(crate) fn of(status: u16, body: &'a str) -> Self {
        Self {
            url: "https://as/token?s3cret",
            status,
            media: Some("application/json"),
            retry_after: None,
            date: None,
            body: body.as_bytes(),
            now: SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(784_111_777),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_wait_of_an_hour_at_most() {
        for (text, wait) in [
            ("7", Some(7000)),
            ("86400", Some(LONGEST_WAIT)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10_000)),
            ("Sat, 06 Nov 1999 08:49:47 GMT", Some(LONGEST_WAIT)),
            ("soon", None),
        ] {
            let reply =
                EndpointResponse { retry_after: Some(text), ..EndpointResponse::of(429, "") };
            assert_eq!(reply.wait(), wait, "{text}");
            assert_eq!(reply.unavailable("token").retry_after(), wait);
        }
    }

    #[test]
    fn shows_status_and_media_type_and_nothing_of_the_body() {
        let reply = EndpointResponse {
            media: Some("text/\"html\"\n"),
            ..EndpointResponse::of(200, "<html>hunter2</html>")
        };
        let error = reply.malformed("the token request", "which is no JSON object");
        assert_eq!((error.status(), error.http_status()), (Status::Protocol, 200));
        assert_eq!(
            error.message(),
            "the token request: https://as/token answered 200 with \"text/?html??\", \
             which is no JSON object"
        );
        let bare = EndpointResponse { media: None, ..reply }.malformed("x", "y");
        assert!(bare.message().contains("no media type"));
    }
}
