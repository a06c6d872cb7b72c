//! When a sign-in asks the person for consent again (`prompt=consent`).
//!
//! Some servers give a refresh token for `offline_access` after a new consent
//! only (OpenID Connect Core, 11). Others refuse the prompt, because an
//! administrator gives the consent for everyone. So a first sign-in has no prompt,
//! and what happened decides about the next one.

/// What is known about an authorization server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ConsentHistory {
    #[default]
    Unknown,
    /// No refresh token came without the prompt.
    Missing,
    /// A request with the prompt was sent. It failed, or no refresh token came
    /// then either.
    Useless,
    /// A refresh token came with the prompt.
    Helps,
}

impl ConsentHistory {
    const ALL: [Self; 4] = [Self::Unknown, Self::Missing, Self::Useless, Self::Helps];

    /// The name in the store.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Missing => "missing",
            Self::Useless => "useless",
            Self::Helps => "helps",
        }
    }

    /// A later version of the library may have written another name.
    pub(crate) fn of(name: &str) -> Self {
        Self::ALL.into_iter().find(|one| one.name() == name).unwrap_or_default()
    }

    /// Whether the next request for `offline_access` has the prompt.
    pub(crate) fn wants_prompt(self) -> bool {
        matches!(self, Self::Missing | Self::Helps)
    }

    /// What holds while a request with the prompt is under way. The server may
    /// show its refusal to the person only, so a request without an answer counts
    /// as refused. What helped before is tried again.
    pub(crate) fn during_prompt(self) -> Self {
        match self {
            Self::Helps => Self::Helps,
            _ => Self::Useless,
        }
    }

    /// What the tokens of a sign-in for `offline_access` show.
    pub(crate) fn after(self, had_prompt: bool, has_refresh_token: bool) -> Self {
        match (had_prompt, has_refresh_token) {
            (true, true) if self == Self::Unknown => Self::Unknown,
            (true, true) => Self::Helps,
            (true, false) => Self::Useless,
            (false, true) => Self::Unknown,
            (false, false) if self == Self::Unknown => Self::Missing,
            (false, false) => self,
        }
    }
}

/// Whether an error of the authorization endpoint may be the refusal of the
/// prompt.
pub(crate) fn refuses_prompt(code: &str, description: &str) -> bool {
    let names_prompt = || {
        let description = description.to_ascii_lowercase();
        ["prompt", "consent"].iter().any(|word| description.contains(word))
    };
    match code {
        "consent_required" | "interaction_required" | "login_required" => true,
        // The person or the server said no to the sign-in itself.
        "access_denied" | "server_error" | "temporarily_unavailable" => false,
        _ => names_prompt(),
    }
}

/// Whether a value of `prompt` asks for consent.
pub(crate) fn has_consent(prompt: &str) -> bool {
    prompt.split(' ').any(|word| word == "consent")
}

#[cfg(test)]
mod tests {
    use super::ConsentHistory::{Helps, Missing, Unknown, Useless};
    use super::*;

    #[test]
    fn asks_for_consent_only_where_no_refresh_token_came_without_it() {
        for (before, had_prompt, has_refresh_token, after) in [
            (Unknown, false, true, Unknown),
            (Unknown, false, false, Missing),
            (Missing, false, false, Missing),
            (Missing, false, true, Unknown),
            (Useless, true, true, Helps),
            (Useless, true, false, Useless),
            (Useless, false, false, Useless),
            (Useless, false, true, Unknown),
            (Helps, true, true, Helps),
            (Helps, true, false, Useless),
            (Helps, false, false, Helps),
            (Helps, false, true, Unknown),
            // The application asked for consent in the first sign-in.
            (Unknown, true, true, Unknown),
            (Unknown, true, false, Useless),
        ] {
            assert_eq!(
                before.after(had_prompt, has_refresh_token),
                after,
                "{before:?} {had_prompt} {has_refresh_token}"
            );
        }
        let wants = ConsentHistory::ALL.map(ConsentHistory::wants_prompt);
        assert_eq!(wants, [false, true, false, true]);
        assert_eq!(Missing.during_prompt(), Useless);
        assert_eq!(Helps.during_prompt(), Helps);
        for one in ConsentHistory::ALL {
            assert_eq!(ConsentHistory::of(one.name()), one);
        }
        assert_eq!(ConsentHistory::of("later"), Unknown);
    }

    #[test]
    fn recognizes_the_refusal_of_the_prompt() {
        for (code, description, is_refusal) in [
            ("consent_required", "AADSTS90094: approval of an administrator", true),
            ("interaction_required", "", true),
            ("invalid_request", "Unsupported value of PROMPT", true),
            ("invalid_request", "AADSTS90094: admin consent is needed", true),
            ("invalid_request", "no scope", false),
            ("access_denied", "the user declined to consent", false),
            ("server_error", "prompt", false),
        ] {
            assert_eq!(refuses_prompt(code, description), is_refusal, "{code} {description}");
        }
        assert!(has_consent("login consent") && has_consent("consent"));
        assert!(!has_consent("") && !has_consent("login") && !has_consent("consents"));
    }
}
