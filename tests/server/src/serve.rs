//! What a server of either era does with a request.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::mcp::{Answer, Call, Mcp};
use crate::offer::Offer;
use crate::{Carrier, items, local, skills, tasks};

impl Mcp {
    /// What both eras have.
    pub(crate) fn serve(&self, call: &Call) -> Answer {
        let unknown = || Answer::error(-32601, "Method not found", json!(call.method));
        let Some(offer) = &self.config.offer else {
            return match call.method.as_str() {
                "tools/list" => Answer::Result(json!({"tools": []})),
                "tools/call" => {
                    Answer::Result(json!({"content": [{"type": "text", "text": "done"}]}))
                }
                _ => unknown(),
            };
        };
        let many = offer.many;
        match call.method.as_str() {
            "tools/list" => {
                let mut all = items::tools(many, self.is_renamed());
                if call.carrier == Carrier::Stdio {
                    all.extend(local::TOOLS.map(items::plain));
                }
                if offer.tasks {
                    all.extend(tasks::tools());
                }
                self.list(call, offer, "tools", all)
            }
            "resources/list" => self.list(call, offer, "resources", items::resources(many)),
            "resources/templates/list" => {
                self.list(call, offer, "resourceTemplates", items::templates(many))
            }
            "prompts/list" => self.list(call, offer, "prompts", items::prompts(many)),
            "tools/call" => self.call_tool(call),
            "resources/read" => self.read(call, offer),
            "prompts/get" => self.get_prompt(call),
            "completion/complete" => Answer::Result(items::complete(&call.params)),
            method if method.starts_with("tasks/") && offer.tasks => self.about_task(call, offer),
            "subscriptions/listen" if call.is_stateless && offer.listens => self.listen(call),
            "skills/list" => match offer.skills {
                Some(tamper) => Answer::Result(skills::list(tamper)),
                None => unknown(),
            },
            _ => unknown(),
        }
    }

    fn read(&self, call: &Call, offer: &Offer) -> Answer {
        let uri = call.params["uri"].as_str().unwrap_or_default();
        if uri == "test://ask" && call.is_stateless {
            return self.ask_name(
                call,
                |name| json!({"contents": [{"uri": "test://ask", "text": format!("for {name}")}]}),
            );
        }
        let reads = self.reads.fetch_add(1, Ordering::SeqCst) + 1;
        let skill = offer.skills.and_then(|tamper| skills::read(uri, tamper));
        match skill.or_else(|| items::read(uri, reads)) {
            Some(contents) => Answer::Result(json!({"contents": contents})),
            None => {
                let code = if call.is_stateless { -32602 } else { -32002 };
                Answer::error(code, "Resource not found", json!({"uri": uri}))
            }
        }
    }

    fn get_prompt(&self, call: &Call) -> Answer {
        let missing = || Answer::error(-32602, "Invalid params", Value::Null);
        match call.params["name"].as_str() {
            Some("greet") => {
                items::greet(&call.params["arguments"]).map_or_else(missing, Answer::Result)
            }
            Some("plain") => Answer::Result(json!({"messages": []})),
            Some("ask") if call.is_stateless => self.ask_name(call, |name| {
                json!({"messages": [
                    {"role": "user", "content": {"type": "text", "text": format!("for {name}")}}]})
            }),
            _ => missing(),
        }
    }

    pub(crate) fn capabilities(&self, is_handshake: bool) -> Value {
        let Some(offer) = &self.config.offer else {
            return if is_handshake {
                json!({"tools": {"listChanged": true}, "resources": {"subscribe": true}})
            } else {
                json!({"tools": {"listChanged": false}})
            };
        };
        let changes = json!({"listChanged": offer.listens});
        let mut all = json!({"tools": changes, "prompts": changes, "logging": {}, "completions": {},
            "resources": {"listChanged": offer.listens, "subscribe": offer.listens}});
        if offer.tasks {
            tasks::declare(&mut all, is_handshake);
        }
        if offer.skills.is_some() {
            all["extensions"]["io.modelcontextprotocol/skills"] = json!({});
        }
        all
    }

    pub(crate) fn info(&self) -> Value {
        json!({"name": self.config.name, "version": "1.2.3", "title": "A test server"})
    }

    /// The whole message that an answer is, but for those that are steps.
    pub(crate) fn text(&self, call: &Call, answer: Answer) -> Vec<u8> {
        let rest = match answer {
            Answer::Result(mut result) => {
                if call.is_stateless && result["resultType"].is_null() {
                    result["resultType"] = json!("complete");
                }
                self.add_cache_hints(call, &mut result);
                json!({"result": result}).to_string()
            }
            Answer::Error { code, message, data } => {
                let mut error = json!({"code": code, "message": message});
                if !data.is_null() {
                    error["data"] = data;
                }
                json!({"error": error}).to_string()
            }
            Answer::Text(rest) => rest,
            Answer::Body(body) => return body,
            Answer::Play(_) => String::new(),
        };
        let rest = rest.strip_prefix('{').unwrap_or_default();
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{},{rest}", call.id).into_bytes()
    }

    fn add_cache_hints(&self, call: &Call, result: &mut Value) {
        let is_whole = result["resultType"] == "complete";
        let is_kept = call.method.ends_with("/list") || call.method == "resources/read";
        let hints = self.config.offer.as_ref().and_then(|offer| offer.cache);
        if let (true, true, Some((ttl, scope))) = (is_whole, is_kept, hints) {
            result["ttlMs"] = json!(ttl);
            result["cacheScope"] = json!(scope);
        }
    }
}
