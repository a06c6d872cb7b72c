#!/usr/bin/env python3
"""The person who signs in, for the suite `oauth`: gets a page, fills in its
form, sends it, and so on until the browser would be back at the program.

    person.py URL

PERSON_LOG is a file to which each page goes as a line of JSON.  PERSON is
what the person wants: "accept", or "refuse" as soon as the page lets them.
"""

import html.parser
import http.cookiejar
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

FIELDS = {"login": "ann", "username": "ann", "password": "not secret"}
MOST = 12


class Page(html.parser.HTMLParser):
    """The first form of a page, and where its links go."""

    def __init__(self, text):
        super().__init__()
        self.action, self.method, self.values, self.links = None, "get", {}, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "a":
            self.links.append(given.get("href") or "")
        elif tag == "form" and self.action is None:
            self.action = given.get("action") or ""
            self.method = (given.get("method") or "get").lower()
        elif tag == "input" and given.get("name"):
            name = given["name"]
            self.values[name] = FIELDS.get(name, given.get("value") or "")
        elif tag == "button" and given.get("name") and given.get("value") == "accept":
            self.values[given["name"]] = "accept"


def log(**line):
    with open(os.environ["PERSON_LOG"], "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def visit(opener, url, form=None):
    data = None if form is None else urllib.parse.urlencode(form).encode()
    try:
        with opener.open(url, data, timeout=60) as reply:
            return reply.url, reply.status, reply.headers, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.url, error.code, error.headers, error.read().decode()


def main():
    first = sys.argv[1]
    asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(first).query))
    log(asked=asked)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    url, status, headers, text = visit(opener, first)
    for _ in range(MOST):
        is_back = url.startswith(asked["redirect_uri"])
        given = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        log(status=status, back=is_back, given=given, text=text,
            headers={name.lower(): value for name, value in headers.items()})
        page = Page(text)
        refusals = [one for one in page.links if one.endswith("/abort")]
        if is_back:
            return
        if os.environ.get("PERSON") == "refuse" and refusals:
            url, status, headers, text = visit(opener, urllib.parse.urljoin(url, refusals[0]))
        elif page.action is not None:
            url, status, headers, text = visit(
                opener, urllib.parse.urljoin(url, page.action), page.values)
        else:
            return


main()
