#!/usr/bin/env python3
"""Signs in, from C, at authorization servers that are not ours: FastMCP's own
of three majors, the official SDK's of two, oidc-provider, an OpenID provider,
behind FastMCP of three majors, and Canaille, another OpenID provider.

    oauth.py [--keep] [PART ...]

oauth.c makes the calls.  Its browser is person.py, which fills in the forms
that it gets, and in one check Chromium (oidc/browser.mjs).  What the servers
saw is read from their logs.
"""

import http.client
import json
import os
import shutil
import stat
import subprocess
import sys
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import environments
from environments import Unavailable
from support import INCLUDE, RELEASE, ROOT, Suite, free_port, run
from talk import Server

HERE = Path(__file__).resolve().parent
# Of this run alone: its keys and tokens are good for nothing later.
OUT = Path(ROOT) / "tests" / ".out" / ("oauth-%d" % os.getpid())
LIMIT = 120
CODE, RENEWAL = "authorization_code", "refresh_token"
BASIC = "client_secret_basic"
SERVICE, SERVICE_SECRET = "2", "a secret: + and %"
BY_HAND = "registered by hand"
# The life of tokens of the variant "brief" is 6 s, and they are renewed when
# half of that is over.
BRIEF = 6
WAIT = "wait %d" % (BRIEF * 1000 - 2000)
# A refresh token of Canaille ends with its access token.
CANAILLE = 60
suite = Suite("oauth")


class Log:
    """What a program wrote, a line of JSON each."""

    def __init__(self, name):
        self.path = OUT / name
        self.path.touch()

    def lines(self, **wanted):
        # What follows the last line end is being written just now.
        text = self.path.read_text().rpartition("\n")[0]
        found = [json.loads(line) for line in text.splitlines()]
        return [one for one in found
                if all(one.get(name) == value for name, value in wanted.items())]

    def awaited(self, count=1, **wanted):
        """Waits for so many such lines, from a program that runs on its own."""
        end = time.monotonic() + 30
        while len(self.lines(**wanted)) < count and time.monotonic() < end:
            time.sleep(0.05)
        return self.lines(**wanted)


class Person:
    """A browser for one or more runs of oauth.c."""

    def __init__(self, name, wants="accept", command=None):
        self.log = Log(name + ".person")
        self.program = OUT / (name + ".browser")
        command = command or [sys.executable, HERE / "person.py"]
        quoted = " ".join("'%s'" % part for part in command)
        self.program.write_text("#!/bin/sh\nexec %s \"$1\"\n" % quoted)
        self.program.chmod(0o700)
        self.environment = {"BROWSER": str(self.program), "PERSON": wants,
                            "PERSON_LOG": str(self.log.path)}

    def asked(self):
        """The query of each address that was opened."""
        return [one["asked"] for one in self.log.lines() if "asked" in one]


def calls(url, script, person=None, **options):
    """A run of oauth.c; gives what came of each line of the script."""
    arguments = ["browser", "1"] if person else []
    for name, value in options.items():
        arguments += [name, str(value)]
    environment = dict(os.environ, **(person.environment if person else {}))
    try:
        done = subprocess.run(
            [str(OUT / "oauth"), url, *arguments], input="\n".join(script) + "\n",
            capture_output=True, text=True, timeout=LIMIT, env=environment)
    except subprocess.TimeoutExpired as error:
        return [{"do": "none", "status": "no end", "why": str(error)}]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode != 0:
        lines.append({"do": "end", "status": str(done.returncode), "why": done.stderr[-500:]})
    return lines


def texts(lines):
    """The text of each call, or its status when it failed."""
    return [one.get("text", one["status"]) if one["status"] == "MCP_OK" else one["status"]
            for one in lines if not one["do"].startswith("wait")]


def answers(name, lines, wanted):
    return suite.check(name, texts(lines) == wanted, json.dumps(lines))


def sees(name, seen, wanted):
    return suite.check(name, seen == wanted, "%s, not %s" % (json.dumps(seen), json.dumps(wanted)))


def post(url, body, headers):
    """A request without the library: its status, and what it answers."""
    place = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=30)
    try:
        connection.request("POST", place.path, body, headers)
        reply = connection.getresponse()
        return reply.status, reply.read().decode(errors="replace")
    finally:
        connection.close()


