//! A request to the listener, and the page for it.

use crate::auth::oauth::spec::redirect::RedirectTarget;
use crate::wire::url::split_query;

/// The most header lines of a request.
const HEADERS: usize = 100;

/// The request so far.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BrowserRequest<'a> {
    Partial,
    /// A GET of the redirect URL, with its query.
    Get(&'a str),
    /// A POST to the redirect URL: the answer of a server that does not redirect.
    Post,
    Other(ResponsePage),
}

/// A response. It quotes nothing of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponsePage {
    Answered,
    /// For a HEAD of the redirect URL, which browsers send as a probe.
    Head,
    NotAwaited,
    Malformed,
    NotFound,
    WrongMethod,
    TooLong,
}

/// It does not say whether the sign-in succeeded: that is not known yet.
const ANSWERED: &str = "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
    <title>You may close this window</title></head>\n\
    <body><h1>You may close this window</h1>\
    <p>The application has received the answer. Go back to it to continue.</p></body>\n\
    </html>\n";

const NOT_AWAITED: &str = "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
    <title>Not the answer of the sign-in</title></head>\n\
    <body><h1>Not the answer of the sign-in</h1>\
    <p>An application waits at this address for the end of a sign-in. \
    This request does not belong to that sign-in, because its address has no \
    parameter \"state\", or that of another sign-in. The application did not take it. \
    Go back to the application: it has the details.</p></body>\n\
    </html>\n";

const NEUTRAL: &str = "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
    <title>Nothing to see here</title></head>\n\
    <body><h1>Nothing to see here</h1>\
    <p>An application waits at this address for the end of a sign-in. \
    This page is not part of it: go back to the application.</p></body>\n\
    </html>\n";

impl<'a> BrowserRequest<'a> {
    pub(crate) fn parse(head: &'a [u8], place: &RedirectTarget) -> Self {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(head) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Self::Partial,
            Err(httparse::Error::TooManyHeaders) => return Self::Other(ResponsePage::TooLong),
            Err(_) => return Self::Other(ResponsePage::Malformed),
        }
        let mut hosts =
            request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host"));
        let is_ours = hosts.next().is_some_and(|host| place.is_host(host.value));
        if !is_ours || hosts.next().is_some() {
            return Self::Other(ResponsePage::Malformed);
        }
        let target = request.path.unwrap_or_default();
        let (path, query) = split_query(target);
        if path != place.path {
            return Self::Other(ResponsePage::NotFound);
        }
        match request.method {
            Some("GET") => Self::Get(query.unwrap_or_default()),
            Some("POST") => Self::Post,
            Some("HEAD") => Self::Other(ResponsePage::Head),
            _ => Self::Other(ResponsePage::WrongMethod),
        }
    }
}

impl ResponsePage {
    pub(crate) fn text(self) -> String {
        let (status, page) = match self {
            Self::Answered => ("200 OK", ANSWERED),
            Self::Head => ("200 OK", NEUTRAL),
            Self::NotAwaited => ("400 Bad Request", NOT_AWAITED),
            Self::Malformed => ("400 Bad Request", NEUTRAL),
            Self::NotFound => ("404 Not Found", NEUTRAL),
            Self::WrongMethod => ("405 Method Not Allowed\r\nAllow: GET, HEAD", NOT_AWAITED),
            Self::TooLong => ("431 Request Header Fields Too Large", NEUTRAL),
        };
        let body = if self == Self::Head { "" } else { page };
        format!(
            "HTTP/1.1 {status}\r\n\
             Content-Type: text/html; charset=utf-8\r\n\
             Content-Length: {}\r\n\
             Cache-Control: no-store\r\n\
             Content-Security-Policy: default-src 'none'\r\n\
             Referrer-Policy: no-referrer\r\n\
             Connection: close\r\n\
             \r\n{body}",
            page.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::oauth::spec::redirect::LoopbackRedirect;

    fn read(text: &str) -> String {
        let place = LoopbackRedirect::parse("http://127.0.0.1:9/cb").unwrap().at(9);
        format!("{:?}", BrowserRequest::parse(text.as_bytes(), &place))
    }

    #[test]
    fn recognizes_the_request() {
        let host = "Host: 127.0.0.1:9\r\n\r\n";
        for (line, result) in [
            ("GET /cb?a=b?c HTTP/1.1", "Get(\"a=b?c\")"),
            ("GET /cb HTTP/1.0", "Get(\"\")"),
            ("HEAD /cb?a=b HTTP/1.1", "Other(Head)"),
            ("POST /cb?a=b HTTP/1.1", "Post"),
            ("PUT /cb?a=b HTTP/1.1", "Other(WrongMethod)"),
            ("get /cb?a=b HTTP/1.1", "Other(WrongMethod)"),
            ("GET /cb/?a=b HTTP/1.1", "Other(NotFound)"),
            ("GET //cb?a=b HTTP/1.1", "Other(NotFound)"),
            ("GET http://127.0.0.1:9/cb?a=b HTTP/1.1", "Other(NotFound)"),
            ("OPTIONS * HTTP/1.1", "Other(NotFound)"),
            ("GET /cb?a=b HTTP/2.0", "Other(Malformed)"),
            ("\u{16}\u{3}\u{1}", "Other(Malformed)"),
        ] {
            assert_eq!(read(&format!("{line}\r\n{host}")), result, "{line}");
        }
    }

    #[test]
    fn requires_exactly_one_host_header() {
        for hosts in [
            "",
            "Host: 127.0.0.1\r\n",
            "Host: localhost:9\r\n",
            "Host: evil.example:9\r\n",
            "Host: 127.0.0.1:9\r\nHost: evil.example\r\n",
            "Host: 127.0.0.1:9\r\nhost: 127.0.0.1:9\r\n",
        ] {
            let request = format!("GET /cb?a=b HTTP/1.1\r\n{hosts}\r\n");
            assert_eq!(read(&request), "Other(Malformed)", "{hosts}");
        }
    }

    #[test]
    fn limits_the_header_lines() {
        let request = format!("GET /cb HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(HEADERS + 1));
        assert_eq!(read(&request), "Other(TooLong)");
    }
}
