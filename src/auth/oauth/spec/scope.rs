//! Scopes (RFC 6749, 3.3), and which of them MCP lets a client request.

use std::collections::HashSet;

const OFFLINE: &str = "offline_access";
/// The most scopes of a server that are used, and the most bytes of their text.
/// They become part of a URL.
const MOST: usize = 1000;
const LONGEST: usize = 16 * 1024;

/// The scopes of a text, each once, in their order. Words that are no scope
/// token are ignored, and so are those beyond the limits.
pub(crate) fn split(text: &str) -> Vec<String> {
    let mut known = HashSet::new();
    let mut room = LONGEST;
    let all = text.split(' ').filter(|one| is_scope(one));
    let different = all.filter(|one| known.insert(*one)).take(MOST);
    let short = different.take_while(|one| {
        let is_short = one.len() < room;
        room = room.saturating_sub(one.len() + 1);
        is_short
    });
    short.map(str::to_owned).collect()
}

pub(crate) fn join(scopes: &[String]) -> String {
    scopes.join(" ")
}

/// The pieces of the application's scope: their [`join`] is the same text, byte
/// for byte. Empty if the text has no scope.
pub(crate) fn pieces(text: &str) -> Vec<String> {
    if text.bytes().all(|byte| byte == b' ') {
        return Vec::new();
    }
    text.split(' ').map(str::to_owned).collect()
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

/// The sources of the scopes of a first request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ScopeSources<'a> {
    /// The scope that the application set.
    pub(crate) application: Option<&'a str>,
    /// The scope of the challenge.
    pub(crate) challenge: Option<&'a str>,
    /// `scopes_supported` of the resource metadata.
    pub(crate) resource: Option<&'a [String]>,
    /// `scopes_supported` of the server metadata.
    pub(crate) server: Option<&'a [String]>,
    /// Whether a person signs in.
    pub(crate) is_browser: bool,
}

impl ScopeSources<'_> {
    /// The scopes of the first request; empty: without the parameter. Only the
    /// first source with a scope counts. The scope of the application is sent as
    /// it is, also if it is empty.
    pub(crate) fn first(&self) -> Vec<String> {
        if let Some(application) = self.application {
            return pieces(application);
        }
        let listed = self.resource.map(join);
        // Without a person, "offline_access" has no meaning.
        let of_server = |text| {
            let scopes = split(text);
            if self.is_browser { scopes } else { without_offline(&scopes) }
        };
        let servers = [self.challenge, listed.as_deref()].into_iter().flatten().map(of_server);
        let mut scopes = servers.into_iter().find(|scopes| !scopes.is_empty()).unwrap_or_default();
        // As the only scope it would replace the server's default scopes.
        if !scopes.is_empty() && self.is_browser && self.has_offline() {
            add(&mut scopes, OFFLINE);
        }
        scopes
    }

    fn has_offline(&self) -> bool {
        self.server.is_some_and(|listed| listed.iter().any(|one| one == OFFLINE))
    }
}

/// Whether the scopes ask for a refresh token (OpenID Connect Core, 11).
pub(crate) fn asks_for_offline(scopes: &[String]) -> bool {
    scopes.iter().any(|one| one == OFFLINE)
}

/// What a step-up authorization after `insufficient_scope` requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StepUp {
    Scopes(Vec<String>),
    /// The last completed request had all challenged scopes.
    GainsNothing,
    /// The application chose that no request has a scope.
    NotWanted,
}

/// The scopes of a step-up authorization: those requested before and those of
/// the challenge. `last`: the last completed request.
pub(crate) fn step_up(
    application: Option<&str>,
    requested: &[String],
    last: &[String],
    challenge: Option<&str>,
) -> StepUp {
    let challenged = split(challenge.unwrap_or_default());
    if challenged.iter().all(|one| last.contains(one)) {
        return StepUp::GainsNothing;
    }
    if application.is_some_and(|application| pieces(application).is_empty()) {
        return StepUp::NotWanted;
    }
    let mut out = requested.to_vec();
    for one in challenged.iter().take(MOST.saturating_sub(requested.len())) {
        add(&mut out, one);
    }
    StepUp::Scopes(out)
}

/// The scope for an assertion that is good for the `granted` scopes only: the
/// requested text, without the scopes that were not granted.
pub(crate) fn granted_part(
    application: Option<&str>,
    requested: Option<String>,
    granted: Option<String>,
) -> Option<String> {
    let Some(granted) = granted.filter(|granted| !granted.is_empty()) else { return requested };
    let Some(application) = application else { return Some(granted) };
    let known = split(&granted);
    let mut kept = split(application);
    let all = kept.len();
    kept.retain(|one| known.contains(one));
    if kept.is_empty() || kept.len() == all { requested } else { Some(join(&kept)) }
}

