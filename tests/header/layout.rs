//! Puts the declarations of cbindgen in the order of the chapters.

use crate::chapters::{
    CALLBACK_ORDER, CHAPTERS, Chapter, DRAFT_PREAMBLE, DRAFT_TRAILER, File, RETURN_KNOWN_HANDLE,
};
use crate::parts::{Kind, Part, parts};

/// The line in cbindgen.toml after which the declarations begin.
const BEGIN: &str = "/* DECLARATIONS */\n";
/// The line in cbindgen.toml where they end.
const END: &str = "/* END OF DECLARATIONS */\n";
/// The line in the preamble that the list of chapters replaces.
const CONTENTS: &str = " * @CHAPTERS@\n";
const WIDTH: usize = 78;

/// Returns the text of a header.
pub fn header(sources: &str, file: File) -> String {
    let (before, rest) = sources.split_once(BEGIN).expect("the begin mark");
    let (between, after) = rest.split_once(END).expect("the end mark");
    let parts = parts(between);
    check_that_each_is_used(&parts);
    let mut out = match file {
        File::Stable => before.replace(CONTENTS, &contents()),
        File::Draft => DRAFT_PREAMBLE.to_owned(),
    };
    let chosen = |kind: Kind| {
        let is_here = move |part: &&Part| part.kind == kind && file_of(part) == file;
        parts.iter().filter(is_here)
    };
    out += &title("TYPES", &["The handles.  The comment of each is in its chapter.".to_owned()]);
    for part in chosen(Kind::Handle) {
        out += &format!("{}\n", part.text);
    }
    if file == File::Stable {
        out += &title(
            "CALLBACKS",
            crate::chapters::CALLBACKS.lines().map(str::to_owned).collect::<Vec<_>>().as_slice(),
        );
    }
    let mut callbacks: Vec<&Part> = chosen(Kind::Callback).collect();
    callbacks.sort_by_key(|part| {
        let place = CALLBACK_ORDER.iter().position(|name| *name == part.name);
        place.unwrap_or_else(|| panic!("{} has no place in CALLBACK_ORDER", part.name))
    });
    for part in callbacks {
        out += &format!("\n{}{}\n", comment(&part.comment), part.text);
    }
    for chapter in CHAPTERS.iter().filter(|chapter| chapter.file == file) {
        let text: Vec<String> = chapter.text.lines().map(str::to_owned).collect();
        out += &title(chapter.title, &text);
        for part in in_chapter(chapter, &parts) {
            out += &match part.kind {
                Kind::Handle => {
                    let mut lines = part.comment.clone();
                    lines.extend(functions_of(&part.name, file, &parts));
                    format!("\n{}struct {};\n", comment(&lines), part.name)
                }
                Kind::Callback => String::new(),
                // Constants without a comment belong to the one before.
                Kind::Constant if part.comment.is_empty() => format!("{}\n", part.text),
                _ => format!("\n{}{}\n", comment(&part.comment), part.text),
            };
        }
    }
    out + match file {
        File::Stable => after,
        File::Draft => DRAFT_TRAILER,
    }
}

/// The list of chapters, for the preamble.
fn contents() -> String {
    let titles: Vec<&str> =
        CHAPTERS.iter().filter(|one| one.file == File::Stable).map(|one| one.title).collect();
    let text = format!(
        "CHAPTERS.  To go to one, search for its name in capital letters.  {}.",
        titles.join("; ")
    );
    wrapped(&text, "").iter().map(|line| format!(" * {line}\n")).collect()
}

fn title(title: &str, text: &[String]) -> String {
    let rule = "=".repeat(WIDTH - 3);
    let mut out = format!("\n/*\n * {rule}\n * {title}\n * {rule}\n");
    for line in text {
        out += format!(" * {line}").trim_end();
        out.push('\n');
    }
    out + " */\n"
}

fn comment(lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let body: String =
        lines.iter().map(|line| format!("{}\n", format!(" * {line}").trim_end())).collect();
    format!("/**\n{body} */\n")
}

/// Which functions of this header make, use and release a handle, in the order
/// of the header.
fn functions_of(handle: &str, file: File, parts: &[Part]) -> Vec<String> {
    let functions = || {
        let chapters = CHAPTERS.iter().filter(move |chapter| chapter.file == file);
        let all = chapters.flat_map(|chapter| in_chapter(chapter, parts));
        all.filter(|part| part.kind == Kind::Function)
    };
    let release = format!("{handle}_free");
    let named = |found: Vec<&Part>| {
        found.iter().map(|part| format!("{}()", part.name)).collect::<Vec<_>>().join(", ")
    };
    let made = named(functions().filter(|part| makes(part, handle)).collect());
    let used = named(
        functions()
            .filter(|part| part.first_handle() == Some(handle) && part.name != release)
            .collect(),
    );
    let mut lines = Vec::new();
    for (what, names) in [("Made by", made), ("Functions", used)] {
        if !names.is_empty() {
            lines.push(String::new());
            lines.extend(wrapped(&format!("{what}: {names}."), "  "));
        }
    }
    if functions().any(|part| part.name == release) {
        lines.extend([String::new(), format!("Released by: {release}().")]);
    }
    lines
}

/// Whether the caller owns what a function returns or stores.
fn makes(part: &Part, handle: &str) -> bool {
    let returns = part.made_handle() == Some(handle) && !RETURN_KNOWN_HANDLE.contains(&&*part.name);
    returns || part.text.contains(&format!("{handle} **out"))
}

fn wrapped(text: &str, indent: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().unwrap();
        if line.len() + word.len() + 4 > WIDTH {
            lines.push(format!("{indent}{word}"));
        } else if line.is_empty() {
            line.push_str(word);
        } else {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines
}

fn in_chapter<'a>(chapter: &Chapter, parts: &'a [Part]) -> Vec<&'a Part> {
    let mut found = Vec::new();
    for pattern in chapter.items {
        found.extend(parts.iter().filter(|part| part.place == Some((chapter.title, *pattern))));
    }
    found
}

/// The callbacks are in one place of the stable header.
fn file_of(part: &Part) -> File {
    if part.kind == Kind::Callback { File::Stable } else { chapter_of(part).file }
}

fn chapter_of(part: &Part) -> &'static Chapter {
    let (title, _) = part.place.unwrap_or_else(|| {
        panic!("{} is in no chapter: add it to tests/header/chapters.rs", part.name)
    });
    CHAPTERS.iter().find(|chapter| chapter.title == title).unwrap()
}

fn check_that_each_is_used(parts: &[Part]) {
    for (title, pattern) in CHAPTERS
        .iter()
        .flat_map(|chapter| chapter.items.iter().map(|pattern| (chapter.title, *pattern)))
    {
        let is_used = parts.iter().any(|part| part.place == Some((title, pattern)));
        assert!(is_used, "{pattern} of the chapter {title} is not declared");
    }
    for part in parts {
        file_of(part);
    }
}
