//! Text of a server on one line: without control characters, which a terminal
//! would obey, and without characters that no reader sees.

/// Writes a text on one line. A blank replaces each run of hidden characters.
pub(crate) fn on_one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.trim().chars() {
        push(&mut out, character);
    }
    out
}

/// Appends a character to such a line.
pub(crate) fn push(out: &mut String, character: char) {
    if !is_hidden(character) {
        out.push(character);
    } else if !out.ends_with(' ') {
        out.push(' ');
    }
}

/// Whether a character is not visible at its place: it controls a terminal,
/// ends a line, changes the direction of the text, or has no width.
///
/// These are the categories Cc, Cf, Zl and Zp of Unicode 16, and the
/// characters with the property `Default_Ignorable_Code_Point`.
pub(crate) fn is_hidden(character: char) -> bool {
    character.is_control()
        || !character.is_ascii()
            && matches!(character,
                '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
                | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
                | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_hidden_characters() {
        for hidden in [
            '\0',
            '\t',
            '\n',
            '\r',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{ad}',
            '\u{61c}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{feff}',
            '\u{fe0f}',
            '\u{fff9}',
            '\u{e0001}',
            '\u{e007f}',
            '\u{e0100}',
        ] {
            let text = format!("a{hidden}{hidden}b");
            assert_eq!(on_one_line(&text), "a b", "U+{:04X}", u32::from(hidden));
        }
        let text = "é 世界 😀 ~ « » \u{a0} ― ‰";
        assert_eq!(on_one_line(text), text);
    }
}
