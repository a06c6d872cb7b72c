//! HTTP/1.1 (RFC 9112): the head of a response.
//!
//! httparse parses heads. This file decides how the body is framed, and whether
//! the connection can be used again.

use std::borrow::Cow;
use std::mem::MaybeUninit;
use std::ops::Range;

use crate::base::error::{Error, Result, Status, quote};
use crate::base::secret::Secret;
use crate::wire::content_coding::Decoder;
use crate::wire::http1_body::{Body, Framing, malformed};
use crate::wire::repeated_text::{RepeatedText, VaryingValues};

/// The limit for the bytes of a head.
pub(crate) const HEAD_LIMIT: usize = 64 * 1024;
/// The limit for the header lines of a head.
const HEADERS: usize = 128;
/// The limit for the bytes of a nonce.
const NONCE_LIMIT: usize = 1024;

/// The media type of a body, from its Content-Type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    EventStream,
    Other(String),
    #[default]
    None,
}

impl Media {
    /// The name, for error messages.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Json => Some("application/json"),
            Self::EventStream => Some("text/event-stream"),
            Self::Other(name) => Some(name),
            Self::None => None,
        }
    }
}

/// The head of a response, as far as the protocol needs it.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Whether the connection can carry another request after the body.
    pub(crate) keeps_alive: bool,
    pub(crate) media: Media,
    framing: Framing,
    /// Where in the head the value of Mcp-Session-Id is. Servers send it with
    /// every response, and it is read once.
    session_id: Option<Range<usize>>,
    values: VaryingValues,
    /// Boxed: most responses have none of these, and a head is moved often.
    rare: Option<Box<RareFields>>,
}

/// The fields of a head that few responses have.
#[derive(Debug, Default)]
pub(crate) struct RareFields {
    pub(crate) location: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) challenges: Vec<String>,
    /// The nonce for the next DPoP proof (RFC 9449, 8), visible ASCII.
    pub(crate) dpop_nonce: Option<String>,
    /// The values of Set-Cookie, which are secret.
    pub(crate) set_cookies: Vec<Secret>,
    /// The Date header, for an error status only.
    pub(crate) date: Option<String>,
    /// The value of Content-Encoding, unless it is plainly `identity`.
    content_encoding: Option<String>,
}

static NO_RARE_FIELDS: RareFields = RareFields {
    location: None,
    retry_after: None,
    challenges: Vec::new(),
    dpop_nonce: None,
    set_cookies: Vec::new(),
    date: None,
    content_encoding: None,
};

