//! A protected server, its authorization server, a person with a browser and
//! clients, and the checks at the end of each test.

use std::io::{Read, Seek};
use std::os::fd::{AsRawFd, FromRawFd};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::ThreadId;
use std::time::Duration;

use mcp_test_server::mcp::Config;
use mcp_test_server::{Log, Request};

use crate::auth::Auth;
use crate::authority::form::{self, Page};
use crate::authority::{Authority, Form, Guarded, Registered, Step};
use crate::constants::*;
use crate::{Client, Failure, Outcome, SOON};

/// The header that is for the MCP server alone.
pub const API_KEY: &str = "the-key-of-the-program";

pub struct Scene {
    pub authority: Authority,
    pub guarded: Guarded,
    trace: Mutex<std::fs::File>,
    /// What no text may hold, in addition to what the servers gave out.
    secrets: Mutex<Vec<String>>,
    /// Other servers, which may see no secret of this one.
    others: Mutex<Vec<Arc<Log>>>,
}

impl Scene {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let authority = Authority::new();
        let guarded = Guarded::new(authority.core.clone());
        Self::with(authority, guarded)
    }

    /// With a server of that kind.
    pub fn of(config: Config) -> Self {
        let authority = Authority::new();
        let guarded = Guarded::of(authority.core.clone(), config);
        Self::with(authority, guarded)
    }

    fn with(authority: Authority, guarded: Guarded) -> Self {
        let fd = unsafe { libc::memfd_create(c"trace".as_ptr(), libc::MFD_CLOEXEC) };
        assert!(fd >= 0);
        let trace = Mutex::new(unsafe { std::fs::File::from_raw_fd(fd) });
        Self { authority, guarded, trace, secrets: Mutex::default(), others: Mutex::default() }
    }

    /// A client of the server, which has the authorization.
    pub fn client(&self, auth: &Auth) -> Client {
        let client = Client::of(&self.guarded.url());
        client.set_header("X-API-Key", Some(API_KEY)).unwrap();
        client.set_trace(self.trace.lock().unwrap().as_raw_fd()).unwrap();
        client.set_auth(Some(auth)).unwrap();
        client
    }

    /// A person who signs in whenever a page is shown.
    pub fn person(&self) -> (Auth, Browser) {
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        let browser = Browser::of(&auth);
        (auth, browser)
    }

    /// A program that signs in with its own secret, and no person.
    pub fn machine(&self) -> Auth {
        const SECRET: &str = "secret-m-long";
        self.authority.set(|knobs| {
            knobs.given = vec![Registered::secret("m", SECRET, "client_secret_basic")];
        });
        let auth = Auth::of(MCP_GRANT_CLIENT_CREDENTIALS);
        auth.set_client("m", Some(SECRET)).unwrap();
        auth
    }

    /// A client that has signed in, and its parts.
    pub fn signed_in(&self) -> (Client, Auth, Browser) {
        let (auth, browser) = self.person();
        let client = self.client(&auth);
        client.ping().unwrap();
        (client, auth, browser)
    }

    /// A text that nobody may see.
    pub fn hides(&self, secret: &str) {
        self.secrets.lock().unwrap().push(secret.to_owned());
    }

    /// Another server, where nothing of this one's may go.
    pub fn has_other(&self, log: &Arc<Log>) {
        self.others.lock().unwrap().push(log.clone());
    }

    /// A failure, in which there is no secret.
    pub fn failure<T>(&self, outcome: Outcome<T>) -> Failure {
        let failure = match outcome {
            Ok(_) => panic!("it succeeds"),
            Err(failure) => failure,
        };
        self.tells_no_secret(&failure);
        failure
    }

    pub fn tells_no_secret(&self, failure: &Failure) {
        self.is_clean("the failure", &failure.everything());
        assert!(!failure.message.contains('\n') && failure.message.len() < 1500);
    }

    fn is_clean(&self, what: &str, text: &str) {
        for secret in self.all_secrets() {
            assert!(!text.contains(&secret), "{what} holds {secret}: {text}");
        }
    }

    fn all_secrets(&self) -> Vec<String> {
        let mut all = self.authority.secrets();
        all.extend(self.secrets.lock().unwrap().clone());
        let given = self.authority.registered().into_iter();
        all.extend(given.filter_map(|client| client.secret));
        let texts = self.authority.forms(Step::Token);
        all.extend(texts.iter().flat_map(|form| {
            let names = ["code", "code_verifier", "client_secret", "client_assertion"];
            names.iter().filter_map(|name| form.get(name).map(str::to_owned)).collect::<Vec<_>>()
        }));
        let proofs = self.guarded.log().requests().into_iter();
        all.extend(proofs.filter_map(|request| request.header("dpop").map(str::to_owned)));
        all.retain(|secret| secret.len() > 7);
        all
    }

    /// What must hold in the end: nothing went where it does not belong.
    fn ends_well(&self) {
        let mut trace = String::new();
        let mut file = self.trace.lock().unwrap();
        file.rewind().unwrap();
        file.read_to_string(&mut trace).unwrap();
        drop(file);
        self.is_clean("the trace", &trace);
        assert!(!trace.contains(API_KEY), "the trace holds the API key");
        let secrets = self.all_secrets();
        let is_own = self.guarded.wall().is_own_authority;
        for request in self.guarded.log().requests().iter().filter(|_| !is_own) {
            let text = text_of(request);
            for secret in &secrets {
                let is_token = is_access_token(secret) || request.header("dpop") == Some(secret);
                assert!(is_token || !text.contains(secret), "the MCP server is told {secret}");
            }
        }
        for request in self.authority.log().requests() {
            let text = text_of(&request);
            assert!(!text.contains(API_KEY), "the authorization server is told the API key");
            let tells = text.contains("at-") && self.authority.core.step(&request) != Step::Revoke;
            let tokens = secrets.iter().filter(|secret| is_access_token(secret));
            for token in tokens.filter(|_| tells) {
                assert!(!text.contains(token), "the authorization server is told {token}: {text}");
            }
        }
        for log in self.others.lock().unwrap().iter() {
            for request in log.requests() {
                let text = text_of(&request);
                assert!(!text.contains(API_KEY), "another server is told the API key");
                for secret in &secrets {
                    assert!(!text.contains(secret), "another server is told {secret}: {text}");
                }
            }
        }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.ends_well();
        }
    }
}

