//! Mutates good inputs into bad ones. A seed decides the random numbers, and the
//! changes keep some of an input's structure.

/// Pseudo-random numbers, the same for the same seed (xorshift64*).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number from 0 to `end` - 1; 0 if `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.number() >> 16) as usize % end }
    }

    pub fn of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }
}

/// Words for the inputs of all targets.
const COMMON: &[&str] = &[
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\n",
    "\r\n",
    "\r",
    "\0",
    " ",
    "null",
    "true",
    "-0",
    "1e999",
    "-1",
    "4294967296",
    "9223372036854775808",
    "\u{feff}",
    "\u{e9}",
    "\u{1f600}",
    "\u{2028}",
    "\u{202e}",
    "\u{7f}",
    "\u{85}",
    "%00",
    "../",
    "=",
    "&",
    "#",
    "?",
    "'",
];

/// The maximum length of an input.
const LONGEST: usize = 100_000;

/// Mutates one of `seeds`; `words` are the target's.
pub fn mutate(random: &mut Random, seeds: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    let mut out = random.of(seeds).cloned().unwrap_or_default();
    for _ in 0..=random.below(6) {
        change(random, &mut out, seeds, words);
        out.truncate(LONGEST);
    }
    out
}

fn change(random: &mut Random, out: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[&str]) {
    let at = random.below(out.len() + 1);
    let part = part(random, out);
    match random.below(12) {
        0 => {
            if let Some(byte) = out.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        1 => out.insert(at, random.number() as u8),
        2 => drop(out.drain(part)),
        3 => out.truncate(at),
        4 => {
            let word = random.of(COMMON).copied().unwrap_or_default();
            out.splice(at..at, word.bytes());
        }
        5 | 6 => {
            let word = random.of(words).copied().unwrap_or_default();
            out.splice(part.start..part.start, word.bytes());
        }
        7 => {
            let word = random.of(words).copied().unwrap_or_default();
            out.splice(part, word.bytes());
        }
        // Copied to another place.
        8 => {
            let copy = out[part].to_vec();
            out.splice(at..at, copy);
        }
        // Repeated many times, which shows what is not linear.
        9 => {
            let copy = out[part.clone()].to_vec();
            let most = if random.below(50) == 0 { LONGEST } else { 2_000 };
            let room = most.saturating_sub(out.len()) / copy.len().max(1);
            let times = random.below(room + 1);
            out.splice(part.end..part.end, copy.repeat(times));
        }
        // A part of another input.
        10 => {
            if let Some(other) = random.of(seeds) {
                let other_part = self::part(random, other);
                out.splice(part, other[other_part].iter().copied());
            }
        }
        _ => {
            let number = random.number() >> random.below(64);
            out.splice(part, number.to_string().into_bytes());
        }
    }
}

/// A part of an input: any range, or the range between two delimiters.
fn part(random: &mut Random, bytes: &[u8]) -> std::ops::Range<usize> {
    let (one, other) = (random.below(bytes.len() + 1), random.below(bytes.len() + 1));
    if random.below(3) == 0 {
        let (start, end) = (one.min(other), one.max(other));
        return start..end;
    }
    let is_mark = |byte: &u8| b"\n\r,;:&=?/{}[]\" ".contains(byte);
    let start = bytes[..one].iter().rposition(is_mark).map_or(0, |mark| mark + 1);
    let end = bytes[one..].iter().position(is_mark).map_or(bytes.len(), |mark| one + mark + 1);
    start..end
}
