//! Content codings: gzip, zlib and raw DEFLATE, wherever the body is cut.

use super::wherever_cut;
use crate::wire::content_coding::Decoder;

pub(super) const WORDS: &[&str] = &[
    "\u{1f}",
    "\u{8}\u{0}",
    "x\u{1}",
    "\u{3}\u{0}",
    "\u{0}\u{5}\u{0}",
    "\u{1}\u{0}\u{0}",
    "\u{0}\u{0}\u{0}\u{0}",
    "gzip",
    "deflate",
    "gzip, deflate",
    "br",
];

/// The bytes of an output, its checksum, and how the body ended. The output may
/// be a thousand times as large as the input, so it is not kept.
type Read = (usize, u64, Option<String>);

pub(super) fn run(data: &[u8]) {
    // The first byte chooses the coding.
    let (first, body) = data.split_first().unwrap_or((&0, data));
    let fields = ["gzip", "deflate", "identity, x-gzip", "br"];
    let field = fields[usize::from(*first) % fields.len()];
    let (count, _, _) = wherever_cut(body, |pieces| read(field, pieces));
    assert!(count <= body.len() * 1100, "{} bytes became {count}", body.len());
    if let Ok(field) = std::str::from_utf8(data) {
        let _ = Decoder::of(field);
    }
}

fn read(field: &str, pieces: &[&[u8]]) -> Read {
    let mut decoder = Decoder::of(field).unwrap();
    let (mut count, mut sum) = (0, 0u64);
    for piece in pieces {
        let mut rest = *piece;
        loop {
            match decoder.next(&mut rest) {
                Ok([]) => {
                    assert!(rest.is_empty(), "bytes are left and none is wanted");
                    break;
                }
                Ok(data) => {
                    assert!(data.len() <= 32 * 1024);
                    count += data.len();
                    sum = data
                        .iter()
                        .fold(sum, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
                }
                // The cut decides how much is decoded before the damage is seen.
                Err(error) => return (0, 0, Some(error.message().to_owned())),
            }
        }
    }
    let end = decoder.finish().err().map(|error| error.message().to_owned());
    (count, sum, end)
}
