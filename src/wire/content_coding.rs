//! Content codings (RFC 9110, 8.4.1): gzip and deflate. Takes bytes in any
//! pieces and returns decoded bytes as soon as they can be decoded.
//!
//! `miniz_oxide` decodes DEFLATE. This file reads the members of gzip (RFC 1952)
//! and distinguishes zlib (RFC 1950) from raw DEFLATE (RFC 1951): servers send
//! both as "deflate".

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_PARSE_ZLIB_HEADER,
};
use miniz_oxide::inflate::core::{DecompressorOxide, TINFL_LZ_DICT_SIZE, decompress};

use crate::base::error::{Error, Result, quote};
use crate::platform;
use crate::wire::crc32::Checksum;
use crate::wire::gzip_header::{HeadProgress, Held, MemberHead};

/// The codings that a request accepts from a server on another machine.
pub(crate) const ACCEPTED: &str = "gzip, deflate";

/// Decodes the body of a response.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// The name of the coding; the value of the field if it is refused.
    name: String,
    step: Step,
    inflater: Box<Inflater>,
    /// The encoded bytes since the last output.
    fruitless: usize,
}

/// The limit of encoded bytes without output: long names in headers, members and
/// blocks without data. To read them takes more time than to send them.
const MOST_FRUITLESS: usize = 256 * 1024;

/// What comes next in the encoded bytes.
#[derive(Debug)]
enum Step {
    /// Nothing that the library can decode.
    Refused,
    /// The first two bytes of "deflate".
    ZlibOrRaw(Held),
    /// The header of a gzip member, which may be the second one or a later one.
    Head(Box<MemberHead>),
    Data(Frame),
    /// The checksum and the length of a gzip member.
    Trailer(Held),
    /// The end of a gzip member. Another one may follow.
    Between,
    /// Bytes after the end. They are ignored, as gzip and the browsers do.
    After,
}

/// The frame of DEFLATE data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frame {
    Gzip,
    Zlib,
    Raw,
}

impl Decoder {
    /// The decoder for the value of Content-Encoding; `None` for a body that is
    /// not encoded. A body with another coding, or with two, is an error if it
    /// is not empty.
    pub(crate) fn of(field: &str) -> Option<Self> {
        let names = field.split(',').map(|name| name.trim_matches([' ', '\t']));
        let is_one = |name: &&str| !name.is_empty() && !name.eq_ignore_ascii_case("identity");
        let mut names = names.filter(is_one);
        let first = names.next()?;
        let has_more = names.next().is_some();
        let is = |name: &str| !has_more && first.eq_ignore_ascii_case(name);
        let (name, step) = if is("gzip") || is("x-gzip") {
            ("gzip".to_owned(), Step::Head(Box::default()))
        } else if is("deflate") {
            ("deflate".to_owned(), Step::ZlibOrRaw(Held::default()))
        } else {
            (quote(field.trim()), Step::Refused)
        };
        Some(Self { name, step, inflater: Box::default(), fruitless: 0 })
    }