impl Head {
    /// Reads a head at the front of `bytes`. Returns the head and its length,
    /// or `None` if more bytes are needed.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>> {
        // Not initialized: most responses have only about ten headers.
        let mut headers = [const { MaybeUninit::uninit() }; HEADERS];
        let mut response = httparse::Response::new(&mut []);
        let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
            &mut response,
            bytes,
            &mut headers,
        );
        let length = match parsed {
            Ok(httparse::Status::Complete(length)) if length <= HEAD_LIMIT => length,
            Ok(httparse::Status::Partial) if bytes.len() <= HEAD_LIMIT => return Ok(None),
            Ok(_) => {
                return Err(Error::new(
                    Status::TooLarge,
                    format!("the server's reply has a head of more than {HEAD_LIMIT} bytes"),
                ));
            }
            Err(httparse::Error::TooManyHeaders) => {
                return Err(Error::new(
                    Status::TooLarge,
                    format!("the server's reply has more than {HEADERS} header lines"),
                ));
            }
            Err(_) if matches!(bytes, [0x15, 0x03, ..]) => {
                return Err(Error::protocol(
                    "the server answered with TLS: write https:// in its URL",
                ));
            }
            Err(error) => {
                let start = String::from_utf8_lossy(bytes.get(..40).unwrap_or(bytes));
                return Err(malformed(format!(
                    "its head is not HTTP/1.1 ({error}); it begins with \"{}\"",
                    quote(&start)
                )));
            }
        };
        let mut head = Self {
            status: response.code.unwrap_or_default(),
            media: Media::None,
            session_id: None,
            values: VaryingValues::default(),
            keeps_alive: response.version == Some(1),
            framing: Framing::UntilClose,
            rare: None,
        };
        let mut length_header: Option<u64> = None;
        let mut is_chunked = false;
        let mut has_coding = false;
        for header in response.headers.iter() {
            let name = header.name;
            // By length first: most headers of a response are none of these.
            match name.len() {
                4 if is(name, "date") => {
                    head.values.date = Some(range_in(bytes, header.value));
                    if head.status >= 400 {
                        head.rare_mut().date = Some(text(header.value).into_owned());
                    }
                }
                8 if is(name, "location") => {
                    head.rare_mut().location = Some(text(header.value).into_owned());
                }
                10 if is(name, "connection") => {
                    for option in header.value.split(|byte| *byte == b',') {
                        let option = option.trim_ascii();
                        if option.eq_ignore_ascii_case(b"close") {
                            head.keeps_alive = false;
                        } else if option.eq_ignore_ascii_case(b"keep-alive")
                            && response.version == Some(0)
                        {
                            head.keeps_alive = true;
                        }
                    }
                }
                10 if is(name, "dpop-nonce") => {
                    head.rare_mut().dpop_nonce = nonce(header.value);
                }
                10 if is(name, "set-cookie") => {
                    // Other bytes could not be sent back unchanged.
                    let value = std::str::from_utf8(header.value);
                    head.rare_mut().set_cookies.extend(value.ok().map(Secret::from));
                }
                11 if is(name, "retry-after") => {
                    head.rare_mut().retry_after = Some(text(header.value).into_owned());
                }
                12 if is(name, "content-type") => {
                    head.media = media(header.value);
                }
                14 if is(name, "content-length") => {
                    // Of two, none may vary.
                    let is_first = length_header.is_none();
                    head.values.length = is_first.then(|| range_in(bytes, header.value));
                    length_header = Some(content_length(header.value, length_header)?);
                }
                14 if is(name, "mcp-session-id") => {
                    head.session_id = Some(range_in(bytes, header.value));
                }
                16 if is(name, "www-authenticate") => {
                    head.rare_mut().challenges.push(text(header.value).into_owned());
                }
                16 if is(name, "content-encoding")
                    && !header.value.trim_ascii().eq_ignore_ascii_case(b"identity") =>
                {
                    // Two fields are one field with a list (RFC 9110, 5.3).
                    let value = text(header.value);
                    let field = &mut head.rare_mut().content_encoding;
                    *field = Some(match field.take() {
                        Some(before) => format!("{before}, {value}"),
                        None => value.into_owned(),
                    });
                }
                17 if is(name, "transfer-encoding") => {
                    has_coding = true;
                    is_chunked = header
                        .value
                        .rsplit(|byte| *byte == b',')
                        .next()
                        .is_some_and(|last| last.trim_ascii().eq_ignore_ascii_case(b"chunked"));
                }
                _ => {}
            }
        }
        // The order of RFC 9112, 6.3.
        head.framing = match (head.status, has_coding, length_header) {
            (100..=199 | 204 | 304, ..) => Framing::Empty,
            (_, true, length) => {
                // Both headers may be an attempt at request smuggling.
                head.keeps_alive &= length.is_none();
                if is_chunked { Framing::Chunked } else { Framing::UntilClose }
            }
            (_, false, Some(0)) => Framing::Empty,
            (_, false, Some(length)) => Framing::Length(length),
            (_, false, None) => Framing::UntilClose,
        };
        // After 101 the connection speaks another protocol.
        if head.framing == Framing::UntilClose || head.status == 101 {
            head.keeps_alive = false;
        }
        Ok(Some((head, length)))
    }

    /// The value of Mcp-Session-Id. `bytes` begins with the head.
    pub(crate) fn session_id(&self, bytes: &[u8]) -> Option<String> {
        let value = bytes.get(self.session_id.clone()?)?;
        Some(text(value).into_owned())
    }

    /// The fields that few responses have.
    pub(crate) fn rare(&self) -> &RareFields {
        self.rare.as_deref().unwrap_or(&NO_RARE_FIELDS)
    }

    #[cold]
    fn rare_mut(&mut self) -> &mut RareFields {
        self.rare.get_or_insert_with(Box::default)
    }

    /// Takes the fields that few responses have.
    pub(crate) fn take_rare(&mut self) -> RareFields {
        self.rare.take().map(|rare| *rare).unwrap_or_default()
    }

    /// Whether the final response is still to come (100 Continue and others).
    pub(crate) fn is_interim(&self) -> bool {
        (100..200).contains(&self.status) && self.status != 101
    }

    /// Whether the body may have `least` bytes, and has an end that the head
    /// announces.
    pub(crate) fn may_have(&self, least: u64) -> bool {
        match self.framing {
            Framing::Empty | Framing::UntilClose => false,
            Framing::Length(length) => length >= least,
            Framing::Chunked => true,
        }
    }

    /// The decoder of the body; `None` for a body that is not encoded.
    pub(crate) fn decoder(&self) -> Option<Decoder> {
        let field = self.rare().content_encoding.as_deref()?;
        if self.framing == Framing::Empty { None } else { Decoder::of(field) }
    }

    /// The reader of the body that follows the head.
    pub(crate) fn body(&self) -> Body {
        Body::new(self.framing)
    }
}

