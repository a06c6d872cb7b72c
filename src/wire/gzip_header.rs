//! The header of a gzip member (RFC 1952, 2.3), in any pieces.

use crate::wire::crc32::Checksum;

/// The bits of the flags in the header of a gzip member.
pub(crate) const HEADER_CRC: u8 = 2;
pub(crate) const EXTRA: u8 = 4;
pub(crate) const NAME: u8 = 8;
pub(crate) const COMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

/// The first bytes of a part with a fixed length.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Held {
    bytes: [u8; 10],
    count: usize,
}

impl Held {
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Takes bytes until it has `N` of them. `N` is at most 10.
    pub(crate) fn take<const N: usize>(&mut self, bytes: &mut &[u8]) -> Option<[u8; N]> {
        while self.count < N {
            let (first, rest) = bytes.split_first()?;
            *self.bytes.get_mut(self.count)? = *first;
            self.count += 1;
            *bytes = rest;
        }
        self.bytes.first_chunk().copied()
    }
}

/// Reads the header of a gzip member (RFC 1952, 2.3).
#[derive(Debug, Default)]
pub(crate) struct MemberHead {
    part: HeadPart,
    held: Held,
    flags: u8,
    checksum: Checksum,
    /// A member was before it, so bytes that are no header are ignored.
    is_later: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum HeadPart {
    #[default]
    Fixed,
    ExtraLength,
    /// This many bytes are still to come.
    Extra(u16),
    Name,
    Comment,
    Checksum,
}

pub(crate) enum HeadProgress {
    More,
    Ended,
    /// These bytes do not begin a header.
    NoHeader,
    Damaged,
}

impl MemberHead {
    /// The header of a member after another one.
    pub(crate) fn later() -> Self {
        Self { is_later: true, ..Self::default() }
    }

    pub(crate) fn take(&mut self, bytes: &mut &[u8]) -> HeadProgress {
        while let Some((byte, rest)) = bytes.split_first() {
            let byte = *byte;
            if matches!(self.part, HeadPart::Checksum) {
                let Some(found) = self.held.take::<2>(bytes) else { return HeadProgress::More };
                let [low, high, ..] = self.checksum.value().to_le_bytes();
                let is_right = found == [low, high];
                return if is_right { HeadProgress::Ended } else { HeadProgress::Damaged };
            }
            *bytes = rest;
            self.checksum.add(&[byte]);
            let mut one: &[u8] = &[byte];
            match self.part {
                HeadPart::Fixed => {
                    let is_right = match self.held.count {
                        0 => byte == 0x1f,
                        1 => byte == 0x8b,
                        _ => true,
                    };
                    if !is_right {
                        return HeadProgress::NoHeader;
                    }
                    if let Some([_, _, method, flags, ..]) = self.held.take::<10>(&mut one) {
                        if method != 8 || flags & RESERVED != 0 {
                            return HeadProgress::Damaged;
                        }
                        self.flags = flags;
                        self.part = self.after(EXTRA);
                    }
                }
                HeadPart::ExtraLength => {
                    if let Some(length) = self.held.take(&mut one) {
                        self.part = match u16::from_le_bytes(length) {
                            0 => self.after(NAME),
                            length => HeadPart::Extra(length),
                        };
                    }
                }
                HeadPart::Extra(1) => self.part = self.after(NAME),
                HeadPart::Extra(left) => self.part = HeadPart::Extra(left.saturating_sub(1)),
                HeadPart::Name if byte == 0 => self.part = self.after(COMMENT),
                HeadPart::Comment if byte == 0 => self.part = self.after(HEADER_CRC),
                HeadPart::Name | HeadPart::Comment | HeadPart::Checksum => {}
            }
            // `after` returns the first part again if none is left.
            if matches!(self.part, HeadPart::Fixed) && self.held.count == 10 {
                return HeadProgress::Ended;
            }
        }
        HeadProgress::More
    }

    /// The next part that the flags announce, beginning with `flag`.
    fn after(&mut self, flag: u8) -> HeadPart {
        let parts = [
            (EXTRA, HeadPart::ExtraLength),
            (NAME, HeadPart::Name),
            (COMMENT, HeadPart::Comment),
            (HEADER_CRC, HeadPart::Checksum),
        ];
        let left = parts.into_iter().skip_while(|(one, _)| *one != flag);
        match left.into_iter().find(|(one, _)| self.flags & one != 0) {
            Some((_, part)) => {
                self.held = Held::default();
                part
            }
            None => {
                self.held.count = 10;
                HeadPart::Fixed
            }
        }
    }

    pub(crate) fn is_later(&self) -> bool {
        self.is_later
    }

    /// Whether the encoded bytes may end here: they have ended before.
    pub(crate) fn may_be_none(&self) -> bool {
        let count = if matches!(self.part, HeadPart::Fixed) { self.held.count } else { 10 };
        count == 0 || self.is_later && count == 1
    }
}
