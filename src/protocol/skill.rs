//! Skills (SEP-2640): the check of a file against its entry in the list.

use serde_json::Value;

use crate::base::error::{Error, Result, Status, quote};
use crate::wire::front_matter;
use crate::wire::jsonrpc::json_reason;

/// The entry of one file.
#[derive(Debug)]
pub(crate) struct File<'a> {
    pub(crate) uri: &'a str,
    pub(crate) size: Option<i64>,
    pub(crate) digest: Option<&'a str>,
    /// The front matter of the main file, as a JSON object.
    pub(crate) frontmatter: Option<&'a str>,
}

/// The most bytes of front matter that are read.
const FRONT: usize = 64 * 1024;

impl File<'_> {
    /// Refuses bytes that differ from the entry.
    pub(crate) fn verify(&self, bytes: &[u8]) -> Result<()> {
        let wrong = |what: String| {
            Err(Error::new(
                Status::Integrity,
                format!("{} differs from its entry in the skill: {what}", quote(self.uri)),
            ))
        };
        match self.size {
            Some(size) if size == bytes.len() as i64 => {}
            Some(size) => {
                return wrong(format!("it has {} bytes, and the entry says {size}", bytes.len()));
            }
            None => return wrong("the entry gives no size".to_owned()),
        }
        let Some(digest) = self.digest else {
            return wrong("the entry gives no digest".to_owned());
        };
        let Some(due) = digest.strip_prefix("sha256:") else {
            return wrong(format!("the digest \"{}\" is not of SHA-256", quote(digest)));
        };
        let found: String = ring::digest::digest(&ring::digest::SHA256, bytes)
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        if !found.eq_ignore_ascii_case(due) {
            return wrong("its SHA-256 digest is another".to_owned());
        }
        let Some(due) = self.frontmatter else { return Ok(()) };
        match differing(due, bytes) {
            Ok(None) => Ok(()),
            Ok(Some(field)) => wrong(format!("its front matter has another \"{}\"", quote(&field))),
            Err(why) => wrong(format!("its front matter cannot be read: {}", quote(&why))),
        }
    }
}

/// The first field in which the front matter of the file differs from that of
/// the entry.
fn differing(due: &str, bytes: &[u8]) -> std::result::Result<Option<String>, String> {
    let due: Value = serde_json::from_str(due).map_err(|error| json_reason(&error))?;
    let Some(due) = due.as_object() else { return Err("the entry's is no object".to_owned()) };
    let text = front(bytes).ok_or("there is none between two lines of ---")?;
    let found = front_matter::parse(text, 2)?;
    let Some(found) = found.as_object() else { return Err("it is no mapping".to_owned()) };
    let mut names = due.keys().chain(found.keys());
    let is_same = |name: &String| match (due.get(name), found.get(name)) {
        (Some(due), Some(found)) => is_same(due, found),
        _ => false,
    };
    Ok(names.find(|name| !is_same(name)).cloned())
}

/// Whether two values are equal. Some JSON writers write 1.0 as 1.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64() && (one.is_f64() || other.is_f64())
        }
        (Value::Array(ones), Value::Array(others)) => {
            ones.len() == others.len()
                && ones.iter().zip(others).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(ones), Value::Object(others)) => {
            let same = |(name, one)| others.get(name).is_some_and(|other| is_same(one, other));
            ones.len() == others.len() && ones.iter().all(same)
        }
        _ => one == other,
    }
}