/// The head of a usual response, to compare the next one with.
#[derive(Debug)]
pub(crate) struct RepeatedHead {
    text: RepeatedText,
    head: Head,
}

impl RepeatedHead {
    /// Keeps a head if it is one of a usual response. `bytes` is the whole head.
    pub(crate) fn of(head: &Head, bytes: &[u8]) -> Option<Self> {
        let is_usual = (200..300).contains(&head.status) && head.keeps_alive && head.rare.is_none();
        is_usual.then(|| Self {
            text: RepeatedText::new(bytes, head.values.clone()),
            head: head.as_repeated(),
        })
    }

    /// Reads a head at the front of `bytes`, if it is the same as this one.
    /// Returns what [`Head::parse`] returns for it, without the session id.
    pub(crate) fn read(&self, bytes: &[u8]) -> Option<(Head, usize)> {
        let (length, end) = self.text.read(bytes)?;
        let mut head = self.head.as_repeated();
        head.framing = match length {
            Some(0) => Framing::Empty,
            // A 204 has no body, whatever length it has.
            Some(length) if head.status != 204 => Framing::Length(length),
            _ => head.framing,
        };
        Some((head, end))
    }
}

impl Head {
    /// Whether it has no memory of its own.
    pub(crate) fn is_small(&self) -> bool {
        self.rare.is_none() && !matches!(self.media, Media::Other(_))
    }

    /// The same head without what a repeated head does not have.
    pub(crate) fn as_repeated(&self) -> Self {
        let Self { status, keeps_alive, media, framing, .. } = self;
        let (status, keeps_alive, framing) = (*status, *keeps_alive, *framing);
        Self { status, keeps_alive, framing, media: media.clone(), ..Self::default() }
    }
}

/// Whether a header has this name. `lower` is in lower case and has only
/// letters and dashes, so it is enough to set the bit 0x20: besides capital
/// letters only CR becomes one of these bytes, and no name contains CR.
fn is(name: &str, lower: &str) -> bool {
    let (name, lower) = (name.as_bytes(), lower.as_bytes());
    // All letters of a word at a time; the bit changes no hyphen.
    let word = |bytes: &[u8], at: usize| {
        let word = bytes.get(at..at + 8).and_then(|word| word.try_into().ok());
        word.map_or(0, u64::from_ne_bytes)
    };
    let is_same = |at: usize| word(name, at) | u64::from_ne_bytes([0x20; 8]) == word(lower, at);
    let length = lower.len();
    if name.len() != length {
        return false;
    }
    match length {
        0..8 => name.eq_ignore_ascii_case(lower),
        8..=16 => is_same(0) && is_same(length - 8),
        _ => {
            let whole = (0..length / 8).all(|at| is_same(8 * at));
            whole && is_same(length - 8)
        }
    }
}

/// Where a part of a head is in it.
fn range_in(bytes: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(bytes.as_ptr().addr());
    start..start + part.len()
}

fn text(value: &[u8]) -> Cow<'_, str> {
    // The usual case is much faster than the search for other bytes.
    std::str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed)
}

fn media(value: &[u8]) -> Media {
    let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
    let essence = value.get(..end).unwrap_or_default().trim_ascii();
    if essence == b"application/json" || essence.eq_ignore_ascii_case(b"application/json") {
        Media::Json
    } else if essence.eq_ignore_ascii_case(b"text/event-stream") {
        Media::EventStream
    } else {
        Media::Other(quote(&text(essence)))
    }
}