    /// Takes bytes from the front of `bytes` and returns what they decode to,
    /// at most 32 KiB. Empty if more bytes are needed; none are left then.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Result<&[u8]> {
        loop {
            match &mut self.step {
                Step::Data(frame) => {
                    let frame = *frame;
                    let (range, progress) = self.inflater.inflate(frame, bytes);
                    match progress {
                        Progress::Ended => {
                            self.step = match frame {
                                Frame::Gzip => Step::Trailer(Held::default()),
                                Frame::Zlib | Frame::Raw => Step::After,
                            }
                        }
                        Progress::Damaged => return Err(self.damaged()),
                        Progress::More if range.is_empty() => return Ok(&[]),
                        Progress::More => {}
                    }
                    if !range.is_empty() {
                        return Ok(self.inflater.window.get(range).unwrap_or_default());
                    }
                }
                _ if bytes.is_empty() => return Ok(&[]),
                Step::Refused => return Err(self.refused()),
                Step::ZlibOrRaw(held) => {
                    if let Some([first, second]) = held.take(bytes) {
                        let frame = if is_zlib(first, second) { Frame::Zlib } else { Frame::Raw };
                        self.step = Step::Data(frame);
                        self.inflater.begin(&[first, second]);
                    }
                }
                Step::Head(head) => match head.take(bytes) {
                    HeadProgress::More => {}
                    HeadProgress::Ended => {
                        self.step = Step::Data(Frame::Gzip);
                        self.inflater.begin(&[]);
                    }
                    HeadProgress::NoHeader if head.is_later() => self.step = Step::After,
                    HeadProgress::NoHeader => return Err(self.damaged()),
                    HeadProgress::Damaged => return Err(self.damaged()),
                },
                Step::Trailer(held) => {
                    if let Some([a, b, c, d, e, f, g, h]) = held.take(bytes) {
                        let checksum = u32::from_le_bytes([a, b, c, d]);
                        let length = u32::from_le_bytes([e, f, g, h]);
                        if (checksum, length) != self.inflater.sums() {
                            return Err(self.damaged());
                        }
                        self.step = Step::Between;
                    }
                }
                Step::Between => {
                    self.step = Step::Head(Box::new(MemberHead::later()));
                }
                Step::After => *bytes = &[],
            }
        }
    }

    /// Counts encoded bytes that [`Decoder::next`] took. `has_output`: it returned
    /// decoded bytes. Bytes after the end do not count.
    pub(crate) fn count(&mut self, taken: usize, has_output: bool) -> Result<()> {
        self.fruitless = if has_output { 0 } else { self.fruitless.saturating_add(taken) };
        if self.fruitless > MOST_FRUITLESS && !matches!(self.step, Step::After) {
            return Err(malformed(format!(
                "more than {MOST_FRUITLESS} bytes of its {} data have no content",
                self.name
            )));
        }
        Ok(())
    }

    /// Checks that the encoded bytes may end here.
    pub(crate) fn finish(&self) -> Result<()> {
        let may_end = match &self.step {
            Step::Refused | Step::Between | Step::After => true,
            // An empty body needs no decoder.
            Step::ZlibOrRaw(held) => held.is_empty(),
            Step::Head(head) => head.may_be_none(),
            Step::Data(_) | Step::Trailer(_) => false,
        };
        if may_end {
            return Ok(());
        }
        Err(malformed(format!("its body ends in the middle of its {} data", self.name)))
    }

    #[cold]
    fn damaged(&self) -> Error {
        malformed(format!("its body is not valid {} data", self.name))
    }

    #[cold]
    fn refused(&self) -> Error {
        malformed(format!(
            "its body is encoded as \"{}\", which was not asked for; the library decodes gzip or \
             deflate",
            self.name
        ))
    }
}

#[cold]
fn malformed(what: String) -> Error {
    Error::protocol(format!("the server sent a malformed reply: {what}"))
}

/// Whether two bytes begin zlib data: the method 8 with a window of at most 32
/// KiB, and a check sum. Raw DEFLATE never begins so: its first three bits
/// would announce stored bytes, and the bits behind them would not be 0.
fn is_zlib(first: u8, second: u8) -> bool {
    first & 0x0f == 8 && first >> 4 <= 7 && u16::from_be_bytes([first, second]).is_multiple_of(31)
}

/// The state of DEFLATE, and the last 32 KiB of its output.
struct Inflater {
    state: DecompressorOxide,
    window: Vec<u8>,
    /// Where the next output goes.
    at: usize,
    /// Bytes that were taken to find out the frame, and how many are left.
    first: [u8; 2],
    first_left: usize,
    checksum: Checksum,
    length: u32,
}

enum Progress {
    More,
    Ended,
    Damaged,
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            state: DecompressorOxide::new(),
            window: Vec::new(),
            at: 0,
            first: [0; 2],
            first_left: 0,
            checksum: Checksum::default(),
            length: 0,
        }
    }
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Inflater")
    }
}

impl Drop for Inflater {
    /// The window holds a response, in which a token may be.
    fn drop(&mut self) {
        platform::wipe(&mut self.window);
    }
}

impl Inflater {
    /// Begins data. `first` has its first bytes.
    fn begin(&mut self, first: &[u8]) {
        self.state.init();
        if self.window.is_empty() {
            self.window = vec![0; TINFL_LZ_DICT_SIZE];
        }
        self.at = 0;
        self.first_left = first.len();
        for (to, from) in self.first.iter_mut().zip(first) {
            *to = *from;
        }
        (self.checksum, self.length) = (Checksum::default(), 0);
    }

