//! Whether the refusal of a refresh token is definite.

use crate::auth::oauth::spec::endpoint_response::EndpointResponse;

/// A definite refusal by the token endpoint: the same request will never
/// succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefreshRefusal {
    /// The authorization server itself refused: the body is JSON with a member
    /// `error`.
    ByServer,
    /// The body does not show who refused. It may be a firewall, which the
    /// request passes at another time.
    ByUnknown,
}

impl RefreshRefusal {
    /// `None` if the same request may succeed later.
    pub(crate) fn of(reply: &EndpointResponse<'_>) -> Option<Self> {
        let has_error = reply.document().is_some_and(|document| document.has_value("error"));
        match reply.status {
            408 | 429 => None,
            200..=299 | 400..=499 if has_error => Some(Self::ByServer),
            400..=499 => Some(Self::ByUnknown),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinguishes_a_refusal_from_a_failure() {
        let error = r#"{"error":"invalid_request"}"#;
        for (status, body, refusal) in [
            (400, error, Some(RefreshRefusal::ByServer)),
            (401, r#"{"error":"invalid_client"}"#, Some(RefreshRefusal::ByServer)),
            (400, r#"{"error":{"code":7}}"#, Some(RefreshRefusal::ByServer)),
            (400, r#"{"error":"temporarily_unavailable"}"#, Some(RefreshRefusal::ByServer)),
            (200, r#"{"error":"bad_refresh_token"}"#, Some(RefreshRefusal::ByServer)),
            (200, r#"{"error":null}"#, None),
            (200, "<html>", None),
            (400, "", Some(RefreshRefusal::ByUnknown)),
            (400, r#"{"error":null}"#, Some(RefreshRefusal::ByUnknown)),
            (400, r#"{"message":"no"}"#, Some(RefreshRefusal::ByUnknown)),
            (403, "<html>blocked</html>", Some(RefreshRefusal::ByUnknown)),
            (404, "", Some(RefreshRefusal::ByUnknown)),
            (410, error, Some(RefreshRefusal::ByServer)),
            (499, "[]", Some(RefreshRefusal::ByUnknown)),
            (408, error, None),
            (429, error, None),
            (302, error, None),
            (500, error, None),
            (503, "", None),
        ] {
            let reply = EndpointResponse::of(status, body);
            assert_eq!(RefreshRefusal::of(&reply), refusal, "{status} {body}");
        }
    }
}