def status_with(url, token, scheme="Bearer"):
    """How an MCP server answers to a token."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": {"name": "thief", "version": "0"}}}
    return post(url, json.dumps(body), {
        "Authorization": "%s %s" % (scheme, token), "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream"})[0]


def await_http(server):
    """Until a server answers at each of its ports, not just listens."""
    end = time.monotonic() + 150
    waiting = list(server.ports.values())
    while waiting:
        connection = http.client.HTTPConnection("127.0.0.1", waiting[0], timeout=60)
        try:
            connection.request("GET", "/not-there")
            connection.getresponse().read()
            del waiting[0]
        except OSError as error:
            if time.monotonic() > end or server.process.poll() is not None:
                raise RuntimeError("%s does not answer" % " ".join(server.command)) from error
            time.sleep(0.2)
        finally:
            connection.close()


# FastMCP and the official SDK, which are authorization servers themselves


def own(major, kind, version):
    name = "%s %s" % ("fastmcp" if kind == "own" else "official sdk", version)
    try:
        python = environments.fastmcp(major)
    except Unavailable as error:
        suite.skip(name, str(error))
        return
    file = "%s-%d" % (kind, major)
    log = Log(file + ".requests")
    with Server([python, HERE / "oauth_servers.py", kind, log.path]) as server:
        await_http(server)
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(widens, name, kind, file, server.url("steady"), log),
                         pool.submit(renews, name, file, server.url("brief"), log),
                         pool.submit(registered, name, file, server.url("steady"))]:
                done.result()


def grants(log, variant, grant):
    return [one for one in log.lines(variant=variant, path="/token")
            if one["form"].get("grant_type") == grant]


def widens(name, kind, file, url, log):
    """A sign-in, a wider one, and the end of it."""
    # Nothing is added to the scope of the program, also where the server (that of
    # the SDK) lists offline_access.
    scopes = [{"read"}, {"read", "write"}]
    person = Person(file + "-steady")
    lines = calls(url, ["call read", "call read", "call write", "call write", "sign-out"],
                  person, scope="read")
    answers(name + ": tools are called, one of them for a wider scope", lines,
            ["read", "read", "written", "written", "MCP_OK"])
    asked = person.asked()
    suite.check(name + ": the person is asked twice, for what is needed",
                [set(one.get("scope", "").split()) for one in asked] == scopes, json.dumps(asked))
    # These servers let a client ask for what it is registered for, and no more.
    made = [one["rpc"] for one in log.lines(variant="steady", path="/register")
            if one["rpc"]["client_name"] != BY_HAND]
    suite.check(name + ": under a registration for just that",
                [set(one.get("scope", "").split()) for one in made] == scopes, json.dumps(made))
    sees(name + ": S256 and the resource are in each",
         [(one["code_challenge_method"], one["resource"]) for one in asked], [("S256", url)] * 2)
    ids = {one["client_id"] for one in asked}
    codes = [one for one in grants(log, "steady", CODE) if one["form"]["client_id"] in ids]
    sees(name + ": each code becomes a token, for the resource",
         [(one["status"], one["form"].get("resource")) for one in codes], [(200, url)] * 2)
    sees(name + ": one call is refused for its scope, none afterwards", len(
        [one for one in log.lines(variant="steady", path="/mcp") if one["status"] == 403]), 1)
    revoked = log.lines(variant="steady", path="/revoke")
    sees(name + ": the tokens are revoked", [one["status"] for one in revoked],
         [200] * len(revoked) if revoked else "some")
    tokens = [one["form"]["token"] for one in revoked
              if one["form"].get("token_type_hint") == "access_token"]
    sees(name + ": a token that was revoked is refused",
         [status_with(url, one) for one in tokens], [401])
    back = person.log.awaited(2, back=True)
    sees(name + ": the browser is shown a page of ours",
         [(one["status"], one["headers"].get("content-security-policy")) for one in back],
         [(200, "default-src 'none'")] * 2)


def renews(name, file, url, log):
    """Renewal, and the next run of the program."""
    person = Person(file + "-brief")
    store = OUT / (file + ".store") / "tokens.json"
    lines = calls(url, ["sign-in", "call read", WAIT, "call read"], person, store=store)
    answers(name + ": a token is renewed before its end", lines, ["MCP_OK", "read", "read"])
    suite.check(name + ": by its refresh token, and the person is not asked again",
                len(grants(log, "brief", RENEWAL)) >= 1 and len(person.asked()) == 1,
                json.dumps(log.lines(variant="brief", path="/token")))
    sees(name + ": the file is for its owner alone",
         [stat.S_IMODE(one.stat().st_mode) for one in (store, store.parent)], [0o600, 0o700])
    lines = calls(url, ["call read", WAIT, "call read", "sign-out", "call read"], store=store)
    answers(name + ": another process goes on with the file, without a person, until it signs out",
            lines, ["read", "read", "MCP_OK", "MCP_E_UNAUTHORIZED"])
    renewals = grants(log, "brief", RENEWAL)
    sees(name + ": every renewal is accepted, each with a refresh token of its own",
         ([one["status"] for one in renewals],
          len({one["form"]["refresh_token"] for one in renewals})),
         ([200] * len(renewals), len(renewals)))
    answers(name + ": nothing of it is left for a third process",
            calls(url, ["call read"], store=store), ["MCP_E_UNAUTHORIZED"])


def registered(name, file, url):
    """Clients that their owner has registered, with a secret: one for the method
    that the server lists first, and one for another, which is then chosen."""
    scope = "read offline_access" if file.startswith("sdk") else "read"
    for method, chosen in (("client_secret_post", {}), (BASIC, {"method": BASIC})):
        client = by_hand(name, urllib.parse.urljoin(url, "/register"), scope, method)
        if client is not None:
            person = Person("%s-registered-%s" % (file, method))
            lines = calls(url, ["call read"], person, scope="read", **client, **chosen)
            answers("%s: a client that was registered by hand for %s signs in" % (name, method),
                    lines, ["read"])


def by_hand(name, endpoint, scope, method):
    """Registers a client with a secret; its options, or None."""
    redirect = "http://127.0.0.1:%d/callback" % free_port()
    status, text = post(endpoint, json.dumps({
        "client_name": BY_HAND, "redirect_uris": [redirect], "scope": scope,
        "response_types": ["code"], "grant_types": [CODE, RENEWAL],
        "token_endpoint_auth_method": method}),
                        {"Content-Type": "application/json"})
    if not suite.check(name + ": takes a registration by hand", status == 201, text):
        return None
    client = json.loads(text)
    return {"client": client["client_id"], "secret": client["client_secret"],
            "redirect": redirect}


# An OpenID provider, and FastMCP that takes its tokens


class Provider(Server):
    """oidc-provider, for the servers whose addresses it is told."""

    def __init__(self, resources):
        program, folder = environments.packages(environments.ENV / "oidc", HERE / "oidc")
        self.node, self.packages = program, folder
        self.log, self.key = Log("oidc.requests"), OUT / "service-key.pem"
        super().__init__(
            [program, HERE / "oidc" / "provider.mjs", self.log.path, self.key,
             json.dumps(resources)],
            environment={"INTEROP_PACKAGES": str(folder), "NODE_ENV": "test"})

    def grants(self, grant, resource, **wanted):
        return [one for one in self.log.lines(path="/token", **wanted)
                if one["form"].get("grant_type") == grant
                and one["form"].get("resource") == resource]


def openid(majors):
    name = "oidc-provider"
    servers, logs = {}, {}
    try:
        for major in majors:
            logs[major] = Log("remote-%d.requests" % major)
            servers[major] = Server(
                [environments.fastmcp(major), HERE / "oauth_servers.py", "remote",
                 logs[major].path])
        environments.packages(environments.ENV / "oidc", HERE / "oidc")
    except Unavailable as error:
        suite.skip(name, str(error))
        return
    try:
        resources = {}
        for server in servers.values():
            server.__enter__()
            for variant in server.ports:
                resources[server.url(variant)] = BRIEF if variant in ("brief", "bound") else 3600
        with Provider(resources) as provider:
            issuer = provider.url("oidc", "")
            for server in servers.values():
                server.process.stdin.write(issuer + "\n")
                server.process.stdin.flush()
            for server in servers.values():
                await_http(server)
            with ThreadPoolExecutor(4) as pool:
                jobs = []
                for major, server in servers.items():
                    jobs.append(pool.submit(openid_widens, major, server, logs[major], provider))
                major = max(majors)
                for job in (openid_renews, openid_consents, openid_bound, openid_refused,
                            openid_services, openid_in_chromium):
                    jobs.append(pool.submit(job, servers[major], logs[major], provider))
                for job in jobs:
                    job.result()
    finally:
        for server in servers.values():
            if hasattr(server, "process"):
                server.kill()


def openid_widens(major, server, log, provider):
    name = "oidc-provider, fastmcp %d" % major
    url = server.url("steady")
    person = Person("oidc-steady-%d" % major)
    pin = {}
    if major < 4:
        # These write an issuer without a path with a slash at its end.
        answers(name + ": an issuer that is another by a slash is refused",
                calls(url, ["call read"], person), ["MCP_E_AUTH"])
        pin = {"issuer": provider.url("oidc", "")}
    lines = calls(url, ["call read", "call write", "call write", "sign-out"], person,
                  scope="read offline_access", prompt="consent",
                  name="libmcpclient-%d" % major, **pin)
    answers(name + ": tools are called, one of them for a wider scope", lines,
            ["read", "written", "written", "MCP_OK"])
    asked = person.asked()
    sees(name + ": the person is asked twice, to go on offline as well",
         [(set(one.get("scope", "").split()), one.get("prompt")) for one in asked]
         == [({"read", "offline_access"}, "consent"),
             ({"read", "write", "offline_access"}, "consent")], True)
    sees(name + ": under one registration", len({one["client_id"] for one in asked}), 1)
    back = person.log.awaited(2, back=True)
    sees(name + ": the answer says who gave it",
         [one["given"].get("iss") for one in back], [provider.url("oidc", "")] * 2)
    sees(name + ": each code becomes a token",
         [one["status"] for one in provider.grants(CODE, url)], [200, 200])
    sees(name + ": one call is refused for its scope, none afterwards", len(
        [one for one in log.lines(variant="steady", path="/mcp") if one["status"] == 403]), 1)
    ids = {one["client_id"] for one in asked}
    revoked = [one for one in provider.log.lines(path="/token/revocation")
               if one["form"].get("client_id") in ids]
    refreshes = [one for one in revoked if one["form"]["token_type_hint"] == RENEWAL]
    sees(name + ": the refresh token is revoked", [one["status"] for one in refreshes], [200])
    for one in refreshes[:1]:
        form = {"grant_type": RENEWAL, "refresh_token": one["form"]["token"],
                "client_id": one["form"]["client_id"], "resource": url}
        status, text = post(provider.url("oidc", "/token"), urllib.parse.urlencode(form),
                            {"Content-Type": "application/x-www-form-urlencoded"})
        suite.check(name + ": and refused afterwards",
                    status == 400 and "invalid_grant" in text, "%d %s" % (status, text))


def openid_renews(server, _, provider):
    name = "oidc-provider"
    url = server.url("brief")
    person = Person("oidc-brief")
    store = OUT / "oidc.store" / "tokens.json"
    # This provider gives no refresh token without a new consent.
    lines = calls(url, ["sign-in", "call read", WAIT, "call read"], person, store=store,
                  prompt="consent")
    answers(name + ": a token is renewed before its end", lines, ["MCP_OK", "read", "read"])
    lines = calls(url, ["call read", WAIT, "call read"], store=store)
    answers(name + ": another process goes on with the file, without a person", lines,
            ["read", "read"])
    renewals = provider.grants(RENEWAL, url)
    suite.check(name + ": every renewal is accepted, each with a refresh token of its own",
                len(renewals) >= 2 and all(one["status"] == 200 for one in renewals)
                and len({one["form"]["refresh_token"] for one in renewals}) == len(renewals)
                and len(person.asked()) == 1, json.dumps(renewals))


def openid_consents(server, _, provider):
    name = "oidc-provider, consent"
    person = Person("oidc-consent")
    lines = calls(server.url("brief"), ["call read", WAIT, "call read", WAIT, "call read"], person)
    answers(name + ": tools are called", lines, ["read"] * 3)
    sees(name + ": it is asked for after no refresh token came, and gives one",
         [one.get("prompt") for one in person.asked()], [None, "consent"])


def openid_bound(server, log, provider):
    name = "oidc-provider, DPoP"
    url = server.url("bound")
    person = Person("oidc-bound")
    store = OUT / "oidc-bound.store" / "tokens.json"
    lines = calls(url, ["call read", WAIT, "call read"], person, store=store, prompt="consent")
    answers(name + ": a server that wants proofs gets them, and a renewed token too", lines,
            ["read", "read"])
    lines = calls(url, ["call read", WAIT, "call read"], store=store, dpop=1)
    answers(name + ": another process has the key from the file", lines, ["read", "read"])
    asked = person.asked()
    sees(name + ": the code is bound to the key too", [bool(one.get("dpop_jkt")) for one in asked],
         [True])
    tries = provider.grants(CODE, url) + provider.grants(RENEWAL, url)
    suite.check(name + ": the nonce that the provider wants is sent the second time",
                any(one["error"] == "use_dpop_nonce" for one in tries)
                and sum(one["status"] == 200 for one in tries) >= 3
                and all(one["dpop"] for one in tries), json.dumps(tries))
    shown = [one for one in log.lines(variant="bound", path="/mcp") if one["token"]]
    sees(name + ": no request shows its token as a bearer token",
         {one["scheme"] for one in shown} == {"DPoP"}, True)
    sees(name + ": each has a proof of its own",
         len({one["dpop"] for one in shown}), len(shown))
    token = shown[-1]["token"] if shown else ""
    sees(name + ": the token alone is good for nothing",
         (status_with(url, token, "DPoP"), status_with(url, token)), (401, 401))


def openid_refused(server, _, provider):
    name = "oidc-provider, refused"
    url = server.url("brief")
    person = Person("oidc-refused", "refuse")
    lines = calls(url, ["call read"], person)
    answers(name + ": a person who says no is an error of its own", lines, ["MCP_E_DENIED"])
    spare, store = server.url("spare"), OUT / "oidc-refused.store" / "tokens.json"
    lines = calls(spare, ["call read"], Person("oidc-agreed"), scope="read", store=store)
    lines += calls(spare, ["call write", "call read"], person, scope="read", store=store)
    answers(name + ": who says no to a wider scope keeps the token that there is", lines,
            ["read", "MCP_E_DENIED", "read"])
    answers(name + ": without a browser it is another", calls(url, ["call read"]),
            ["MCP_E_UNAUTHORIZED"])
    other = calls(url, ["call read"], person, issuer="https://issuer.example")
    answers(name + ": a pinned issuer that cannot be reached", other, ["MCP_E_UNAVAILABLE"])


def openid_services(server, _, provider):
    url = server.url("spare")
    for kind, options in (("secret", {"secret": SERVICE_SECRET}), ("key", {"key": provider.key})):
        name = "oidc-provider, service by its " + kind
        who = "service-" + kind
        lines = calls(url, ["call read", "call write", "call read"], grant=SERVICE,
                      client=who, scope="read", **options)
        answers(name + ": tools are called without a person", lines, ["read", "written", "read"])
        got = [one for one in provider.grants("client_credentials", url)
               if one["basic"] == (kind == "secret")]
        sees(name + ": a token, and one for the wider scope",
             [(one["status"], one["form"].get("scope")) for one in got],
             [(200, "read"), (200, "read write")])
        lines = calls(server.url("brief"), ["call read", WAIT, "call read"], grant=SERVICE,
                      client=who, **options)
        answers(name + ": a token that ends is followed by the next", lines, ["read", "read"])
    wrong = calls(url, ["call read"], grant=SERVICE, client="service-secret", secret="a mistaken one")
    answers("oidc-provider, service: a wrong secret is an error of its own", wrong,
            ["MCP_E_AUTH"])
    suite.check("oidc-provider, service: which is not shown",
                "mistaken" not in wrong[-1].get("why", ""), json.dumps(wrong))


def openid_in_chromium(server, _, provider):
    name = "oidc-provider, chromium"
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        suite.skip(name, "there is no chromium here")
        return
    log = Log("chromium")
    command = ["env", "INTEROP_PACKAGES=%s" % provider.packages, provider.node,
               HERE / "oidc" / "browser.mjs", chromium, OUT / "chromium.profile", log.path]
    person = Person("chromium-person", command=command)
    url = server.url("spare")
    answers(name + ": a person signs in", calls(url, ["call read"], person, prompt="consent"),
            ["read"])
    back = log.awaited(back=True)
    pages = [one["text"] for one in log.lines() if "text" in one]
    suite.check(name + ": who agrees to what, and sees our page in the end",
                len(pages) == 3 and url in pages[1] and "offline" in pages[1]
                and bool(back) and "close" in pages[2], json.dumps(log.lines()))


# Canaille, a server for the accounts of an organization


def canaille():
    name = "canaille"
    try:
        python, fastmcp = environments.canaille(), environments.fastmcp(4)
    except Unavailable as error:
        suite.skip(name, str(error))
        return
    log, requests = Log("canaille.requests"), Log("canaille-mcp.requests")
    program = [python, HERE / "canaille_provider.py", log.path, CANAILLE]
    servers = [fastmcp, HERE / "oauth_servers.py", "openid", requests.path]
    with Server(program) as provider, Server(servers) as server:
        issuer = provider.url("canaille", "")
        server.process.stdin.write(issuer + "\n")
        server.process.stdin.flush()
        await_http(server)
        canaille_signs_in(name, server.url("brief"), issuer, log)
        canaille_revokes(name, server.url("steady"), issuer, log)


def canaille_signs_in(name, url, issuer, log):
    """A sign-in, a call and a refresh in another process."""
    person = Person("canaille")
    store = OUT / "canaille.store" / "tokens.json"
    # Its metadata lists its scopes; they are about the person.
    lines = calls(url, ["sign-in", "call read"], person, store=store, scope="profile")
    answers(name + ": a person signs in, and tools are called", lines, ["MCP_OK", "read"])
    asked = person.asked()
    sees(name + ": S256 and the resource are sent",
         [(one["code_challenge_method"], one["resource"]) for one in asked], [("S256", url)])
    back = person.log.awaited(back=True)
    sees(name + ": the answer says who gave it", [one["given"].get("iss") for one in back],
         [issuer])
    sees(name + ": the client registers itself once",
         [one["status"] for one in log.lines(path="/oauth/register")], [201])
    lines = calls(url, ["call read", "wait %d" % (CANAILLE * 600), "call read"], store=store)
    answers(name + ": another process goes on, and renews the token", lines, ["read", "read"])
    sees(name + ": the code becomes a token, and its refresh token the next one",
         [(one["form"]["grant_type"], one["status"]) for one in log.lines(path="/oauth/token")],
         [(CODE, 200), (RENEWAL, 200)])
    sees(name + ": without the person", len(person.asked()), 1)


def canaille_revokes(name, url, issuer, log):
    """The sign-out, which Canaille lets only a client with a secret ask for."""
    client = by_hand(name, issuer + "/oauth/register", "profile", BASIC)
    if client is None:
        return
    store = OUT / "canaille-revokes.store" / "tokens.json"
    lines = calls(url, ["sign-in", "call read", "sign-out"],
                  Person("canaille-registered"), store=store, scope="profile", **client)
    answers(name + ": a client that was registered by hand signs in and out", lines,
            ["MCP_OK", "read", "MCP_OK"])
    revoked = log.lines(path="/oauth/revoke")
    sees(name + ": the tokens are revoked",
         [(one["form"].get("token_type_hint"), one["status"]) for one in revoked],
         [(RENEWAL, 200), ("access_token", 200)])
    shown = [one for one in log.lines(client=client["client"]) if one["path"] != "/oauth/authorize"]
    sees(name + ": each request proves the client in one way",
         {one["basic"] and "client_id" not in one["form"] for one in shown} == {True}, True)
    answers(name + ": and nothing is left", calls(url, ["call read"], store=store),
            ["MCP_E_UNAUTHORIZED"])


def compiles():
    done = run(["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1", "-g",
                "-I", INCLUDE, "-o", str(OUT / "oauth"), str(HERE / "oauth.c"), "-L", RELEASE,
                "-lmcpclient", "-Wl,-rpath," + RELEASE])
    return suite.check("oauth.c compiles without a warning", done.returncode == 0, done.stderr)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    chosen = [one for one in sys.argv[1:] if not one.startswith("--")]
    if compiles():
        jobs = [("oidc", openid, (2, 3, 4)), ("canaille", canaille), ("own-4", own, 4, "own", "4.1"),
                ("own-3", own, 3, "own", "3.4"), ("own-2", own, 2, "own", "2.14"),
                ("sdk-4", own, 4, "sdk", "2.3"), ("sdk-3", own, 3, "sdk", "1.30")]
        with ThreadPoolExecutor(3) as pool:
            futures = [pool.submit(function, *arguments) for part, function, *arguments in jobs
                       if not chosen or part in chosen]
            for future in futures:
                try:
                    future.result()
                except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
                    suite.check("a stock server runs", False, str(error))
    if suite.counts["failed"] == 0 and "--keep" not in sys.argv:
        shutil.rmtree(OUT, ignore_errors=True)
    suite.end()


main()
