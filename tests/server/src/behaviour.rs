//! What a process over stdio does that no server should, by name.

/// The names and what they do, for `--help`.
pub const BEHAVIOURS: &str = "  crash-first          exits with 3 at the first request
  crash-after N        exits with 3 after N answers
  crash-midline        exits with 3 in the middle of an answer
  partial-then-nothing writes half an answer and is silent from then on
  abort                ends by SIGABRT in place of an answer
  kill                 ends by SIGKILL in place of an answer
  close-stdout         closes its output in place of an answer, and goes on
  refuses-input        closes its input, and goes on
  ignore-sigterm       does not end at SIGTERM nor when its input ends
  ignore-eof           does not end when its input ends, only at SIGTERM
  grandchild           starts a child that holds its output and errors open
  stderr-flood BYTES   writes so many to stderr before each answer
  junk                 lines around each message that are none; CRLF
  silent               never answers
  silent-discover      does not answer server/discover
  dies-on-discover     exits with 3 at any request before initialize
  locks-modern         answers server/discover when the next message comes,
                       and refuses initialize from then on
  slow-start MS        is idle before it reads
  write-only-after-read  writes 1 MB of notifications before each read
  slow-reader          reads a byte in a millisecond";

/// What comes before each message with `junk`.
pub const JUNK: [&[u8]; 12] = [
    b"Starting test server 1.2.3 ...\n",
    b"\n",
    b"\r\n",
    b"\xef\xbb\xbf\n",
    b"not \xff\xfe UTF-8\n",
    b"{\"jsonrpc\":\"2.0\",\"id\":\n",
    b"[1, 2\n",
    b"\"text\"\n",
    b"42\n",
    b"null\n",
    b"{}\n",
    b"{\"jsonrpc\":\"2.0\",\"id\":99999,\"result\":{}} and more\n",
];

/// How many of them are not empty.
pub const JUNK_LINES: usize = JUNK.len() - 2;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    #[default]
    None,
    CrashFirst,
    CrashAfter(u64),
    CrashMidline,
    PartialThenNothing,
    Abort,
    Kill,
    CloseStdout,
    RefusesInput,
    IgnoreSigterm,
    IgnoreEof,
    Grandchild,
    StderrFlood(u64),
    Junk,
    Silent,
    SilentDiscover,
    DiesOnDiscover,
    LocksModern,
    SlowStart(u64),
    WriteFirst,
    SlowReader,
}

impl Behaviour {
    /// By its name; `number` gives the one that follows some of the names.
    pub fn parse(name: &str, number: impl FnOnce() -> Result<u64, String>) -> Result<Self, String> {
        Ok(match name {
            "crash-first" => Self::CrashFirst,
            "crash-after" => Self::CrashAfter(number()?),
            "crash-midline" => Self::CrashMidline,
            "partial-then-nothing" => Self::PartialThenNothing,
            "abort" => Self::Abort,
            "kill" => Self::Kill,
            "close-stdout" => Self::CloseStdout,
            "refuses-input" => Self::RefusesInput,
            "ignore-sigterm" => Self::IgnoreSigterm,
            "ignore-eof" => Self::IgnoreEof,
            "grandchild" => Self::Grandchild,
            "stderr-flood" => Self::StderrFlood(number()?),
            "junk" => Self::Junk,
            "silent" => Self::Silent,
            "silent-discover" => Self::SilentDiscover,
            "dies-on-discover" => Self::DiesOnDiscover,
            "locks-modern" => Self::LocksModern,
            "slow-start" => Self::SlowStart(number()?),
            "write-only-after-read" => Self::WriteFirst,
            "slow-reader" => Self::SlowReader,
            _ => return Err(format!("there is no behaviour {name}; see --help")),
        })
    }

    /// Whether the process stays when its input has ended.
    pub(crate) fn stays(self) -> bool {
        matches!(self, Self::IgnoreSigterm | Self::IgnoreEof | Self::RefusesInput)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_behaviour_of_the_help_is_one() {
        let names = BEHAVIOURS.lines().filter(|line| !line.starts_with("   "));
        let mut all = Vec::new();
        for name in names.map(|line| line.split_whitespace().next().unwrap()) {
            let one = Behaviour::parse(name, || Ok(1)).unwrap();
            assert!(one != Behaviour::None && !all.contains(&one), "{name}");
            all.push(one);
        }
        assert_eq!(all.len(), 20);
        assert!(Behaviour::parse("no-such", || Ok(1)).is_err());
        assert!(Behaviour::parse("slow-start", || Err("no number".into())).is_err());
    }
}
