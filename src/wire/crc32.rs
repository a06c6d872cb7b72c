//! The checksum of gzip.

/// The CRC-32 of gzip (RFC 1952, 8).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checksum(u32);

impl Default for Checksum {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Checksum {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let [low, ..] = self.0.to_le_bytes();
            let entry = CRC.get(usize::from(low ^ byte)).copied().unwrap_or_default();
            self.0 = entry ^ self.0 >> 8;
        }
    }

    pub(crate) fn value(self) -> u32 {
        !self.0
    }
}

static CRC: [u32; 256] = crc_table();

#[allow(clippy::indexing_slicing, reason = "evaluated when it is compiled")]
const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < table.len() {
        let mut value = at as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { 0xedb8_8320 ^ value >> 1 } else { value >> 1 };
            bit += 1;
        }
        table[at] = value;
        at += 1;
    }
    table
}
