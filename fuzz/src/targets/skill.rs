//! The front matter of skills, compared with their entry.

use super::parts;
use crate::cost::bounded;
use crate::protocol::skill::File;

pub(super) const WORDS: &[&str] = &[
    "---\n",
    "name: a\n",
    "description: >\n  b\n",
    "- c\n",
    "? d\n",
    "&a ",
    "*a",
    "[*a,*a]",
    "{\"name\":\"a\"}",
    "!!binary ",
    "<<: *a\n",
    "|2\n",
    "\"\\x41\"",
    "'",
    "...\n",
    "%YAML 1.2\n",
    "~",
    "1_000",
    ".inf",
    "0x1F",
    "2001-12-14",
    "\t",
    "  ",
];

pub(super) fn run(data: &[u8]) {
    let Some(all) = parts(data) else { return };
    let [due, text @ ..] = &*all else { return };
    let text = text.join("\n\n");
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let digest = format!("sha256:{hex}");
    let file = File {
        uri: "skill://a/SKILL.md",
        size: Some(text.len() as i64),
        digest: Some(&digest),
        frontmatter: Some(due),
    };
    let verified = bounded(data.len(), || file.verify(text.as_bytes()));
    if verified.is_ok() {
        assert!(text.contains("---") && due.trim_start().starts_with('{'));
    }
    if let Err(error) = verified {
        assert!(!error.message().chars().any(char::is_control), "{}", error.message());
    }
}
