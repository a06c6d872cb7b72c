//! The skills extension (SEP-2640): entries, and files that are what their
//! entry says, or not.

use serde_json::{Value, json};

pub const SKILL_URI: &str = "skill://pdf-processing/SKILL.md";
pub const FORMS_URI: &str = "skill://pdf-processing/references/FORMS.md";

const SKILL: &str = "---\nname: pdf-processing\ndescription: \"Extracts text: and tables\"\n---\n\n\
    # PDF\n\nRead references/FORMS.md for forms.\n";
const FORMS: &str = "# Forms\n\nFill each field, caf\u{e9} too.\n";
const SKILL_DIGEST: &str =
    "sha256:8972f050ffccff61391f13f476940fc601ae253547d61c6a02515c1e4f7d7e24";
const FORMS_DIGEST: &str =
    "sha256:c05ced731f135887bcd0263902a4764f229679d886401f80d2bc319ec7064a52";
/// Of SKILL.md with another description of the same length.
const OTHER_DIGEST: &str =
    "sha256:90bded9598c97afba21e9dbe24f50ca8cea27c4245f379bc157e3b6dbef63ed1";

/// What is wrong with SKILL.md.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tamper {
    #[default]
    None,
    /// As long as it should be, but of other bytes.
    Bytes,
    /// Longer than it should be.
    Longer,
    /// Size and digest are right, the front matter is not the entry's.
    FrontMatter,
    /// The digest is of an algorithm that nobody knows.
    Algorithm,
}

pub fn list(tamper: Tamper) -> Value {
    let digest = match tamper {
        Tamper::FrontMatter => OTHER_DIGEST,
        Tamper::Algorithm => "md17:00",
        _ => SKILL_DIGEST,
    };
    json!({"ttlMs": 0, "cacheScope": "private", "skills": [
        {"uri": SKILL_URI,
            "frontmatter": {"name": "pdf-processing", "description": "Extracts text: and tables"},
            "resources": [
                {"uri": SKILL_URI, "digest": digest, "size": SKILL.len()},
                {"uri": FORMS_URI, "digest": FORMS_DIGEST, "size": FORMS.len()}]},
    ]})
}

/// The contents of a file, None for one that is none of a skill.
pub fn read(uri: &str, tamper: Tamper) -> Option<Value> {
    let text = match (uri, tamper) {
        (SKILL_URI, Tamper::Bytes) => SKILL.replace("Read", "Raed"),
        (SKILL_URI, Tamper::Longer) => format!("{SKILL}And more.\n"),
        (SKILL_URI, Tamper::FrontMatter) => SKILL.replace("Extracts", "Destroys"),
        (SKILL_URI, _) => SKILL.to_owned(),
        (FORMS_URI, _) => FORMS.to_owned(),
        _ => return None,
    };
    Some(json!([{"uri": uri, "mimeType": "text/markdown", "text": text}]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skills_are_tampered_with_as_they_should_be() {
        let length = |tamper| read(SKILL_URI, tamper).unwrap()[0]["text"].as_str().unwrap().len();
        for tamper in [Tamper::None, Tamper::Bytes, Tamper::FrontMatter] {
            assert_eq!(length(tamper), 114, "{tamper:?}");
        }
        assert_eq!(length(Tamper::Longer), 124);
        assert_eq!(FORMS.len(), 37);
        assert_ne!(read(SKILL_URI, Tamper::Bytes), read(SKILL_URI, Tamper::None));
        assert_eq!(read("skill://other", Tamper::None), None);
    }
}
