//! The body of a response with its content coding removed.

use crate::base::error::Result;
use crate::platform;
use crate::transport::connection::Connection;
use crate::transport::wait::Wait;
use crate::wire::content_coding::Decoder;
use crate::wire::http1_body::Body;

/// Decodes a body piece by piece. A small part of a body can decode to a
/// thousand times its size, so each piece has at most 32 KiB.
#[derive(Debug)]
pub(crate) struct Decoding {
    decoder: Decoder,
    /// The encoded bytes that have arrived. Those before `start` are decoded.
    input: Vec<u8>,
    start: usize,
}

impl Drop for Decoding {
    /// A response may hold a token.
    fn drop(&mut self) {
        platform::wipe(&mut self.input);
    }
}

impl Decoding {
    pub(crate) fn new(decoder: Decoder) -> Self {
        Self { decoder, input: Vec::new(), start: 0 }
    }

    /// Calls `take` with the next decoded piece of a body; false at its end.
    pub(crate) async fn next_piece(
        &mut self,
        connection: &mut Connection,
        body: &mut Body,
        wait: &Wait,
        take: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<bool> {
        loop {
            // The wait is not checked between pieces of the same input: the next
            // reader may wait for the socket, which knows nothing of them.
            let mut rest = self.input.get(self.start..).unwrap_or_default();
            let before = rest.len();
            let data =
                self.decoder.next(&mut rest).map_err(|error| error.with_may_have_run(true))?;
            let taken = before - rest.len();
            self.start += taken;
            if !data.is_empty() {
                take(data)?;
                self.decoder.count(taken, true)?;
                return Ok(true);
            }
            self.decoder.count(taken, false).map_err(|error| error.with_may_have_run(true))?;
            self.input.clear();
            self.start = 0;
            let input = &mut self.input;
            let mut keep = |data: &[u8]| {
                input.extend_from_slice(data);
                Ok(())
            };
            if !connection.next_piece(body, wait, &mut keep).await? {
                let ended = self.decoder.finish();
                return ended.map(|()| false).map_err(|error| error.with_may_have_run(true));
            }
        }
    }
}