/// Whether the authority made a secret as an access token, with a number. The other
/// secrets are random, and a few begin with "at-".
fn is_access_token(secret: &str) -> bool {
    let number = secret.strip_prefix("at-").and_then(|rest| rest.split_once('-'));
    number.is_some_and(|(number, _)| number.parse::<usize>().is_ok())
}

fn text_of(request: &Request) -> String {
    let headers: Vec<_> =
        request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let body = String::from_utf8_lossy(&request.body);
    format!("{} {}\n{}\n{body}", request.method, request.target, headers.join("\n"))
}

#[derive(Default)]
struct Seen {
    shown: Mutex<Vec<(ThreadId, String)>>,
    pages: Mutex<Vec<Page>>,
    redirects: Mutex<Vec<String>>,
    changed: Condvar,
}

/// The browser of a person, and what it has shown.
#[derive(Clone, Default)]
pub struct Browser(Arc<Seen>);

impl Browser {
    /// Goes where the page sends it, on a thread of its own as a browser does.
    pub fn of(auth: &Auth) -> Self {
        Self::after(auth, |_| ())
    }

    /// The person takes this long.
    pub fn slow(auth: &Auth, pause: Duration) -> Self {
        Self::after(auth, move |_| std::thread::sleep(pause))
    }

    /// The person acts when `waits` returns. It gets the number of pages so far.
    pub fn after(auth: &Auth, waits: impl Fn(usize) + Send + Sync + 'static) -> Self {
        let browser = Self::default();
        let seen = browser.clone();
        let waits = Arc::new(waits);
        auth.set_browser(move |_, url| {
            seen.note(url);
            let (seen, url, waits) = (seen.clone(), url.to_owned(), waits.clone());
            std::thread::spawn(move || {
                waits(seen.count());
                if let Some(redirect) = seen.visit(&url) {
                    seen.follow(&redirect);
                }
            });
            0
        })
        .unwrap();
        browser
    }