/// The text between the first line, which has to be `---`, and the next such
/// line.
fn front(bytes: &[u8]) -> Option<&str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // The limit may cut a character, which is then left out.
    let head = bytes.get(..bytes.len().min(FRONT))?;
    let head = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?,
    };
    let rest = head.strip_prefix("---\n").or_else(|| head.strip_prefix("---\r\n"))?;
    let mut length = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            return rest.get(..length);
        }
        length += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "---\nname: pdf\ndescription: \"reads: PDFs\"\ntags: [a, 1]\n---\n# PDF\n";
    const FRONTMATTER: &str = r#"{"name":"pdf","description":"reads: PDFs","tags":["a",1]}"#;

    fn digest(text: &str) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256:{hex}")
    }

    fn verify(text: &str, size: Option<i64>, digest: Option<&str>, front: Option<&str>) -> String {
        let file = File { uri: "skill://pdf/SKILL.md", size, digest, frontmatter: front };
        match file.verify(text.as_bytes()) {
            Ok(()) => String::new(),
            Err(error) => {
                assert_eq!(error.status(), Status::Integrity);
                error.message().to_owned()
            }
        }
    }

    #[test]
    fn accepts_a_file_that_matches_its_entry() {
        let size = Some(TEXT.len() as i64);
        assert_eq!(verify(TEXT, size, Some(&digest(TEXT)), Some(FRONTMATTER)), "");
        assert_eq!(
            verify(TEXT, size, Some(&digest(TEXT).to_uppercase().replace("SHA", "sha")), None),
            ""
        );
        let windows = TEXT.replace('\n', "\r\n");
        let size = Some(windows.len() as i64);
        assert_eq!(verify(&windows, size, Some(&digest(&windows)), Some(FRONTMATTER)), "");
    }

    #[test]
    fn refuses_another_size_digest_or_front_matter() {
        let (size, due) = (Some(TEXT.len() as i64), digest(TEXT));
        assert!(verify(TEXT, Some(1), Some(&due), None).contains("bytes"));
        assert!(verify(TEXT, None, Some(&due), None).contains("no size"));
        assert!(verify(TEXT, size, None, None).contains("no digest"));
        assert!(verify(TEXT, size, Some("md5:00"), None).contains("md5"));
        assert!(verify(&TEXT.replace("PDF\n", "PDX\n"), size, Some(&due), None).contains("digest"));
        for (front, field) in [
            (r#"{"name":"pdf"}"#, "description"),
            (r#"{"name":"x","description":"reads: PDFs","tags":["a",1]}"#, "name"),
            (r#"{"name":"pdf","description":"reads: PDFs","tags":["a","1"]}"#, "tags"),
            (r#"{"name":"pdf","description":"reads: PDFs","tags":["a",1],"x":1}"#, "\"x\""),
            ("[]", "cannot be read"),
        ] {
            let said = verify(TEXT, size, Some(&due), Some(front));
            assert!(said.contains(field), "{front}: {said}");
        }
    }

    #[test]
    fn reads_no_front_matter_where_there_is_none() {
        for text in [
            "",
            "# A\n",
            "---\nname: a\n",
            " ---\nname: a\n---\n",
            "---\n- a\n---\n",
            "---\na\tb: !x y\n---\n",
            "---\n\t:\n---\n",
        ] {
            let said = verify(text, Some(text.len() as i64), Some(&digest(text)), Some("{}"));
            assert!(said.contains("cannot be read"), "{text:?}: {said}");
            assert!(!said.chars().any(char::is_control), "{said:?}");
        }
    }

    #[test]
    fn refuses_front_matter_that_expands() {
        let mut bomb = "---\na0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for at in 1..9 {
            let aliases = vec![format!("*a{}", at - 1); 9].join(", ");
            bomb.push_str(&format!("a{at}: &a{at} [{aliases}]\n"));
        }
        bomb.push_str("---\n");
        let said = verify(&bomb, Some(bomb.len() as i64), Some(&digest(&bomb)), Some("{}"));
        assert!(said.contains("cannot be read: line 2: anchors"), "{said}");
    }

    #[test]
    fn takes_a_number_however_it_is_written() {
        let text = "---\nversion: 1.0\nnested: {a: [2.5, 3]}\n---\n";
        let entry =
            |front: &str| verify(text, Some(text.len() as i64), Some(&digest(text)), Some(front));
        assert_eq!(entry(r#"{"version":1,"nested":{"a":[2.5,3.0]}}"#), "");
        assert_eq!(entry(r#"{"version":1.0,"nested":{"a":[2.5,3]}}"#), "");
        assert!(entry(r#"{"version":"1.0","nested":{"a":[2.5,3]}}"#).contains("version"));
        assert!(entry(r#"{"version":1,"nested":{"a":[2.5,3,4]}}"#).contains("nested"));
        assert!(entry(r#"{"version":1,"nested":{"a":[2.5,3],"b":1}}"#).contains("nested"));
    }
}
