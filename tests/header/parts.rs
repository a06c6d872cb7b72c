//! The parts of what cbindgen writes: constants, types and functions, each with
//! its comment.

use crate::chapters::CHAPTERS;

/// A declaration with its comment.
#[derive(Clone, Debug)]
pub struct Part {
    /// The name that it declares.
    pub name: String,
    /// The text between the marks of the comment, without the stars; empty if
    /// there is none.
    pub comment: Vec<String>,
    /// The declaration as cbindgen wrote it.
    pub text: String,
    pub kind: Kind,
    /// The chapter, and the pattern in it that matches the name best.
    pub place: Option<(&'static str, &'static str)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Constant,
    Handle,
    Callback,
    Function,
}

/// Splits the text between the preamble and the trailer into its parts.
pub fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut comment = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line == "/**" {
            comment = lines
                .by_ref()
                .take_while(|line| *line != " */")
                .map(|line| line.strip_prefix(" *").unwrap())
                .map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned())
                .collect();
            continue;
        }
        if line.is_empty() {
            continue;
        }
        let mut declaration = line.to_owned();
        while !line.starts_with('#') && !declaration.ends_with(';') {
            declaration.push('\n');
            declaration.push_str(lines.next().expect("the declaration ends with a semicolon"));
        }
        parts.push(part(std::mem::take(&mut comment), declaration));
    }
    parts
}

fn part(comment: Vec<String>, text: String) -> Part {
    let word = |after: &str, end: &[char]| {
        let start = text.find(after).unwrap() + after.len();
        text[start..].split(end).next().unwrap().to_owned()
    };
    let (kind, name) = if text.starts_with("#define ") {
        (Kind::Constant, word("#define ", &[' ']))
    } else if text.starts_with("typedef struct ") {
        (Kind::Handle, word("typedef struct ", &[' ']))
    } else if text.starts_with("typedef ") {
        (Kind::Callback, word("(*", &[')']))
    } else {
        let before = text.split('(').next().unwrap();
        (Kind::Function, before.rsplit([' ', '*']).next().unwrap().to_owned())
    };
    let place = best_pattern(&name);
    Part { name, comment, text, kind, place }
}

impl Part {
    /// The type of the handle that a function takes first.
    pub fn first_handle(&self) -> Option<&str> {
        let arguments = self.text.split_once('(')?.1;
        handle_of(arguments.split([',', ')']).next()?)
    }

    /// The type of the handle that a function returns and the caller owns.
    pub fn made_handle(&self) -> Option<&str> {
        let before = self.text.split_once('(')?.0;
        if before.starts_with("const ") { None } else { handle_of(before) }
    }
}

/// The `T` of a `T *` or `const T *`.
fn handle_of(text: &str) -> Option<&str> {
    let (before, _) = text.split_once('*')?;
    let name = before.trim().trim_start_matches("const ");
    name.starts_with("mcp_").then_some(name)
}

/// The most precise of the patterns that match a name, and its chapter.
fn best_pattern(name: &str) -> Option<(&'static str, &'static str)> {
    CHAPTERS
        .iter()
        .flat_map(|chapter| chapter.items.iter().map(|pattern| (chapter.title, *pattern)))
        .filter(|(_, pattern)| matches(pattern, name))
        .max_by_key(|(_, pattern)| (!pattern.ends_with('*'), pattern.len()))
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    }
}
