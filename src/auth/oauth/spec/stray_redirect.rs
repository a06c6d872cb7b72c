//! Requests to the redirect URL that are not the answer of the sign-in. They are
//! never taken for it (RFC 6749, 10.12), and the person learns of them.

use std::time::{Duration, Instant};

use form_urlencoded::parse;

use crate::base::mask::CUT;
use crate::base::secret::Secret;

/// The most reports of a sign-in: any page in the browser can send requests.
const MOST_REPORTS: usize = 10;
/// The shortest time between two reports.
const BETWEEN: Duration = Duration::from_secs(1);
/// The most characters of an error code that are shown.
const LONGEST_CODE: usize = 64;

/// A request that cannot belong to the sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StrayRedirect {
    lack: StateLack,
    /// The cleaned error code. Nothing else of the request is shown.
    error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StateLack {
    None,
    Other,
    Several,
    /// The library reads the query of a GET only.
    Post,
    /// The library reads no more than a few KiB.
    TooLong,
}

impl StrayRedirect {
    /// A GET with this query. `secrets`: the values that no text may show.
    pub(crate) fn of(query: &str, secrets: &[Secret]) -> Self {
        let count = parse(query.as_bytes()).filter(|(name, _)| name == "state").count();
        let error = parse(query.as_bytes()).find(|(name, _)| name == "error");
        let lack = match count {
            0 => StateLack::None,
            1 => StateLack::Other,
            _ => StateLack::Several,
        };
        Self { lack, error: error.and_then(|(_, code)| display_code(&code, secrets)) }
    }

    /// A POST, as servers send it that do not redirect.
    pub(crate) fn post() -> Self {
        Self { lack: StateLack::Post, error: None }
    }

    /// A request that was too long to be read, for its query or its cookies.
    pub(crate) fn too_long() -> Self {
        Self { lack: StateLack::TooLong, error: None }
    }

    /// What is wrong with it, to follow the name of the request.
    pub(crate) fn describe(&self) -> String {
        let lack = match self.lack {
            StateLack::None => "has no \"state\"",
            StateLack::Other => "has another \"state\" than this sign-in",
            StateLack::Several => "has more than one \"state\"",
            StateLack::Post => "is a POST, of which the library reads no \"state\"",
            StateLack::TooLong => {
                "is longer than 8 KiB, with the cookies of the browser, so that the library reads \
                 no \"state\""
            }
        };
        match &self.error {
            Some(code) => format!("{lack} (error \"{code}\")"),
            None => lack.to_owned(),
        }
    }

    /// The report for the person.
    fn notice(&self, redirect: &str) -> String {
        format!(
            "ignored a request to {redirect} that {}: it cannot be the answer of this sign-in, \
             which goes on",
            self.describe()
        )
    }
}

/// The error code of a peer that may be anyone: the characters of registered
/// codes, and no more than a code has. `None` for an empty one, and for a secret.
fn display_code(code: &str, secrets: &[Secret]) -> Option<String> {
    let is_secret = secrets.iter().any(|one| code.contains(one.expose()));
    if code.is_empty() || is_secret {
        return None;
    }
    let clean = |character: char| match character {
        '_' | '-' | '.' => character,
        _ if character.is_ascii_alphanumeric() => character,
        _ => '?',
    };
    let mut shown: String = code.chars().take(LONGEST_CODE).map(clean).collect();
    if code.chars().nth(LONGEST_CODE).is_some() {
        shown.push_str(CUT);
    }
    Some(shown)
}

/// The stray requests of one sign-in: what is reported, and when.
#[derive(Debug, Default)]
pub(crate) struct StrayRedirects {
    count: usize,
    last: Option<StrayRedirect>,
    /// The last one is not reported yet.
    is_new: bool,
    reports: usize,
    reported_at: Option<Instant>,
}

impl StrayRedirects {
    pub(crate) fn add(&mut self, stray: StrayRedirect) {
        self.count = self.count.saturating_add(1);
        // An error says more than a later request without one.
        let keeps_error = self.is_new
            && stray.error.is_none()
            && self.last.as_ref().is_some_and(|last| last.error.is_some());
        if !keeps_error {
            self.last = Some(stray);
        }
        self.is_new = true;
    }

    /// The time until the next report; `None` if there is none to make.
    pub(crate) fn due(&self, now: Instant) -> Option<Duration> {
        if !self.is_new || self.reports >= MOST_REPORTS {
            return None;
        }
        let pause = self.reported_at.map(|at| (at + BETWEEN).saturating_duration_since(now));
        Some(pause.unwrap_or_default())
    }

    /// The report that is due now.
    pub(crate) fn report(&mut self, now: Instant, redirect: &str) -> Option<String> {
        if !self.due(now)?.is_zero() {
            return None;
        }
        self.is_new = false;
        self.reports += 1;
        self.reported_at = Some(now);
        self.last.as_ref().map(|last| last.notice(redirect))
    }

    /// What the error at the end of the wait says about them.
    pub(crate) fn summary(&self) -> Option<String> {
        let last = self.last.as_ref()?;
        let (requests, which) = match self.count {
            1 => ("1 request".to_owned(), "it"),
            count => (format!("{count} requests"), "the last one"),
        };
        Some(format!(
            "{requests} to the redirect URL did not belong to this sign-in, and {which} {}",
            last.describe()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong_and_shows_the_error_code_only() {
        let secrets = [Secret::from("s3cr3t")];
        for (query, said) in [
            ("", "has no \"state\""),
            ("code=c0de", "has no \"state\""),
            ("State=a", "has no \"state\""),
            ("state=a&code=c0de", "has another \"state\" than this sign-in"),
            ("state=&error=", "has another \"state\" than this sign-in"),
            ("state=a&state=a", "has more than one \"state\""),
            (
                "error=invalid_request&error_description=no+scope",
                "has no \"state\" (error \"invalid_request\")",
            ),
            ("error=a%1b[31m%22%0a+b/c", "has no \"state\" (error \"a??31m???b?c\")"),
            ("error=x-s3cr3t", "has no \"state\""),
        ] {
            assert_eq!(StrayRedirect::of(query, &secrets).describe(), said, "{query}");
        }
        let long = StrayRedirect::of(&format!("error={}", "x".repeat(9000)), &[]).describe();
        assert_eq!(long, format!("has no \"state\" (error \"{}...\")", "x".repeat(64)));
    }

    #[test]
    fn reports_once_a_second_and_ten_times() {
        let mut strays = StrayRedirects::default();
        let begun = Instant::now();
        let at = |milliseconds| begun + Duration::from_millis(milliseconds);
        assert!(strays.due(begun).is_none() && strays.report(begun, "r").is_none());
        strays.add(StrayRedirect::of("", &[]));
        assert!(
            strays.report(begun, "r").unwrap().contains("a request to r that has no \"state\"")
        );
        strays.add(StrayRedirect::of("error=late", &[]));
        strays.add(StrayRedirect::of("", &[]));
        assert_eq!(strays.due(at(400)), Some(Duration::from_millis(600)));
        assert!(strays.report(at(999), "r").is_none());
        assert!(strays.report(at(1000), "r").unwrap().contains("late"), "the error is kept");
        assert!(strays.due(at(5000)).is_none());
        let mut reports = 2;
        for second in 2..30 {
            strays.add(StrayRedirect::post());
            reports += usize::from(strays.report(at(second * 1000), "r").is_some());
        }
        assert_eq!(reports, MOST_REPORTS);
        assert!(strays.due(at(90_000)).is_none());
        let summary = strays.summary().unwrap();
        assert!(summary.starts_with("31 requests to the redirect URL"), "{summary}");
    }
}
