//! Pure parsers and writers: they take bytes, return values, and do no I/O.
//!
//! Each stream parser is tested with its input cut at every byte.

pub(crate) mod challenge;
pub(crate) mod clock_skew;
pub(crate) mod content_coding;
pub(crate) mod crc32;
pub(crate) mod env_file;
pub(crate) mod event_stream;
pub(crate) mod front_matter;
pub(crate) mod gzip_header;
pub(crate) mod http1;
pub(crate) mod http1_body;
#[cfg(feature = "schema")]
pub(crate) mod json_canonical;
#[cfg_attr(not(feature = "schema"), allow(dead_code, reason = "schemas use more of it"))]
pub(crate) mod json_decimal;
pub(crate) mod json_members;
pub(crate) mod json_number;
pub(crate) mod json_scan;
pub(crate) mod json_string;
pub(crate) mod json_text;
pub(crate) mod json_writer;
pub(crate) mod jsonc;
pub(crate) mod jsonrpc;
pub(crate) mod line;
pub(crate) mod object;
pub(crate) mod outline;
pub(crate) mod partial_id;
pub(crate) mod repeated_text;
pub(crate) mod retry_after;
pub(crate) mod set_cookie;
pub(crate) mod short_text;
pub(crate) mod tape;
pub(crate) mod tree;
pub(crate) mod unframed_body;
pub(crate) mod uri_template;
pub(crate) mod url;
pub(crate) mod variable_reference;

#[cfg(test)]
pub(crate) mod testing {
    /// Feeds a stream to `read` whole, cut in two at every byte, and byte by
    /// byte. Checks that the result is always the same, and returns it.
    pub(crate) fn wherever_cut<T>(stream: &[u8], read: impl Fn(&[&[u8]]) -> T) -> T
    where
        T: PartialEq + std::fmt::Debug,
    {
        let whole = read(&[stream]);
        for cut in 0..=stream.len() {
            let (head, tail) = stream.split_at(cut);
            assert_eq!(read(&[head, tail]), whole, "cut at byte {cut}");
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(read(&bytes), whole, "one byte at a time");
        whole
    }
}
