//! The list of mutations, as data. A mutation changes one message of a correct
//! exchange, and says what the application may see afterwards.

/// What a mutation changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The frames in place of the correct one. A frame is a body, the data of an
    /// event, or a line. `$M` is the correct message, `$ID` the id of the
    /// request, `$R` the result.
    Frames(&'static [&'static [u8]]),
    /// The HTTP status and the body, which may have the same variables. Over HTTP
    /// with SSE they belong to the response to the POST, and the event stream has
    /// no message.
    Status(u16, &'static str, &'static str),
    /// The media type of the HTTP response, "" for none, and the body or the
    /// frame.
    Type(&'static str, &'static str),
    /// A header field more.
    Header(&'static str, &'static str),
    /// The `Content-Length` is wrong by this many bytes, and the server closes
    /// the connection.
    Length(isize),
    /// The transport ends after this share of the bytes, in percent.
    CloseAt(usize),
    /// The transport is reset before the response.
    Reset,
    /// The server sends this share of the bytes, in percent, and no more.
    HangAt(usize),
    /// Each byte travels alone.
    Drip,
    /// The response is late by this many milliseconds.
    Delay(u64),
    /// The line ends with these bytes.
    LineEnd(&'static [u8]),
}

/// What the application may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The right result.
    Right,
    /// The right result, or at once an error that says what was wrong.
    RightOrFault,
    /// At once an error that says what was wrong.
    Fault,
    /// At once `MCP_E_PROTOCOL`, with the word "malformed".
    Malformed,
    /// At once `MCP_E_RPC`, with the words of the server.
    Words,
    /// At once an error of any status, with the words of the server.
    Says,
    /// At once `MCP_E_RPC`: the server gave no words.
    Rpc,
    /// `MCP_E_TIMEOUT`, with how much arrived that was no response.
    Waits,
    /// `MCP_E_TIMEOUT`.
    Timeout,
    /// The carrier has no such mutation.
    Not,
}

use Change::{CloseAt, Delay, Drip, Frames, HangAt, Header, Length, LineEnd, Reset, Status, Type};
use Expect::{Fault, Malformed, Not, Right, RightOrFault, Rpc, Says, Timeout, Waits, Words};

/// The words of the server in an error.
pub const WORDS: &str = "disk is full";

