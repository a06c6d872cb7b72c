//! The device authorization grant (RFC 8628): codes, and the polls for them.

use std::time::{Duration, Instant};

use mcp_test_server::{Request, http};
use serde_json::json;

use crate::authority::state::Code;
use crate::authority::{Core, Form, Registered, merge, refusal};

pub const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The least difference of two polls that counts as too fast.
const SLACK: Duration = Duration::from_millis(50);

/// A device code that was given out.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub code: Code,
    /// The number of polls that are answered by `authorization_pending`.
    pub pending: usize,
    pub interval: Duration,
    pub polled: Instant,
}

impl Core {
    pub(crate) fn device_authorization(&self, request: &Request) -> Vec<u8> {
        let form = Form::parse(&String::from_utf8_lossy(&request.body));
        let client = match self.authenticate(request, &form) {
            Ok(client) => client,
            Err(refusal) => return refusal,
        };
        for name in ["grant_type", "code_challenge", "redirect_uri", "response_type", "state"] {
            if form.get(name).is_some() {
                self.complain(format!("device: {name}"));
            }
        }
        if form.text("resource").is_empty() {
            self.complain("device: no resource");
        }
        if request.header("dpop").is_some() {
            self.complain("device: a proof");
        }
        let knobs = self.knobs();
        let mut state = self.state();
        let (text, family) = (state.fresh("device"), state.number());
        let url = format!("{}/activate", self.base());
        let mut answer = json!({
            "device_code": text,
            "user_code": "WDJB-MJHT",
            "verification_uri": url,
            "verification_uri_complete": format!("{url}?user_code=WDJB-MJHT"),
            "expires_in": 600,
            "interval": 1,
        });
        merge(&mut answer, &knobs.device);
        let interval = answer["interval"].as_u64().map_or(5, |interval| interval.max(1));
        let code = Code {
            client: client.id,
            redirect: String::new(),
            challenge: String::new(),
            scope: form.text("scope").to_owned(),
            resource: form.text("resource").to_owned(),
            thumbprint: None,
            family,
            is_used: false,
            gives_refresh: true,
        };
        let (interval, polled) = (Duration::from_secs(interval), Instant::now());
        let device = Device { code, pending: knobs.device_polls, interval, polled };
        state.devices.insert(text, device);
        http::json(200, &answer)
    }

    /// Notes a poll, whatever its answer is.
    pub(crate) fn check_poll(&self, form: &Form) {
        let mut state = self.state();
        let Some(device) = state.devices.get_mut(form.text("device_code")) else { return };
        let (since, least) = (device.polled.elapsed(), device.interval);
        device.polled = Instant::now();
        if since + SLACK < least {
            state.complaints.push(format!("a poll after {since:?}, not {least:?}"));
        }
    }

    /// From now on polls must be further apart.
    pub fn slows_polls_to(&self, interval: Duration) {
        for device in self.state().devices.values_mut() {
            device.interval = interval;
        }
    }

    /// The person says yes now.
    pub fn approve_devices(&self) {
        for device in self.state().devices.values_mut() {
            device.pending = 0;
        }
    }

    pub(crate) fn of_device(
        &self,
        client: &Registered,
        form: &Form,
        thumbprint: Option<String>,
    ) -> Result<Code, Vec<u8>> {
        let mut state = self.state();
        let Some(device) = state.devices.get_mut(form.text("device_code")) else {
            state.complaints.push("device_code: not known".into());
            return Err(refusal(400, "invalid_grant", "the device code is not good"));
        };
        let is_own = device.code.client == client.id;
        if !is_own || device.code.resource != form.text("resource") || form.get("scope").is_some() {
            state.complaints.push("device_code: another client, resource, or a scope".into());
            return Err(refusal(400, "invalid_grant", "the device code is not good"));
        }
        if device.pending > 0 {
            device.pending -= 1;
            return Err(refusal(400, "authorization_pending", "not yet"));
        }
        let code = device.code.clone();
        state.devices.remove(form.text("device_code"));
        Ok(Code { thumbprint, ..code })
    }
}
