//! HTTP statuses that have nothing to do with MCP.

/// What an HTTP status is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusClass {
    /// Another URL. The library has followed the redirects that it may follow.
    Redirect,
    /// The credential for the server or for a proxy.
    Credential,
    /// The number of requests.
    RateLimit,
    /// A server that a gateway does not reach, or that is starting.
    Unavailable,
    /// The request: all other statuses.
    Request,
}

impl StatusClass {
    pub(crate) fn of(http_status: u16) -> Self {
        match http_status {
            300..=399 => Self::Redirect,
            401 | 403 | 407 => Self::Credential,
            429 => Self::RateLimit,
            502..=504 => Self::Unavailable,
            _ => Self::Request,
        }
    }

    /// Whether the status says something about the protocol: about the
    /// session, the revision or the transport.
    pub(crate) fn is_about_request(self) -> bool {
        self == Self::Request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separates_the_statuses_that_say_nothing_about_the_protocol() {
        for (http_status, class) in [
            (0, StatusClass::Request),
            (200, StatusClass::Request),
            (202, StatusClass::Request),
            (301, StatusClass::Redirect),
            (308, StatusClass::Redirect),
            (400, StatusClass::Request),
            (401, StatusClass::Credential),
            (403, StatusClass::Credential),
            (404, StatusClass::Request),
            (405, StatusClass::Request),
            (407, StatusClass::Credential),
            (410, StatusClass::Request),
            (429, StatusClass::RateLimit),
            (500, StatusClass::Request),
            (501, StatusClass::Request),
            (502, StatusClass::Unavailable),
            (503, StatusClass::Unavailable),
            (504, StatusClass::Unavailable),
            (505, StatusClass::Request),
        ] {
            assert_eq!(StatusClass::of(http_status), class, "{http_status}");
        }
    }
}
