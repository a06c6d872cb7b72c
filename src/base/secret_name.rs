//! Which named values are secrets: variables of a server's process, options on
//! its command line, and header fields of a response.

/// Whether a name says that its value is a secret: `API_KEY`, `--db-password`,
/// `x-auth-token`, `githubToken`.
pub(crate) fn is_secret_name(name: &str) -> bool {
    words(name).iter().any(|word| is_secret_word(word))
}

/// Whether a value says by its form that it is a secret, or has one inside: a
/// token with a known prefix, a key in PEM, a URL or a connection string with a
/// password.
pub(crate) fn is_secret_value(value: &str) -> bool {
    let value = value.trim();
    PREFIXES.iter().any(|prefix| value.starts_with(prefix))
        || value.starts_with("eyJ") && value.bytes().filter(|byte| *byte == b'.').count() >= 2
        || value.contains("PRIVATE KEY-----")
        || password_of_url(value).is_some()
        || has_secret_parts(value)
}

/// The password in a URL such as `postgres://user:password@host/db`.
pub(crate) fn password_of_url(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    user.split_once(':').map(|(_, password)| password).filter(|password| !password.is_empty())
}

/// Prefixes of tokens that services issue, and of header values that hold one.
const PREFIXES: [&str; 19] = [
    "AIza",
    "AKIA",
    "ASIA",
    "Basic ",
    "Bearer ",
    "github_pat_",
    "gho_",
    "ghp_",
    "ghs_",
    "ghu_",
    "glpat-",
    "hf_",
    "npm_",
    "pypi-",
    "sk-",
    "sk_",
    "xoxb-",
    "xoxp-",
    "ya29.",
];

/// A word that is a secret on its own, and not only inside another word.
const WORDS: [&str; 16] = [
    "authentication",
    "authorization",
    "cookie",
    "cookies",
    "cred",
    "creds",
    "jwt",
    "pass",
    "pat",
    "pin",
    "private",
    "pw",
    "pwd",
    "session",
    "signature",
    "sig",
];

/// Letters that say so inside any word.
const INSIDE: [&str; 8] =
    ["apikey", "bearer", "credential", "passphrase", "passwd", "password", "secret", "authtoken"];

fn is_secret_word(word: &str) -> bool {
    let word = word.trim_end_matches(|last: char| last.is_ascii_digit());
    WORDS.contains(&word)
        || INSIDE.iter().any(|letters| word.contains(letters))
        || ["key", "keys", "token", "tokens", "auth"].iter().any(|end| word.ends_with(end))
}

/// Whether one of the parts of `a=b;c=d` or `a=b c=d` has a name that says
/// secret.
fn has_secret_parts(value: &str) -> bool {
    value.split([';', '&', ' ', '?', ',']).any(|part| {
        part.split_once('=').is_some_and(|(name, value)| {
            !value.is_empty() && name.len() <= LONGEST && is_secret_name(name)
        })
    })
}

/// Longer names are texts.
const LONGEST: usize = 64;

/// The words of a name, in lower case. A word ends at a character that is no
/// letter and no digit, and before a capital letter after a small one.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for character in name.chars() {
        let is_inside = character.is_alphanumeric();
        if !is_inside || was_small && character.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| is_inside) {
            word.extend(character.to_lowercase());
        }
        was_small = character.is_lowercase() || character.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_that_its_value_is_a_secret() {
        for name in [
            "API_KEY",
            "api-key",
            "apiKey",
            "OPENAI_API_KEY",
            "OPENAIKEY",
            "TOKEN",
            "GITHUB_TOKEN",
            "githubToken",
            "GITHUBTOKEN",
            "ACCESS_TOKENS",
            "SECRET",
            "CLIENT_SECRET",
            "MYSECRET",
            "PASSWORD",
            "DB_PASSWORD",
            "DBPASSWORD",
            "PGPASSWORD",
            "PASSWD",
            "DB_PASS",
            "SMTP_PWD",
            "PASSPHRASE",
            "AUTH",
            "AUTHORIZATION",
            "NPM_CONFIG__AUTH",
            "BASIC_AUTH",
            "CREDENTIALS",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_ACCESS_KEY_ID",
            "PRIVATE_KEY",
            "SESSION",
            "SESSION_ID",
            "COOKIE",
            "JWT",
            "BEARER",
            "GITHUB_PAT",
            "KEY",
            "KEYS",
            "KEY2",
            "TOKEN_1",
            "OAUTH2",
            "--api-key",
            "x-auth-token",
            "Mcp-Session-Id",
            "set-cookie",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "",
            "A",
            "DEBUG",
            "LOG_LEVEL",
            "MODE",
            "NODE_ENV",
            "PYTHONPATH",
            "PATH",
            "HOME",
            "TERM",
            "TOKENIZERS_PARALLELISM",
            "KEYBOARD",
            "KEYCLOAK_URL",
            "AUTHOR",
            "GIT_AUTHOR_NAME",
            "COMPASS",
            "PASSIVE",
            "PORT",
            "HOST",
            "REGION",
            "AWS_REGION",
            "AWS_PROFILE",
            "PATTERN",
            "SECTION",
            "PINNED",
            "SSL_CERT_FILE",
            "NODE_EXTRA_CA_CERTS",
            "ALLOWED_HOSTS",
            "MEMORY_FILE_PATH",
            "content-type",
            "date",
            "server",
            "etag",
            "x-request-id",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn a_value_says_that_it_is_a_secret() {
        for value in [
            "sk-1234567890",
            "ghp_abcdefgh",
            "xoxb-1-2",
            "Bearer abc",
            "eyJhbGciOi.J9.x",
            "-----BEGIN PRIVATE KEY-----\nAAAA",
            "postgres://user:hunter2@host/db",
            "Server=db;User=sa;Password=hunter2;",
            "https://host/x?api_key=123456",
            "host=db password=hunter2",
        ] {
            assert!(is_secret_value(value), "{value}");
        }
        for value in [
            "",
            "true",
            "production",
            "verbose-mode-on",
            "postgres://user@host/db",
            "http://host:8080/path?x=1",
            "/usr/local/bin",
            "eu-central-1",
            "a=b;c=d",
            "name=x",
            "--inspect=9229",
            "everything",
            "eyJ",
        ] {
            assert!(!is_secret_value(value), "{value}");
        }
        assert_eq!(password_of_url("redis://:p%40ss@h:1/0"), Some("p%40ss"));
        assert_eq!(password_of_url("redis://h:1/a:b@c"), None);
    }
}