/// Whether a text has all of these scopes.
pub(crate) fn has_all(text: &str, scopes: &[String]) -> bool {
    let known: HashSet<&str> = text.split(' ').collect();
    scopes.iter().all(|one| one.is_empty() || known.contains(one.as_str()))
}

/// The scopes of a grant without a person.
pub(crate) fn without_offline(scopes: &[String]) -> Vec<String> {
    scopes.iter().filter(|one| *one != OFFLINE).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::testing::processor_time;

    fn list(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn uses_no_more_scopes_than_a_url_can_hold() {
        let time = processor_time(uses_few_scopes);
        assert!(time < std::time::Duration::from_secs(5), "{time:?}");
    }

    fn uses_few_scopes() {
        let many: String = (0..40_000).map(|number| format!("{number:x} ")).collect();
        let used = split(&many);
        assert_eq!((used.len(), used[0].as_str(), used[999].as_str()), (MOST, "0", "3e7"));
        assert_eq!(split(&"same ".repeat(50_000)), ["same"]);
        let long = ["x".repeat(9000), "y".repeat(9000), "z".to_owned()].join(" ");
        assert_eq!(split(&long), ["x".repeat(9000)]);
        assert!(split(&"x".repeat(100_000)).is_empty());
        assert!(has_all(&many, &used));
        let StepUp::Scopes(more) = step_up(None, &used, &used, Some("one more")) else { panic!() };
        assert_eq!(more.len(), MOST);
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
    fn requests_the_scopes_of_the_first_source() {
        for (program, challenge, resource, server, scopes) in [
            (Some("p"), Some("c"), Some("r"), None, "p"),
            (None, Some("c d c"), Some("r"), None, "c d"),
            // The application's scope is sent as it is, and "" is none.
            (Some(""), Some("c"), Some("r"), Some("offline_access"), ""),
            (Some("  "), Some("c"), None, None, ""),
            (Some(" b  a b "), Some("c"), None, Some("offline_access"), " b  a b "),
            (None, Some(""), Some("r s"), None, "r s"),
            (None, Some("\"\" \\"), Some("r"), None, "r"),
            (None, None, Some("r s r"), None, "r s"),
            (None, None, Some(""), None, ""),
            (None, None, None, None, ""),
            (None, None, None, Some("a b"), ""),
            // offline_access, if the authorization server has it.
            (None, Some("c"), None, Some("c offline_access"), "c offline_access"),
            (Some("p"), None, None, Some("offline_access"), "p"),
            (Some("offline_access p"), None, None, Some("a"), "offline_access p"),
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
            assert_eq!(asks_for_offline(&first), scopes.contains(OFFLINE), "{scopes}");
        }
    }

    #[test]
    fn adds_no_offline_access_without_a_person() {
        let server = list("c offline_access");
        let sources =
            ScopeSources { challenge: Some("c"), server: Some(&server), ..ScopeSources::default() };
        assert_eq!(join(&sources.first()), "c");
        // A scope of the application is kept as it is; a listed one is not.
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
    }

    #[test]
    fn leaves_out_the_scopes_that_an_assertion_lacks() {
        for (application, requested, granted, sent) in [
            (None, Some("a b"), Some("a"), Some("a")),
            (None, Some("a b"), Some("b c"), Some("b c")),
            (None, Some("a b"), None, Some("a b")),
            (None, None, Some("a"), Some("a")),
            (Some(""), None, Some("a"), None),
            (Some("b  a"), Some("b  a"), Some("a b c"), Some("b  a")),
            (Some("b  a"), Some("b  a"), Some("a"), Some("a")),
            (Some("a"), Some("a"), Some("z"), Some("a")),
            (Some("a"), Some("a"), Some(""), Some("a")),
        ] {
            let part =
                granted_part(application, requested.map(str::to_owned), granted.map(str::to_owned));
            assert_eq!(part.as_deref(), sent, "{application:?} {granted:?}");
        }
    }

    #[test]
    fn adds_the_challenged_scopes() {
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
            let wider = step_up(None, &list(requested), &list(last), challenge);
            let wanted = wanted.map_or(StepUp::GainsNothing, |all| StepUp::Scopes(list(all)));
            assert_eq!(wider, wanted, "{requested} {challenge:?}");
        }
        let step = |application, challenge| {
            step_up(Some(application), &list("a"), &list("a"), Some(challenge))
        };
        assert_eq!(step("a", "b"), StepUp::Scopes(list("a b")));
        assert_eq!(step("", "b"), StepUp::NotWanted);
        assert_eq!(step(" ", "b"), StepUp::NotWanted);
        assert_eq!(step("b", "a"), StepUp::GainsNothing);
        assert!(has_all("b a", &pieces(" a  b")));
        assert!(has_all("a b c", &list("c a")) && has_all("", &[]));
        assert!(!has_all("a b", &list("a c")) && !has_all("", &list("a")));
    }
}
