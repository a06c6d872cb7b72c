"""login --device: a person signs in with a browser elsewhere."""

import json
import signal
import time

from authority import DEVICE
from common import check, suite
from oauth import WITH, ended, person


def signing_in():
    with person() as one:
        url = one.server.url
        one.server.device = {}
        one.server.polls = ["authorization_pending"]
        page = one.server.origin + "/activate"
        done = one.call("login", "--device", url)
        check("login --device signs in", done, 0, "signed in to %s\n" % url)
        check("and shows the address, the code and both in one", done, 0,
              "to sign in, visit\n  %s\n" % page, "enter the code\n  WDJB-MJHT\n",
              "\n  %s?user_code=WDJB-MJHT\n" % page, "5 minutes", where="stderr")
        suite.check("without a browser", not one.visits() and not one.server.of("/authorize"))
        asked = one.server.of("/register")
        suite.check("as a client of that grant",
                    len(asked) == 1 and asked[0]["grant_types"] == [DEVICE, "refresh_token"], asked)
        suite.check("after a poll for each second", len(one.server.grants(DEVICE)) == 2)
        done = one.call(*WITH, "tools", url)
        suite.check("other commands have the token, whatever their grant is",
                    done.returncode == 0 and not done.stderr and not one.visits(), done)
        one.server.expire_all()
        check("and renew it", one.call(*WITH, "tools", url), 0)
        suite.check("with its client", len(one.server.grants("refresh_token")) == 1
                    and len(one.server.of("/register")) == 1)
        check("logout", one.call("logout", url), 0, "signed out of")
        suite.check("revokes both tokens", not one.server.good and not one.server.refreshable)
        check("and forgets all", one.call("logout", url), 1, where="stderr")

        done = one.call(*WITH, "--grant", "device", "request", url, "tools/list")
        check("--grant device is for other commands", done, 0, "tools")
        check("which show the code as well", done, 0, "WDJB-MJHT", where="stderr")
        one.call("logout", url)
        done = one.call("login", "--device", "--json", url)
        check("--json changes the result alone", done, 0, '{"ok":true}\n')
        check("the code is for a person", done, 0, "WDJB-MJHT", where="stderr")


def refusing():
    with person() as one:
        url = one.server.url
        done = one.call("login", "--device", url)
        check("a server without the endpoint is named", done, 1, "device_authorization_endpoint",
              "--authorization-endpoint", where="stderr")
        suite.check("no message names a function", "mcp_" not in done.stderr, done.stderr)
        for error in ("access_denied", "authorization_declined", "expired_token"):
            one.server.device, one.server.polls = {}, [error]
            done = one.call("login", "--device", url)
            check("%s ends it" % error, done, 1, error, where="stderr")
            suite.check("and keeps the registration", len(one.server.of("/register")) == 1)
        one.server.polls = ["access_denied"]
        done = one.call("login", "--device", "--json", url)
        document = json.loads(done.stdout)
        suite.check("an error with --json", done.returncode == 1
                    and document["status"] == "MCP_E_DENIED", done)
        one.server.device = {"verification_uri": "javascript:alert(1)"}
        done = one.call("login", "--device", url)
        check("no other address is shown", done, 1, "refused", where="stderr")
        suite.check("and no code", "WDJB" not in done.stderr, done.stderr)
        one.server.device = {"user_code": "A\x1b[2JB", "verification_uri_complete": "file:///x"}
        done = one.call("login", "--device", url)
        suite.check("the code is shown clean", done.returncode == 0 and "\x1b" not in done.stderr
                    and "A?[2JB" in done.stderr and "file:" not in done.stderr, done.stderr)
        check("two grants are one too many", one.call("login", "--device", "--grant", "code", url),
              2, "--device", where="stderr")
        check("--device goes with OAuth", one.call("--device", "ping", url), 2, "--device",
              where="stderr")


def interrupting():
    with person() as one:
        one.server.device = {"interval": 60}
        process = one.start("login", "--device", one.server.url)
        for line in process.stderr:
            if "minutes" in line:
                break
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        code, _, err, taken = ended(process)
        suite.check("Ctrl-C ends the wait at once", code == 130 and taken < 20, (code, taken, err))
        one.server.device = {}
        check("nothing is left behind", one.call("login", "--device", one.server.url), 0)


def run_all():
    signing_in()
    refusing()
    interrupting()


if __name__ == "__main__":
    run_all()
    suite.end()
