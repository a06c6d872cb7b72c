//! Which scopes to ask for (RFC 6749, 3.3; MCP's rules for which).

const OFFLINE: &str = "offline_access";

/// The scopes of a text, each once, in their order. What is no scope token is
/// passed over.
pub(crate) fn split(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for one in text.split(' ').filter(|one| is_scope(one)) {
        add(&mut out, one);
    }
    out
}

pub(crate) fn join(scopes: &[String]) -> String {
    scopes.join(" ")
}

/// `1*( %x21 / %x23-5B / %x5D-7E )`
pub(crate) fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

fn add(scopes: &mut Vec<String>, one: &str) {
    if !scopes.iter().any(|known| known == one) {
        scopes.push(one.to_owned());
    }
}

/// Where the first scopes may come from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ScopeSources<'a> {
    /// What the application set.
    pub(crate) application: Option<&'a str>,
    /// What the challenge names.
    pub(crate) challenge: Option<&'a str>,
    /// What the metadata of the resource lists.
    pub(crate) resource: Option<&'a [String]>,
    /// What the metadata of the authorization server lists.
    pub(crate) server: Option<&'a [String]>,
    /// Whether a person signs in.
    pub(crate) is_browser: bool,
}

impl ScopeSources<'_> {
    /// The scopes to ask for first; none: leave the parameter out. The first
    /// source that names any counts, and alone.
    pub(crate) fn first(&self) -> Vec<String> {
        let listed = self.resource.map(join);
        // Nobody is offline who was never there.
        let of_server = |text| {
            let scopes = split(text);
            if self.is_browser { scopes } else { without_offline(&scopes) }
        };
        let application = self.application.map(split);
        let servers = [self.challenge, listed.as_deref()].into_iter().flatten().map(of_server);
        let found = application.into_iter().chain(servers).find(|scopes| !scopes.is_empty());
        let mut scopes = found.unwrap_or_default();
        // Alone, it would keep the server from giving its default scopes.
        if !scopes.is_empty() && self.is_browser && self.has_offline() {
            add(&mut scopes, OFFLINE);
        }
        scopes
    }

    /// Whether the person must be asked again: OpenID servers ignore
    /// `offline_access` otherwise (OpenID Connect Core, 11).
    pub(crate) fn needs_consent(&self, scopes: &[String]) -> bool {
        self.is_browser && self.has_offline() && scopes.iter().any(|one| one == OFFLINE)
    }

    fn has_offline(&self) -> bool {
        self.server.is_some_and(|listed| listed.iter().any(|one| one == OFFLINE))
    }
}

/// The scopes to ask for after `insufficient_scope`: those that were asked for
/// before, and those of the challenge. `None`: nothing is to be gained, as
/// `last`, the request that was completed last, had them all.
pub(crate) fn step_up(
    requested: &[String],
    last: &[String],
    challenge: Option<&str>,
) -> Option<Vec<String>> {
    let challenged = split(challenge.unwrap_or_default());
    if challenged.iter().all(|one| last.contains(one)) {
        return None;
    }
    let mut out = requested.to_vec();
    for one in &challenged {
        add(&mut out, one);
    }
    Some(out)
}

/// Whether a text of scopes has all of these.
pub(crate) fn has_all(text: &str, scopes: &[String]) -> bool {
    let known = split(text);
    scopes.iter().all(|one| known.contains(one))
}

/// The scopes to ask for where no person signs in.
pub(crate) fn without_offline(scopes: &[String]) -> Vec<String> {
    scopes.iter().filter(|one| *one != OFFLINE).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn keeps_scope_tokens_once_and_in_their_order() {
        for (text, scopes) in [
            ("b a b", "b a"),
            ("  a   b ", "a b"),
            (
                "mcp:basic https://h/x!#[]~ c\"d e\\f é g\u{7f} \u{0} h",
                "mcp:basic https://h/x!#[]~ h",
            ),
            ("a\tb c\nd e", "e"),
            ("A a", "A a"),
            ("", ""),
        ] {
            assert_eq!(join(&split(text)), scopes, "{text}");
        }
    }

    #[test]
    fn asks_by_the_first_source_that_names_any() {
        for (program, challenge, resource, server, scopes) in [
            (Some("p"), Some("c"), Some("r"), None, "p"),
            (None, Some("c d c"), Some("r"), None, "c d"),
            (Some(""), Some("c"), None, None, "c"),
            (None, Some(""), Some("r s"), None, "r s"),
            (None, Some("\"\" \\"), Some("r"), None, "r"),
            (None, None, Some("r s r"), None, "r s"),
            (None, None, Some(""), None, ""),
            (None, None, None, None, ""),
            (None, None, None, Some("a b"), ""),
            // offline_access, if the authorization server has it.
            (None, Some("c"), None, Some("c offline_access"), "c offline_access"),
            (Some("p"), None, None, Some("offline_access"), "p offline_access"),
            (None, None, None, Some("offline_access"), ""),
            (None, None, Some("r offline_access"), Some("r"), "r offline_access"),
            (None, None, Some("offline_access r"), Some("offline_access"), "offline_access r"),
            (None, Some("c"), Some("r offline_access"), Some("c"), "c"),
        ] {
            let (resource, server) = (resource.map(list), server.map(list));
            let sources = ScopeSources {
                application: program,
                challenge,
                resource: resource.as_deref(),
                server: server.as_deref(),
                is_browser: true,
            };
            let first = sources.first();
            assert_eq!(join(&first), scopes);
            let both = scopes.contains(OFFLINE)
                && server.as_ref().is_some_and(|all| join(all).contains(OFFLINE));
            assert_eq!(sources.needs_consent(&first), both, "{scopes}");
        }
    }

    #[test]
    fn adds_nothing_where_no_person_signs_in() {
        let server = list("c offline_access");
        let sources =
            ScopeSources { challenge: Some("c"), server: Some(&server), ..ScopeSources::default() };
        assert_eq!(join(&sources.first()), "c");
        // Nor what a server lists; what the program sets is its own affair.
        let listed = list("offline_access r");
        for (program, challenge, resource, scopes) in [
            (None, Some("c offline_access"), None, "c"),
            (None, Some("offline_access"), Some(&listed[..]), "r"),
            (None, Some("offline_access"), None, ""),
            (Some("p offline_access"), Some("c"), None, "p offline_access"),
        ] {
            let sources = ScopeSources {
                application: program,
                challenge,
                resource,
                ..ScopeSources::default()
            };
            assert_eq!(join(&sources.first()), scopes);
        }
        assert!(!sources.needs_consent(&list("c offline_access")));
    }

    #[test]
    fn widens_by_what_is_challenged() {
        for (requested, last, challenge, wanted) in [
            ("a", "a", Some("b"), Some("a b")),
            ("a offline_access", "a offline_access", Some("b a"), Some("a offline_access b")),
            ("", "", Some("b"), Some("b")),
            ("a b", "a", Some("b"), Some("a b")),
            ("a", "a", Some("a"), None),
            ("a b", "a b", Some("b a"), None),
            ("a", "a", Some(""), None),
            ("a", "a", Some("\\"), None),
            ("a", "a", None, None),
            // No hierarchy.
            ("a:*", "a:*", Some("a:b"), Some("a:* a:b")),
        ] {
            let wider = step_up(&list(requested), &list(last), challenge);
            assert_eq!(wider.map(|all| join(&all)).as_deref(), wanted, "{requested} {challenge:?}");
        }
        assert!(has_all("a b c", &list("c a")) && has_all("", &[]));
        assert!(!has_all("a b", &list("a c")) && !has_all("", &list("a")));
    }
}