/// A nonce. One that cannot be sent back unchanged is ignored.
fn nonce(value: &[u8]) -> Option<String> {
    let is_fit = (1..=NONCE_LIMIT).contains(&value.len())
        && value.iter().all(|byte| byte.is_ascii_graphic());
    is_fit.then(|| text(value).into_owned())
}

/// Content-Length (RFC 9110, 8.6): digits only. It may be repeated with the
/// same value.
fn content_length(value: &[u8], before: Option<u64>) -> Result<u64> {
    // The common case. Eighteen digits fit.
    if (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit) && before.is_none() {
        return Ok(value.iter().fold(0, |length, digit| length * 10 + u64::from(digit - b'0')));
    }
    let mut length = before;
    for part in text(value).split(',') {
        let part = part.trim();
        let number = part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok());
        match (number.flatten(), length) {
            (Some(number), None) => length = Some(number),
            (Some(number), Some(same)) if number == same => {}
            (Some(_), Some(_)) => return Err(malformed("it has two lengths".into())),
            (None, _) => return Err(malformed("its Content-Length is not a number".into())),
        }
    }
    length.ok_or_else(|| malformed("its Content-Length is empty".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::http1_body::{LINE_LIMIT, Piece, chunk_size};
    use crate::wire::testing::wherever_cut;

    type Outcome = std::result::Result<(u16, Vec<u8>, bool), String>;

    /// Reads a whole response, or returns the text of the error.
    fn read(pieces: &[&[u8]]) -> Outcome {
        let mut buffer: Vec<u8> = Vec::new();
        let mut found: Option<(Head, Body)> = None;
        let mut data = Vec::new();
        for mut piece in pieces.iter().copied() {
            // Some pieces are received where they stay.
            if let Some((_, body)) = &mut found
                && buffer.is_empty()
                && piece.len() % 3 > 0
            {
                let direct = piece.len().min(usize::try_from(body.data_ahead()).unwrap());
                data.extend_from_slice(&piece[..direct]);
                body.take_ahead(direct);
                piece = &piece[direct..];
            }
            buffer.extend_from_slice(piece);
            if found.is_none() {
                match Head::parse(&buffer).map_err(|error| error.message().to_owned())? {
                    None => continue,
                    Some((head, length)) => {
                        buffer.drain(..length);
                        let body = head.body();
                        found = Some((head, body));
                    }
                }
            }
            let Some((_, body)) = &mut found else { continue };
            if let Some(whole) = body.take_whole(&buffer) {
                data.extend_from_slice(whole);
                buffer.drain(..whole.len());
            }
            let mut rest = buffer.as_slice();
            let said = |error: Error| error.message().to_owned();
            while let Piece::Data(bytes) = body.next(&mut rest).map_err(said)? {
                data.extend_from_slice(bytes);
            }
            buffer = rest.to_vec();
        }
        let (head, body) = found.ok_or("no head")?;
        Ok((head.status, data, body.may_end_here()))
    }

    #[test]
    fn reads_a_body_of_known_length_wherever_it_is_cut() {
        let reply =
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 5\r\n\r\nhello";
        assert_eq!(wherever_cut(reply, read), Ok((200, b"hello".to_vec(), true)));
    }

    #[test]
    fn reads_chunks_wherever_they_are_cut() {
        let reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
            5;x=\"y\"\r\nhello\r\n00A\r\n, world..!\r\n0\r\nX: y\r\n\r\n";
        assert_eq!(wherever_cut(reply, read), Ok((200, b"hello, world..!".to_vec(), true)));
    }

    #[test]
    fn reads_the_size_of_a_chunk_as_httparse_does() {
        for line in ["0", "5", "aF", "00A", "ffffff", "1000000", "", "g", "5 ", " 5", "5;x", "-1"] {
            let text = format!("{line}\r\nrest");
            for end in 0..=text.len() {
                let bytes = &text.as_bytes()[..end];
                assert_eq!(chunk_size(bytes), httparse::parse_chunk_size(bytes), "{text:?}");
            }
            let text = format!("{line}\nrest");
            let bytes = text.as_bytes();
            assert_eq!(chunk_size(bytes), httparse::parse_chunk_size(bytes), "{text:?}");
        }
    }

    #[test]
    fn reads_until_the_end_if_there_is_no_length() {
        let reply = b"HTTP/1.0 200 OK\r\n\r\nhello";
        assert_eq!(wherever_cut(reply, read), Ok((200, b"hello".to_vec(), true)));
    }

    #[test]
    fn rejects_ambiguous_framing() {
        for (headers, words) in [
            ("Content-Length: 5\r\nContent-Length: 6", "two lengths"),
            ("Content-Length: 5, 6", "two lengths"),
            ("Content-Length: -5", "not a number"),
            ("Content-Length: ", "not a number"),
            ("Content-Length: 99999999999999999999", "not a number"),
            ("Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "not a number"),
            ("Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", "longer"),
            ("Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", "not a number"),
            ("No colon here", "not HTTP/1.1"),
        ] {
            let reply = format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\nhello");
            let message = read(&[reply.as_bytes()]).unwrap_err();
            assert!(message.contains(words), "{headers}: {message}");
        }
    }

    #[test]
    fn limits_the_head_and_the_trailers() {
        let mut endless = b"HTTP/1.1 200 OK\r\n".to_vec();
        while endless.len() <= HEAD_LIMIT {
            endless.extend_from_slice(b"X-Filler: ");
            endless.extend_from_slice(&[b'x'; 2000]);
            endless.extend_from_slice(b"\r\n");
        }
        assert_eq!(Head::parse(&endless).unwrap_err().status(), Status::TooLarge);
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(HEADERS + 1));
        assert_eq!(Head::parse(many.as_bytes()).unwrap_err().status(), Status::TooLarge);
        let trailers = format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{}",
            "A: b\r\n".repeat(LINE_LIMIT)
        );
        assert!(read(&[trailers.as_bytes()]).unwrap_err().contains("trailers"));
    }

    #[test]
    fn knows_when_a_connection_can_be_used_again() {
        let keeps = |head: &str| {
            Head::parse(format!("{head}\r\n\r\n").as_bytes()).unwrap().unwrap().0.keeps_alive
        };
        assert!(keeps("HTTP/1.1 200 OK\r\nContent-Length: 1"));
        assert!(keeps("HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked"));
        assert!(keeps("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0"));
        assert!(!keeps("HTTP/1.1 200 OK\r\nConnection: x, close\r\nContent-Length: 0"));
        assert!(!keeps("HTTP/1.1 200 OK"));
        assert!(!keeps("HTTP/1.0 200 OK\r\nContent-Length: 0"));
        assert!(!keeps("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked"));
        assert!(keeps("HTTP/1.1 204 No Content"));
        assert!(!keeps("HTTP/1.1 101 Switching Protocols"));
    }

    #[test]
    fn has_a_decoder_for_an_encoded_body() {
        let has = |head: &str| {
            let head = format!("HTTP/1.1 {head}\r\n\r\n");
            Head::parse(head.as_bytes()).unwrap().unwrap().0.decoder().is_some()
        };
        for plain in [
            "200 OK",
            "200 OK\r\nContent-Encoding: identity",
            "200 OK\r\ncontent-encoding:  IDENTITY ",
            "200 OK\r\nContent-Encoding: identity\r\nContent-Encoding: identity",
            "200 OK\r\nContent-Encoding:",
            "204 No Content\r\nContent-Encoding: gzip",
            "202 Accepted\r\nContent-Encoding: br\r\nContent-Length: 0",
        ] {
            assert!(!has(plain), "{plain}");
        }
        for encoded in ["gzip", "GZip", "x-gzip", "deflate", "br", "gzip, gzip", "identity, gzip"] {
            assert!(has(&format!("200 OK\r\nContent-Encoding: {encoded}")), "{encoded}");
        }
        let two = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Encoding: br\r\n\r\n";
        let mut decoder = Head::parse(two.as_bytes()).unwrap().unwrap().0.decoder().unwrap();
        let error = decoder.next(&mut &b"x"[..]).unwrap_err();
        assert!(error.message().contains("\"gzip, br\""), "{}", error.message());
    }

    #[test]
    fn takes_a_body_as_a_whole_only_if_its_length_is_known_and_all_of_it_is_there() {
        let body = |head: &str| {
            let head = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n");
            Head::parse(head.as_bytes()).unwrap().unwrap().0.body()
        };
        let mut four = body("Content-Length: 4");
        assert_eq!(four.take_whole(b"abc"), None);
        assert_eq!(four.next(&mut &b"a"[..]).unwrap(), Piece::Data(b"a"));
        assert_eq!(four.take_whole(b"bcde"), Some(&b"bcd"[..]));
        assert!(four.is_done() && four.take_whole(b"").is_none());
        assert_eq!(body("Transfer-Encoding: chunked").take_whole(b"0\r\n\r\n"), None);
        assert_eq!(body("Server: x").take_whole(b"abc"), None);
        assert_eq!(body("Content-Length: 18446744073709551615").take_whole(b"abc"), None);
    }

    #[test]
    fn takes_as_data_only_what_is_certainly_data() {
        let mut body = Body::new(Framing::Length(4));
        body.take_ahead(3);
        assert_eq!((body.data_ahead(), body.is_done()), (1, false));
        body.take_ahead(1);
        assert!(body.is_done() && body.data_ahead() == 0);
        let mut body = Body::new(Framing::UntilClose);
        body.take_ahead(7);
        assert!(body.data_ahead() == u64::MAX && body.may_end_here());
        let mut body = Body::new(Framing::Chunked);
        assert_eq!(body.data_ahead(), 0);
        assert_eq!(body.next(&mut &b"5\r\nab"[..]).unwrap(), Piece::Data(b"ab"));
        assert_eq!(body.data_ahead(), 3);
        body.take_ahead(3);
        assert_eq!(body.data_ahead(), 0);
        let mut rest = &b"\r\n1\r\nf"[..];
        assert_eq!(body.next(&mut rest).unwrap(), Piece::Data(b"f"));
        assert_eq!(body.data_ahead(), 0);
    }

    #[test]
    fn knows_names_of_fields_in_any_case() {
        let names = [
            "date",
            "location",
            "dpop-nonce",
            "retry-after",
            "content-type",
            "content-length",
            "content-encoding",
            "transfer-encoding",
        ];
        for name in names {
            assert!(is(name, name) && is(&name.to_ascii_uppercase(), name), "{name}");
            for at in 0..name.len() {
                let mut other = name.as_bytes().to_vec();
                other[at] = b'z';
                assert!(!is(std::str::from_utf8(&other).unwrap(), name), "{name} {at}");
            }
            assert!(!is(&name[1..], name) && !is(&format!("{name}x"), name));
        }
    }

    #[test]
    fn reads_the_session_id_from_the_bytes_of_the_head() {
        let bytes = b"HTTP/1.1 200 OK\r\nA: b\r\nmcp-session-ID:  s 1 \r\nC: d\r\n\r\nrest";
        let (head, length) = Head::parse(bytes).unwrap().unwrap();
        assert_eq!(head.session_id(&bytes[..length]).as_deref(), Some("s 1"));
        assert_eq!(head.session_id(b""), None);
        let (head, _) = Head::parse(b"HTTP/1.1 200 OK\r\n\r\n").unwrap().unwrap();
        assert_eq!(head.session_id(bytes), None);
    }

    #[test]
    fn reads_media_types_without_their_parameters() {
        assert_eq!(media(b"Application/JSON; charset=utf-8"), Media::Json);
        assert_eq!(media(b"text/event-stream;charset=utf-8"), Media::EventStream);
        assert_eq!(media(b"text/html"), Media::Other("text/html".into()));
    }

    #[test]
    fn keeps_the_nonce_of_every_response_and_the_date_of_an_error() {
        let read = |status: u16, nonce: &str| {
            let reply = format!(
                "HTTP/1.1 {status} X\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
                 dpop-Nonce: {nonce}\r\nContent-Length: 0\r\n\r\n"
            );
            let head = Head::parse(reply.as_bytes()).unwrap().unwrap().0;
            (head.rare().dpop_nonce.clone(), head.rare().date.clone())
        };
        assert_eq!(read(200, "a.b~c"), (Some("a.b~c".to_owned()), None));
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT".to_owned());
        assert_eq!(read(401, "n"), (Some("n".to_owned()), date));
        let longest = "n".repeat(NONCE_LIMIT);
        assert_eq!(read(200, &longest).0, Some(longest.clone()));
        for unfit in ["", "a b", "\u{e9}", &format!("{longest}n")] {
            assert_eq!(read(200, unfit).0, None, "{unfit}");
        }
    }
}
