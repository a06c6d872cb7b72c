"""Serves Canaille, an OpenID provider, for the suite `oauth`.

    canaille_provider.py LOGFILE LIFE

It registers each client, keeps everything in memory and listens on this machine
alone.  The first line on standard output is a JSON object with its port.  The
tokens live for LIFE seconds.  The end of standard input ends it.

Each exchange goes to LOGFILE as a line of JSON before its answer leaves, with
all that is secret otherwise.
"""

import base64
import io
import json
import logging
import os
import secrets
import sys
import threading
import urllib.parse
import warnings

warnings.simplefilter("ignore")

from canaille import create_app  # noqa: E402
from canaille.backends import Backend  # noqa: E402
from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: E402

FORM = "application/x-www-form-urlencoded"


class Quiet(WSGIRequestHandler):
    def log(self, *_):
        pass


class Recorder:
    """Writes a line for each exchange, then lets the answer go."""

    def __init__(self, app, log):
        self.app, self.log = app, log

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)

        def starting(status, headers, *more):
            self.write(environ, body, status)
            return start_response(status, headers, *more)

        return self.app(environ, starting)

    def write(self, environ, body, status):
        kind = environ.get("CONTENT_TYPE", "")
        form = dict(urllib.parse.parse_qsl(body.decode())) if kind.startswith(FORM) else {}
        rpc = json.loads(body) if body and kind.startswith("application/json") else {}
        scheme, _, pair = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        client = base64.b64decode(pair).decode() if scheme == "Basic" else ""
        line = {"path": environ["PATH_INFO"], "status": int(status.split()[0]), "form": form,
                "rpc": rpc, "basic": scheme == "Basic",
                "client": form.get("client_id") or client.partition(":")[0]}
        os.write(self.log, (json.dumps(line) + "\n").encode())


def add_person(app):
    from canaille.app import models
    with app.app_context():
        person = models.User(
            user_name="ann", password="not secret", given_name="Ann", family_name="Example",
            formatted_name="Ann Example", emails=["ann@example.com"])
        Backend.instance.save(person)


def main():
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    life = int(sys.argv[2])
    logging.disable(logging.CRITICAL)
    # The name of the server is its issuer, and has the port.
    server = make_server("127.0.0.1", 0, None, threaded=True, request_handler=Quiet)
    name = "127.0.0.1:%d" % server.server_port
    app = create_app({
        "SECRET_KEY": secrets.token_urlsafe(), "SERVER_NAME": name,
        "PREFERRED_URL_SCHEME": "http",
        "OAUTH2_TOKEN_EXPIRES_IN": {"authorization_code": life, "refresh_token": life},
        "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "SMTP": None,
                     "CAPTCHA_ENABLED": False},
        # No client of this machine is trusted without a question.
        "CANAILLE_OIDC": {"DYNAMIC_CLIENT_REGISTRATION_OPEN": True, "REQUIRE_NONCE": False,
                          "TRUSTED_DOMAINS": ["trusted.invalid"]},
    })
    add_person(app)
    server.app = Recorder(app, log)
    print(json.dumps({"canaille": server.server_port}), flush=True)

    def wait():
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
    server.serve_forever()


main()
