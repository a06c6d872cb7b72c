//! What somebody asks of the listener, and the page that is the reply.

use crate::auth::oauth::spec::redirect::RedirectTarget;
use crate::wire::url::split_query;

/// The most header lines that a request may have.
const HEADERS: usize = 100;

/// What has come so far.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BrowserRequest<'a> {
    Partial,
    /// A GET of the right place: the answer, if its query says so.
    Get(&'a str),
    Other(ResponsePage),
}

/// A reply. None has anything of the request in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponsePage {
    Answered,
    /// To a HEAD of the right place, which means nothing.
    Head,
    NotAwaited,
    Malformed,
    NotFound,
    WrongMethod,
    TooLong,
}

/// Without a word on how it went: that is decided later, by the program.
const ANSWERED: &str = "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
    <title>You may close this window</title></head>\n\
    <body><h1>You may close this window</h1>\
    <p>The program has got its answer. Go back to it to see how it goes on.</p></body>\n\
    </html>\n";

const NEUTRAL: &str = "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
    <title>Nothing to see here</title></head>\n\
    <body><h1>Nothing to see here</h1>\
    <p>A program waits at this address for the end of a sign-in. \
    This is not the page for it: go back to the program.</p></body>\n\
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
            Self::NotAwaited | Self::Malformed => ("400 Bad Request", NEUTRAL),
            Self::NotFound => ("404 Not Found", NEUTRAL),
            Self::WrongMethod => ("405 Method Not Allowed\r\nAllow: GET, HEAD", NEUTRAL),
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
    fn tells_what_is_asked() {
        let host = "Host: 127.0.0.1:9\r\n\r\n";
        for (line, result) in [
            ("GET /cb?a=b?c HTTP/1.1", "Get(\"a=b?c\")"),
            ("GET /cb HTTP/1.0", "Get(\"\")"),
            ("HEAD /cb?a=b HTTP/1.1", "Other(Head)"),
            ("POST /cb?a=b HTTP/1.1", "Other(WrongMethod)"),
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
    fn wants_one_host_and_the_right_one() {
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