    /// Decodes until the window is full or no bytes are left. Returns the part
    /// of the window that was written.
    fn inflate(&mut self, frame: Frame, bytes: &mut &[u8]) -> (std::ops::Range<usize>, Progress) {
        let mut flags = TINFL_FLAG_HAS_MORE_INPUT;
        if frame == Frame::Zlib {
            flags |= TINFL_FLAG_PARSE_ZLIB_HEADER;
        }
        loop {
            let start = self.at % TINFL_LZ_DICT_SIZE;
            let held = self.first.get(self.first.len() - self.first_left..).unwrap_or_default();
            let is_held = !held.is_empty();
            let input = if is_held { held } else { *bytes };
            let (status, taken, written) =
                decompress(&mut self.state, input, &mut self.window, start, flags);
            if is_held {
                self.first_left -= taken.min(self.first_left);
            } else {
                *bytes = bytes.get(taken..).unwrap_or_default();
            }
            self.at = start + written;
            let range = start..self.at;
            if frame == Frame::Gzip {
                self.checksum.add(self.window.get(range.clone()).unwrap_or_default());
                self.length = self.length.wrapping_add(written as u32);
            }
            let progress = match status {
                TINFLStatus::Done => Progress::Ended,
                TINFLStatus::NeedsMoreInput | TINFLStatus::HasMoreOutput => Progress::More,
                _ => Progress::Damaged,
            };
            // The bytes that were held are not all that there is.
            if !(is_held && range.is_empty() && matches!(progress, Progress::More)) {
                return (range, progress);
            }
        }
    }