    /// The redirect is made into an answer and pasted, inside the callback.
    pub fn pastes(auth: &Auth, answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let browser = Self::default();
        let seen = browser.clone();
        auth.set_browser(move |auth, url| {
            seen.note(url);
            let redirect = seen.visit(url).expect("a redirect");
            auth.complete(&answer(&redirect)).map_or_else(|failure| failure.status, |()| 0)
        })
        .unwrap();
        browser
    }

    /// Shows a page, and nobody does anything.
    pub fn idle(auth: &Auth) -> Self {
        let browser = Self::default();
        let seen = browser.clone();
        auth.set_browser(move |_, url| {
            seen.note(url);
            0
        })
        .unwrap();
        browser
    }

    pub fn note(&self, url: &str) {
        let shown = (std::thread::current().id(), url.to_owned());
        self.0.shown.lock().unwrap().push(shown);
        self.0.changed.notify_all();
    }

    /// Asks the authorization server, and gives where it redirects to.
    pub fn visit(&self, url: &str) -> Option<String> {
        let page = form::get(url)
            .inspect_err(|error| eprintln!("the browser has no page: {error}"))
            .ok()?;
        let redirect = page.header("location").map(str::to_owned);
        if let Some(redirect) = &redirect {
            self.0.redirects.lock().unwrap().push(redirect.clone());
        }
        redirect
    }

    /// What the listener shows.
    pub fn follow(&self, redirect: &str) {
        match form::get(redirect) {
            Ok(page) => {
                self.0.pages.lock().unwrap().push(page);
                self.0.changed.notify_all();
            }
            Err(error) => eprintln!("the browser has no page of the listener: {error}"),
        }
    }

    /// Whether the listener of the last page takes an answer. Another listener may
    /// have got its port meanwhile, and refuses it.
    pub fn is_heard(&self) -> bool {
        let asked = self.asked();
        let (redirect, state) = (asked.text("redirect_uri"), asked.text("state"));
        let page = form::get(&format!("{redirect}?state={state}&error=access_denied"));
        page.is_ok_and(|page| page.status == 200)
    }

    /// The addresses that were shown.
    pub fn urls(&self) -> Vec<String> {
        self.0.shown.lock().unwrap().iter().map(|(_, url)| url.clone()).collect()
    }

    pub fn threads(&self) -> Vec<ThreadId> {
        self.0.shown.lock().unwrap().iter().map(|(thread, _)| *thread).collect()
    }

    pub fn count(&self) -> usize {
        self.0.shown.lock().unwrap().len()
    }

    /// What was asked for, the last time.
    pub fn asked(&self) -> Form {
        Form::of_url(self.urls().last().expect("a page was shown"))
    }

    pub fn redirects(&self) -> Vec<String> {
        self.0.redirects.lock().unwrap().clone()
    }

    /// Waits until so many pages were shown.
    pub fn awaits(&self, count: usize) {
        let shown = self.0.shown.lock().unwrap();
        let wait = self.0.changed.wait_timeout_while(shown, SOON, |shown| shown.len() < count);
        assert!(wait.unwrap().0.len() >= count, "no page was shown");
    }

    /// Waits for what the listener shows.
    pub fn page(&self) -> Page {
        let pages = self.0.pages.lock().unwrap();
        let wait = self.0.changed.wait_timeout_while(pages, SOON, |pages| pages.is_empty());
        wait.unwrap().0.last().cloned().expect("a page of the listener")
    }
}
