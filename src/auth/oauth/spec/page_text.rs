//! The text of a page that a server sent in place of JSON, for messages.

/// The most bytes of a page that are read, and of its text.
const READ: usize = 16 * 1024;
const TEXT: usize = 1024;

/// The elements whose content no person sees.
const HIDDEN: [&str; 4] = ["script", "style", "svg", "noscript"];

/// The words of a page without its tags, or of a plain text. `None` for a body
/// without words.
pub(super) fn page_text(body: &[u8]) -> Option<String> {
    let body = String::from_utf8_lossy(body.get(..READ).unwrap_or(body));
    let mut text = String::with_capacity(TEXT);
    let mut rest: &str = &body;
    while text.len() < TEXT && !rest.is_empty() {
        let (words, markup) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
        for word in words.split_whitespace() {
            if text.len() >= TEXT {
                break;
            }
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
        rest = after_tag(markup);
    }
    (!text.is_empty()).then_some(text)
}

/// What follows a tag, and the content of an element that no person sees.
fn after_tag(markup: &str) -> &str {
    if let Some(comment) = markup.strip_prefix("<!--") {
        return comment.split_once("-->").map_or("", |(_, rest)| rest);
    }
    let Some((tag, rest)) = markup.split_once('>') else { return "" };
    let name = tag.trim_start_matches('<').split([' ', '\t', '\r', '\n', '/']).next();
    let name = name.unwrap_or_default().to_ascii_lowercase();
    if tag.ends_with('/') || !HIDDEN.contains(&name.as_str()) {
        return rest;
    }
    // ASCII letters only change their case, so positions stay the same.
    let lower = rest.to_ascii_lowercase();
    let end = lower.find(&format!("</{name}")).and_then(|at| rest.get(at..));
    end.and_then(|end| end.split_once('>')).map_or("", |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_words_of_a_page() {
        for (body, text) in [
            ("Forbidden\r\n by  rule", Some("Forbidden by rule")),
            ("<p>a<br/>b</p> c", Some("a b c")),
            ("<!DOCTYPE html><html><head><title>T</title></head><body>B</body>", Some("T B")),
            ("<style>p { x: y }</style><SCRIPT type=\"a\">if (a<b) c()</Script >z", Some("z")),
            ("<!-- a > b -->x<script/>y", Some("x y")),
            ("a <b", Some("a")),
            ("<script>never ends", None),
            ("<!-- never ends", None),
            ("  \n", None),
            ("<p></p>", None),
            ("", None),
            ("é<p>ü", Some("é ü")),
        ] {
            assert_eq!(page_text(body.as_bytes()).as_deref(), text, "{body}");
        }
    }

    #[test]
    fn reads_no_more_than_the_beginning() {
        let long = "<p>word ".repeat(100_000);
        let text = page_text(long.as_bytes()).unwrap();
        assert!(text.len() <= TEXT + 4, "{}", text.len());
        let one = "x".repeat(1_000_000);
        assert_eq!(page_text(one.as_bytes()).unwrap().len(), READ);
        assert!(page_text(&[b'<'; 100_000]).is_none());
        assert!(page_text("<script>".repeat(100_000).as_bytes()).is_none());
    }
}