/// Name, change, and what is expected of a JSON body, the event stream of a POST,
/// and a shared connection: HTTP with SSE and stdio.
pub type Mutation = (&'static str, Change, [Expect; 3]);

const RIGHT: [Expect; 3] = [Right, Right, Right];
const WORD: [Expect; 3] = [Words, Words, Words];
const BROKEN: [Expect; 3] = [Malformed, Malformed, Malformed];
/// What has no readable id may be noise: the response may still come.
const NOISE: [Expect; 3] = [Fault, Fault, Waits];
/// Noise around the correct message. A body has room for one message only.
const AROUND: [Expect; 3] = [Not, Right, Right];
const HTTP: [Expect; 3] = [Fault, Fault, Fault];
const BODY: [Expect; 3] = [RightOrFault, Not, Not];

#[rustfmt::skip]
pub const MUTATIONS: &[Mutation] = &[
    // The id.
    ("the id is text", Frames(&[br#"{"jsonrpc":"2.0","id":"$ID","result":$R}"#]), RIGHT),
    ("the id is a float", Frames(&[br#"{"jsonrpc":"2.0","id":$ID.0,"result":$R}"#]), RIGHT),
    ("the id has an exponent", Frames(&[br#"{"jsonrpc":"2.0","id":$IDe0,"result":$R}"#]), RIGHT),
    ("the id comes last", Frames(&[br#"{"result":$R,"jsonrpc":"2.0","id":$ID}"#]), RIGHT),
    ("the id is text with a zero", Frames(&[br#"{"jsonrpc":"2.0","id":"0$ID","result":$R}"#]), NOISE),
    ("the id is text with a space", Frames(&[br#"{"jsonrpc":"2.0","id":" $ID","result":$R}"#]), NOISE),
    ("the id is text with a sign", Frames(&[br#"{"jsonrpc":"2.0","id":"+$ID","result":$R}"#]), NOISE),
    ("the id is made up", Frames(&[br#"{"jsonrpc":"2.0","id":"req-1","result":$R}"#]), NOISE),
    ("the id is another", Frames(&[br#"{"jsonrpc":"2.0","id":99999,"result":$R}"#]), NOISE),
    ("the id is huge", Frames(&[br#"{"jsonrpc":"2.0","id":99999999999999999999999,"result":$R}"#]), NOISE),
    ("the id is negative", Frames(&[br#"{"jsonrpc":"2.0","id":-1,"result":$R}"#]), NOISE),
    ("the id is null", Frames(&[br#"{"jsonrpc":"2.0","id":null,"result":$R}"#]), NOISE),
    ("the id is missing", Frames(&[br#"{"jsonrpc":"2.0","result":$R}"#]), NOISE),
    ("the id is an array", Frames(&[br#"{"jsonrpc":"2.0","id":[$ID],"result":$R}"#]), NOISE),
    ("the id is an object", Frames(&[br#"{"jsonrpc":"2.0","id":{"id":$ID},"result":$R}"#]), NOISE),
    ("the id is a boolean", Frames(&[br#"{"jsonrpc":"2.0","id":true,"result":$R}"#]), NOISE),

    // The envelope.
    ("jsonrpc is missing", Frames(&[br#"{"id":$ID,"result":$R}"#]),
        [RightOrFault, RightOrFault, RightOrFault]),
    ("jsonrpc is null", Frames(&[br#"{"jsonrpc":null,"id":$ID,"result":$R}"#]),
        [RightOrFault, RightOrFault, RightOrFault]),
    ("jsonrpc is a number", Frames(&[br#"{"jsonrpc":2.0,"id":$ID,"result":$R}"#]),
        [RightOrFault, RightOrFault, RightOrFault]),
    ("jsonrpc is 1.0", Frames(&[br#"{"jsonrpc":"1.0","id":$ID,"result":$R}"#]),
        [RightOrFault, RightOrFault, RightOrFault]),
    ("a null method", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"method":null,"params":null,"result":$R}"#]), RIGHT),
    ("a null error", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"result":$R,"error":null}"#]), RIGHT),
    ("an unknown member", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"result":$R,"took":{"ms":1}}"#]), RIGHT),
    ("spaces everywhere", Frames(&[b" \t{ \"jsonrpc\" : \"2.0\" ,\t\"id\" : $ID , \"result\" : $R } \t"]), RIGHT),
    ("escaped names", Frames(&[br#"{"jsonrpc":"2.0","\u0069d":$ID,"r\u0065sult":$R}"#]), RIGHT),
    ("neither result nor error", Frames(&[br#"{"jsonrpc":"2.0","id":$ID}"#]), BROKEN),
    ("a result and an error",
        Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"result":$R,"error":{"code":1,"message":"no"}}"#]), BROKEN),
    ("an array of one", Frames(&[b"[$M]"]), RIGHT),
    ("an array of one with spaces", Frames(&[b"[ $M ] "]), RIGHT),
    ("an array of two",
        Frames(&[br#"[{"jsonrpc":"2.0","method":"notifications/x"},$M]"#]), BROKEN),
    ("an empty array", Frames(&[b"[]"]), NOISE),
    ("null", Frames(&[b"null"]), NOISE),
    ("a number", Frames(&[b"42"]), NOISE),
    ("a text", Frames(&[br#""ok""#]), NOISE),
    ("an empty object", Frames(&[b"{}"]), NOISE),
    ("nothing", Frames(&[b""]), [Fault, Fault, Timeout]),
    ("the request itself",
        Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"method":"ping","params":{}}"#]),
        [Fault, Fault, Timeout]),

    // Errors.
    ("an error", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"error":{"code":-32000,"message":"disk is full"}}"#]), WORD),
    ("an error with a null result",
        Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"result":null,"error":{"code":-32000,"message":"disk is full"}}"#]), WORD),
    ("an error with null members",
        Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"method":null,"error":{"code":null,"message":"disk is full","data":null}}"#]), WORD),
    ("an error with a float code",
        Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"error":{"code":-32000.0,"message":"disk is full"}}"#]), WORD),
    ("an error with a code in words",
        Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"error":{"code":"EFULL","message":"disk is full"}}"#]), WORD),
    ("an error with a huge code",
        Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"error":{"code":1e300,"message":"disk is full"}}"#]), WORD),
    ("an error without a code",
        Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"error":{"message":"disk is full"}}"#]), WORD),
    ("an error without a message",
        Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"error":{"code":-32000,"reason":"disk is full"}}"#]), WORD),
    ("an error with a message object",
        Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"error":{"code":-32000,"message":{"text":"disk is full"}}}"#]), WORD),
    ("an error that is text", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"error":"disk is full"}"#]), WORD),
    ("an error that is an array", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"error":["disk is full"]}"#]), WORD),
    ("an error that is a number", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"error":28}"#]), [Rpc, Rpc, Rpc]),
    ("an error that is true", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"error":true}"#]), [Rpc, Rpc, Rpc]),
    ("an error that is empty", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"error":{}}"#]), [Rpc, Rpc, Rpc]),
    ("an error with the id as text",
        Frames(&[br#"{"jsonrpc":"2.0","id":"$ID","error":{"code":-32000,"message":"disk is full"}}"#]), WORD),
    ("an error with a null id",
        Frames(&[br#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"disk is full"}}"#]), WORD),
    ("an error without an id",
        Frames(&[br#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"disk is full"}}"#]), WORD),
    ("an error with a made-up id",
        Frames(&[br#"{"jsonrpc":"2.0","id":"err_51c","error":{"code":-32000,"message":"disk is full"}}"#]), WORD),
    ("an error with another number",
        Frames(&[br#"{"jsonrpc":"2.0","id":99999,"error":{"code":-32000,"message":"disk is full"}}"#]), WORD),
    ("an error with an id object",
        Frames(&[br#"{"jsonrpc":"2.0","id":{},"error":{"code":-32000,"message":"disk is full"}}"#]), WORD),

    // Texts that are not JSON, with a readable id.
    ("NaN", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"result":{"mean":NaN}}"#]), BROKEN),
    ("Infinity", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"result":{"mean":[-Infinity]}}"#]), BROKEN),
    ("NaN before the id", Frames(&[br#"{"result":{"mean":NaN},"jsonrpc":"2.0","id":$ID}"#]), BROKEN),
    ("NaN, the id as text", Frames(&[br#"{"jsonrpc":"2.0","id":"$ID","result":{"mean":NaN}}"#]), BROKEN),
    ("NaN in an error", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"error":{"code":NaN,"message":"x"}}"#]), BROKEN),
    ("Python's None", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"result":{"a":None}}"#]), BROKEN),
    ("a trailing comma", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"result":{"a":1,}}"#]), BROKEN),
    ("a trailing comma at the top", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"result":{},}"#]), BROKEN),
    ("a missing comma", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"result":{"a":1 "b":2}}"#]), BROKEN),
    ("a name without quotes", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"result":{a:1}}"#]), BROKEN),
    ("single quotes", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"result":{'a':'}'}}"#]), BROKEN),
    ("a bad escape", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"result":{"a":"C:\x"}}"#]), BROKEN),
    ("a tab in a text", Frames(&[b"{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"a\":\"b\tc\"}}"]), BROKEN),
    ("a leading zero", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"result":{"a":007}}"#]), BROKEN),
    ("Latin-1", Frames(&[b"{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"a\":\"caf\xe9 \x97\"}}"]), BROKEN),
    ("Latin-1 before the id", Frames(&[b"{\"result\":{\"a\":\"caf\xe9\"},\"jsonrpc\":\"2.0\",\"id\":$ID}"]), BROKEN),
    ("a surrogate as UTF-8", Frames(&[b"{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"a\":\"\xed\xa0\x80\"}}"]), BROKEN),
    ("a cut message", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"te"#]), BROKEN),
    ("words after the message", Frames(&[b"$M Done."]), BROKEN),
    ("a bracket too many", Frames(&[b"$M}"]), BROKEN),
    ("the message twice in a text", Frames(&[b"$M$M"]), BROKEN),
    ("an id in the result only", Frames(&[br#"{"jsonrpc":"2.0","result":{"id":$ID,"mean":NaN}}"#]), NOISE),
    ("words before the message", Frames(&[b"INFO listing $M"]), NOISE),
    ("UTF-16", Frames(&[b"\xff\xfe{\x00\"\x00i\x00d\x00"]), NOISE),
    ("a byte order mark", Frames(&[b"\xef\xbb\xbf$M"]), [RightOrFault, RightOrFault, RightOrFault]),
    ("HTML", Frames(&[b"<html><body>502 Bad Gateway</body></html>"]), NOISE),

    // Noise before, after and between.
    ("a line of a log", Frames(&[b"Server listening on port 3000", b"$M"]), AROUND),
    ("a structured log", Frames(&[br#"{"level":"info","msg":"handling"}"#, b"$M"]), AROUND),
    ("a structured log with the id", Frames(&[br#"{"level":"info","id":$ID,"msg":"handling"}"#, b"$M"]), AROUND),
    ("a heartbeat", Frames(&[br#"{"type":"heartbeat","timestamp":"2025-10-31T11:30:41.100Z"}"#, b"$M"]), AROUND),
    ("an empty frame", Frames(&[b"", b"$M"]), AROUND),
    ("many empty frames", Frames(&[b"", b" ", b"", b"\t", b"", b"$M"]), AROUND),
    ("null first", Frames(&[b"null", b"$M"]), AROUND),
    ("an array first", Frames(&[b"[]", b"$M"]), AROUND),
    ("a text first", Frames(&[br#""ping""#, b"$M"]), AROUND),
    ("a bracket first", Frames(&[b"{", b"$M"]), AROUND),
    ("Latin-1 first", Frames(&[b"caf\xe9", b"$M"]), AROUND),
    ("control characters first", Frames(&[b"\x1b[32mok\x1b[0m \x07", b"$M"]), AROUND),
    ("a NUL first", Frames(&[b"\x00", b"$M"]), AROUND),
    ("an unknown notification", Frames(&[br#"{"jsonrpc":"2.0","method":"notifications/x","params":[1]}"#, b"$M"]), AROUND),
    ("a malformed notification", Frames(&[br#"{"jsonrpc":"2.0","method":"notifications/x","params":{"a":NaN}}"#, b"$M"]), AROUND),
    ("progress of no one", Frames(&[br#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"x","progress":1}}"#, b"$M"]), AROUND),
    ("a request of the server", Frames(&[br#"{"jsonrpc":"2.0","id":$ID,"method":"ping"}"#, b"$M"]), AROUND),
    ("a response to another first", Frames(&[br#"{"jsonrpc":"2.0","id":99999,"result":{}}"#, b"$M"]), AROUND),
    ("a response without an id first", Frames(&[br#"{"jsonrpc":"2.0","result":{}}"#, b"$M"]),
        [Not, RightOrFault, Right]),
    ("the response twice", Frames(&[b"$M", b"$M"]), AROUND),
    ("a log after", Frames(&[b"$M", b"done"]), AROUND),
    ("a log before and after", Frames(&[b"begin", b"$M", b"end", br#"{"id":$ID}"#]), AROUND),
    ("only a log", Frames(&[b"Server listening on port 3000"]), NOISE),
    ("only a structured log with the id", Frames(&[br#"{"level":"info","id":$ID,"msg":"handling"}"#]), NOISE),

    // HTTP statuses. A 404 in a session is a lost session: the request goes again.
    ("201", Status(201, "application/json", "$M"), BODY),
    ("202 with the response", Status(202, "application/json", "$M"), BODY),
    ("202 without a body", Status(202, "", ""), [Fault, Not, Not]),
    ("204", Status(204, "", ""), [Fault, Not, Not]),
    ("206", Status(206, "application/json", "$M"), BODY),
    ("302 without a location", Status(302, "text/html", ""), HTTP),
    ("400 with words", Status(400, "text/plain", "disk is full"), [Says, Says, Says]),
    ("400 with an error",
        Status(400, "application/json", r#"{"jsonrpc":"2.0","id":$ID,"error":{"code":-32000,"message":"disk is full"}}"#),
        [Says, Says, Says]),
    ("400 with an error without an id",
        Status(400, "application/json", r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"disk is full"}}"#),
        [Says, Says, Says]),
    ("400 without a body", Status(400, "", ""), HTTP),
    ("400 with HTML", Status(400, "text/html", "<h1>Bad</h1>"), HTTP),
    ("401", Status(401, "text/plain", "no"), HTTP),
    ("403 with words", Status(403, "text/plain", "disk is full"), [Says, Says, Says]),
    ("405", Status(405, "text/html", "<h1>405</h1>"), HTTP),
    ("406", Status(406, "", ""), HTTP),
    ("409", Status(409, "text/plain", "disk is full"), [Says, Says, Says]),
    ("410", Status(410, "text/plain", "gone"), HTTP),
    ("413", Status(413, "text/plain", "too large"), HTTP),
    ("415", Status(415, "text/plain", "no"), HTTP),
    ("422 with JSON of another kind", Status(422, "application/json", r#"{"detail":"disk is full"}"#), [Says, Says, Says]),
    ("429", Status(429, "text/plain", "slow down"), HTTP),
    ("500 with words", Status(500, "text/plain", "disk is full"), [Says, Says, Says]),
    ("500 with an error",
        Status(500, "application/json", r#"{"jsonrpc":"2.0","id":"server-error","error":{"code":-32603,"message":"disk is full"}}"#),
        [Says, Says, Says]),
    ("500 with an error that is text",
        Status(500, "application/json", r#"{"error":"disk is full"}"#), [Says, Says, Says]),
    ("502 with HTML", Status(502, "text/html", "<h1>502</h1>"), HTTP),
    ("503", Status(503, "", ""), HTTP),
    ("504 with HTML", Status(504, "text/html", "<h1>504</h1>"), HTTP),
    ("599", Status(599, "", ""), HTTP),

    // Media types.
    ("no media type", Type("", "$M"), BODY),
    ("text/plain", Type("text/plain", "$M"), BODY),
    ("text/html", Type("text/html", "$M"), BODY),
    ("octets", Type("application/octet-stream", "$M"), BODY),
    ("another JSON", Type("application/vnd.api+json", "$M"), BODY),
    ("JSON with a character set", Type("application/json; charset=utf-8", "$M"), [Right, Not, Not]),
    ("JSON in capitals", Type("Application/JSON ; Charset=\"UTF-8\"", "$M"), [Right, Not, Not]),
    ("an error of no media type",
        Type("", r#"{"jsonrpc":"2.0","id":$ID,"error":{"code":-32000,"message":"disk is full"}}"#),
        [Words, Not, Not]),
    ("an error as text/plain",
        Type("text/plain", r#"{"jsonrpc":"2.0","id":$ID,"error":{"code":-32000,"message":"disk is full"}}"#),
        [Words, Not, Not]),
    ("JSON labelled as an event stream", Type("text/event-stream", "$M"), [Right, Not, Not]),
    ("an error labelled as an event stream",
        Type("text/event-stream", r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"disk is full"}}"#),
        [Words, Not, Not]),
    ("words labelled as an event stream", Type("text/event-stream", "disk is full"), [Fault, Not, Not]),
    ("HTML labelled as an event stream", Type("text/event-stream", "<h1>502</h1>"), [Fault, Not, Not]),
    ("HTML labelled as JSON", Type("application/json", "<h1>502</h1>"), [Fault, Not, Not]),
    ("nothing labelled as JSON", Type("application/json", ""), [Fault, Not, Not]),
    ("an event labelled as JSON", Type("application/json", "data: $M\n\n"), BODY),

    // Header fields.
    ("a coding that is not there", Header("content-encoding", "gzip"), [Fault, Fault, Not]),
    ("an unknown coding", Header("content-encoding", "br"), [Fault, Fault, Not]),
    ("no coding by name", Header("content-encoding", "Identity"), [Right, Right, Not]),
    ("a cookie", Header("set-cookie", "AWSALB=node1; Path=/"), [Right, Right, Not]),
    ("a strange cookie", Header("set-cookie", ";;=;x; Expires=never"), [Right, Right, Not]),
    ("a strange header", Header("x-strange", "\u{fc}\u{7}\t"), [RightOrFault, RightOrFault, Not]),

    // Framing and time.
    ("a length that is too long", Length(7), [Fault, Not, Not]),
    ("a length that is too short", Length(-7), [Fault, Not, Not]),
    ("closed before the response", CloseAt(0), [Fault, Fault, Fault]),
    ("closed within the response", CloseAt(50), [Fault, Fault, Fault]),
    ("reset before the response", Reset, [Fault, Fault, Not]),
    ("silence", HangAt(0), [Timeout, Timeout, Timeout]),
    ("silence within the response", HangAt(70), [Timeout, Timeout, Timeout]),
    ("byte by byte", Drip, RIGHT),
    ("late", Delay(150), RIGHT),
    ("lines that end with CR LF", LineEnd(b"\r\n"), [Not, Not, Right]),
    ("lines that end with CR CR LF", LineEnd(b"\r\r\n"), [Not, Not, Right]),
    ("empty lines after", LineEnd(b"\n\n\n"), [Not, Not, Right]),
];

/// What a member of a result is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is only shown: a wrong type refuses nothing.
    Decoration,
    /// One of several items: a wrong one costs only itself.
    Item,
    /// What the caller asked for: taken as what it plainly means, or
    /// `MCP_E_PROTOCOL`. Never an empty success.
    Payload,
    /// Decides how the result is read: any outcome that is not silent.
    Steering,
}

use Role::{Decoration, Item, Payload, Steering};

/// The members of the results, by method.
pub const MEMBERS: &[(&str, &[(&str, Role)])] = &[
    (
        "tools/call",
        &[
            ("/result", Payload),
            ("/result/content", Payload),
            ("/result/content/0", Item),
            ("/result/content/0/type", Item),
            ("/result/content/0/text", Item),
            ("/result/content/0/annotations", Decoration),
            ("/result/isError", Steering),
            ("/result/_meta", Decoration),
        ],
    ),
    (
        "tools/list",
        &[
            ("/result", Payload),
            ("/result/tools", Payload),
            ("/result/tools/0", Item),
            ("/result/tools/0/name", Item),
            ("/result/tools/0/title", Decoration),
            ("/result/tools/0/description", Decoration),
            ("/result/tools/0/inputSchema", Item),
            ("/result/tools/0/annotations", Decoration),
            ("/result/tools/0/icons", Decoration),
            ("/result/_meta", Decoration),
        ],
    ),
    (
        "initialize",
        &[
            ("/result", Steering),
            ("/result/protocolVersion", Steering),
            ("/result/capabilities", Steering),
            ("/result/capabilities/tools", Steering),
            ("/result/serverInfo", Decoration),
            ("/result/serverInfo/name", Decoration),
            ("/result/serverInfo/version", Decoration),
            ("/result/serverInfo/title", Decoration),
            ("/result/instructions", Decoration),
            ("/result/_meta", Decoration),
        ],
    ),
    (
        "server/discover",
        &[
            ("/result", Steering),
            ("/result/supportedVersions", Steering),
            ("/result/capabilities", Steering),
            ("/result/serverInfo", Decoration),
            ("/result/instructions", Decoration),
            ("/result/ttlMs", Decoration),
            ("/result/cacheScope", Decoration),
        ],
    ),
];

/// The values that a member gets in place of its own. "" takes it away.
pub const VALUES: &[&str] = &[
    "",
    "null",
    "true",
    "0",
    "-1.5",
    "1e400",
    "\"\"",
    "\"x\"",
    "[]",
    "[null]",
    "[1,\"a\",{}]",
    "{}",
    "{\"a\":{\"b\":[1]}}",
];