    /// The checksum and the length of the data, as gzip has them.
    fn sums(&self) -> (u32, u32) {
        (self.checksum.value(), self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::Status;
    use crate::wire::gzip_header::{COMMENT, EXTRA, HEADER_CRC, NAME};
    use crate::wire::testing::wherever_cut;

    /// Decodes a whole body, or returns the text of the error.
    fn decode(field: &str, pieces: &[&[u8]]) -> std::result::Result<Vec<u8>, String> {
        let said = |error: Error| {
            assert_eq!(error.status(), Status::Protocol);
            error.message().to_owned()
        };
        let mut decoder = Decoder::of(field).unwrap();
        let mut out = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            loop {
                let data = decoder.next(&mut rest).map_err(said)?;
                if data.is_empty() {
                    assert!(rest.is_empty(), "bytes are left and none is wanted");
                    break;
                }
                out.extend_from_slice(data);
            }
        }
        decoder.finish().map_err(said)?;
        Ok(out)
    }

    /// "hello hello hello", as zlib writes it.
    const RAW: &[u8] = &[0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x90, 0x00];
    const TEXT: &[u8] = b"hello hello hello";

    fn crc(bytes: &[u8]) -> u32 {
        let mut checksum = Checksum::default();
        checksum.add(bytes);
        checksum.value()
    }

    /// A member with all the optional parts that `flags` has.
    fn member(flags: u8, raw: &[u8], text: &[u8]) -> Vec<u8> {
        let mut out = vec![0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 3];
        if flags & EXTRA != 0 {
            out.extend_from_slice(&[4, 0, b'a', b'b', 0, 0]);
        }
        if flags & NAME != 0 {
            out.extend_from_slice(b"name.json\0");
        }
        if flags & COMMENT != 0 {
            out.extend_from_slice(b"a comment\0");
        }
        if flags & HEADER_CRC != 0 {
            let sum = crc(&out).to_le_bytes();
            out.extend_from_slice(&sum[..2]);
        }
        out.extend_from_slice(raw);
        out.extend_from_slice(&crc(text).to_le_bytes());
        out.extend_from_slice(&(text.len() as u32).to_le_bytes());
        out
    }

    fn zlib(raw: &[u8], text: &[u8]) -> Vec<u8> {
        let (mut a, mut b) = (1u32, 0u32);
        for byte in text {
            a = (a + u32::from(*byte)) % 65521;
            b = (b + a) % 65521;
        }
        [&[0x78, 0x9c], raw, &(b << 16 | a).to_be_bytes()].concat()
    }

    /// Stored blocks, which any text can be.
    fn stored(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for piece in text.chunks(0xffff) {
            let length = piece.len() as u16;
            out.push(0);
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(&(!length).to_le_bytes());
            out.extend_from_slice(piece);
        }
        out.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
        out
    }

    #[test]
    fn knows_the_checksum() {
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn reads_every_kind_of_gzip_header_wherever_it_is_cut() {
        for flags in 0..32 {
            let body = member(flags, RAW, TEXT);
            let found = wherever_cut(&body, |pieces| decode("gzip", pieces));
            assert_eq!(found.as_deref(), Ok(TEXT), "{flags}");
        }
        let mut empty = member(EXTRA, RAW, TEXT);
        empty.splice(10..16, [0, 0]);
        assert_eq!(decode("X-GZip", &[&empty]).as_deref(), Ok(TEXT));
    }

    #[test]
    fn reads_zlib_and_raw_data_as_deflate_wherever_it_is_cut() {
        for body in [zlib(RAW, TEXT), RAW.to_vec(), stored(TEXT), zlib(&stored(TEXT), TEXT)] {
            let found = wherever_cut(&body, |pieces| decode("Deflate", pieces));
            assert_eq!(found.as_deref(), Ok(TEXT), "{body:?}");
        }
        // The shortest data, and the shortest with a window of 256 bytes.
        assert_eq!(decode("deflate", &[&[3, 0]]).as_deref(), Ok(&b""[..]));
        let small = [&[0x08, 0x1d], &zlib(RAW, TEXT)[2..]].concat();
        assert_eq!(decode("deflate", &[&small]).as_deref(), Ok(TEXT));
    }

    #[test]
    fn limits_the_encoded_bytes_without_output() {
        let named = [&[0x1f, 0x8b, 8, NAME, 0, 0, 0, 0, 0, 3][..], &[b'n'; 4096]].concat();
        let empty = member(0, &[3, 0], b"").repeat(200);
        let ended = [member(0, RAW, TEXT), b"junk".to_vec()].concat();
        for (first, piece, is_right) in [
            (&named, &[b'n'; 4096][..], false),
            (&empty, &empty, false),
            (&ended, &[0; 4096], true),
        ] {
            let mut decoder = Decoder::of("gzip").unwrap();
            let mut feed = |mut bytes: &[u8]| {
                while !bytes.is_empty() {
                    let before = bytes.len();
                    let has_output = !decoder.next(&mut bytes).unwrap().is_empty();
                    decoder.count(before - bytes.len(), has_output)?;
                }
                Ok::<_, Error>(())
            };
            feed(first).unwrap();
            let fed = (0..MOST_FRUITLESS / piece.len() + 2).try_for_each(|_| feed(piece));
            assert_eq!(fed.is_ok(), is_right);
        }
    }

    #[test]
    fn reads_members_one_after_the_other_and_ignores_what_follows() {
        let two = [member(0, RAW, TEXT), member(NAME, RAW, TEXT)].concat();
        for after in [&b""[..], &[0; 20], b"junk", &[0x1f], &[0x1f, 0x1f, 0x8b]] {
            let body = [&two[..], after].concat();
            let found = wherever_cut(&body, |pieces| decode("gzip", pieces));
            assert_eq!(found.unwrap(), [TEXT, TEXT].concat(), "{after:?}");
        }
        let body = [&zlib(RAW, TEXT)[..], b"junk"].concat();
        assert_eq!(wherever_cut(&body, |pieces| decode("deflate", pieces)).as_deref(), Ok(TEXT));
        let empty = [member(0, &[3, 0], b""), member(0, RAW, TEXT), member(0, &[3, 0], b"")];
        assert_eq!(decode("gzip", &[&empty.concat()]).as_deref(), Ok(TEXT));
    }

    #[test]
    fn returns_what_came_before_a_flush_boundary() {
        // "one" and "two", each ended by an empty stored block (a sync flush).
        let first = [0xca, 0xcf, 0x4b, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff];
        let second = [0x2a, 0x29, 0xcf, 0x07, 0x00, 0x00, 0x00, 0xff, 0xff];
        let head = member(NAME, &[], b"");
        for (field, begin) in [("gzip", &head[..20]), ("deflate", &[0x78, 0x9c]), ("deflate", &[])]
        {
            let mut decoder = Decoder::of(field).unwrap();
            assert_eq!(decoder.next(&mut &begin[..]).unwrap(), b"");
            for (part, text) in [(&first[..], "one"), (&[], ""), (&second[..], "two")] {
                let (mut rest, mut out) = (part, Vec::new());
                while let data @ [_, ..] = decoder.next(&mut rest).unwrap() {
                    out.extend_from_slice(data);
                }
                assert_eq!(out, text.as_bytes(), "{field}");
            }
            assert!(decoder.finish().is_err());
        }
    }

    #[test]
    fn says_that_data_is_cut_at_every_byte() {
        let first = member(0, RAW, TEXT);
        let two = [&first[..], &first[..]].concat();
        // The second member is none before its second byte.
        let (one, more) = ([first.len(), first.len() + 1], []);
        for (field, body, may_end) in [
            ("gzip", member(31, RAW, TEXT), &more[..]),
            ("gzip", two, &one),
            ("deflate", zlib(RAW, TEXT), &more),
            ("deflate", RAW.to_vec(), &more),
        ] {
            for cut in 1..body.len() {
                let found = decode(field, &[&body[..cut]]);
                if may_end.contains(&cut) {
                    assert_eq!(found.as_deref(), Ok(TEXT), "{cut}");
                    continue;
                }
                let message = found.unwrap_err();
                assert!(message.contains(field) && message.contains("ends"), "{cut}: {message}");
            }
            assert_eq!(decode(field, &[b""]).as_deref(), Ok(&b""[..]));
        }
    }

    #[test]
    fn names_the_coding_of_damaged_data() {
        let good = member(HEADER_CRC, RAW, TEXT);
        for (at, what) in [
            (0, "magic"),
            (1, "magic"),
            (2, "method"),
            (4, "checksum of the header"),
            (11, "checksum of the header"),
            (good.len() - 8, "checksum"),
            (good.len() - 1, "length"),
        ] {
            let mut body = good.clone();
            body[at] ^= 0x40;
            let message = wherever_cut(&body, |pieces| decode("gzip", pieces)).unwrap_err();
            assert!(message.contains("not valid gzip data"), "{what}: {message}");
        }
        let mut reserved = member(0, RAW, TEXT);
        reserved[3] = 0x20;
        assert!(decode("gzip", &[&reserved]).unwrap_err().contains("gzip"));
        assert!(decode("gzip", &[b"{\"jsonrpc\":\"2.0\"}"]).unwrap_err().contains("gzip"));
        assert!(decode("deflate", &[b"\x07junk"]).unwrap_err().contains("deflate"));
        let mut sum = zlib(RAW, TEXT);
        *sum.last_mut().unwrap() ^= 1;
        assert!(decode("deflate", &[&sum]).unwrap_err().contains("deflate"));
        // A preset dictionary.
        let message = decode("deflate", &[&[0x78, 0xbb, 1, 2, 3, 4, 5, 6]]).unwrap_err();
        assert!(message.contains("deflate"), "{message}");
    }

    #[test]
    fn quotes_a_coding_that_it_cannot_decode() {
        for field in ["br", "zstd", "compress", "gzip, gzip", "deflate, gzip", "gzip;q=1", "g zip"]
        {
            assert_eq!(decode(field, &[b""]).as_deref(), Ok(&b""[..]));
            let message = decode(field, &[b"x"]).unwrap_err();
            assert!(message.contains(&format!("encoded as \"{field}\"")), "{message}");
        }
    }

    #[test]
    fn identity_needs_no_decoder() {
        for field in ["", " ", "identity", "IDENTITY", " Identity ", "identity, identity", ","] {
            assert!(Decoder::of(field).is_none(), "{field}");
        }
        for field in ["identity, gzip", " GZIP ,", "gzip\t"] {
            assert_eq!(decode(field, &[&member(0, RAW, TEXT)]).as_deref(), Ok(TEXT), "{field}");
        }
    }

    /// Numbers without a pattern, always the same.
    fn random(state: &mut u64) -> usize {
        *state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) as usize
    }

    #[test]
    fn long_data_passes_the_window() {
        let mut state = 1;
        let noise: Vec<u8> = (0..5000).map(|_| random(&mut state) as u8).collect();
        let text = noise.repeat(30);
        let body = member(0, &stored(&text), &text);
        for size in [1, 7, 1000, 70_000, body.len()] {
            let pieces: Vec<&[u8]> = body.chunks(size).collect();
            assert!(decode("gzip", &pieces).unwrap() == text, "{size}");
        }
    }

    #[test]
    fn every_mutation_is_decoded_or_refused() {
        let bodies = [
            ("gzip", [member(31, RAW, TEXT), member(0, RAW, TEXT)].concat()),
            ("deflate", zlib(RAW, TEXT)),
            ("deflate", RAW.to_vec()),
        ];
        let mut state = 7;
        for (field, body) in bodies {
            for _ in 0..1_000 {
                let mut body = body.clone();
                for _ in 0..=random(&mut state) % 3 {
                    let at = random(&mut state) % body.len();
                    match random(&mut state) % 3 {
                        0 => body[at] = random(&mut state) as u8,
                        1 => body[at] ^= 1 << (random(&mut state) % 8),
                        _ => body.truncate(at.max(1)),
                    }
                }
                let whole = decode(field, &[&body]);
                let cut = random(&mut state) % body.len();
                let (head, tail) = body.split_at(cut);
                assert_eq!(decode(field, &[head, tail]), whole, "{body:?} cut at {cut}");
            }
        }
    }
}
