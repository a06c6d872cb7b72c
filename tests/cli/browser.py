#!/usr/bin/env python3
"""The browser of a person who says yes at once: BROWSER of the tests.

BROWSER_LOG names a file that gets a line for each visit; BROWSER_DOES says
what else it does: "nothing", "no" (the person declines), "strangers" (others
knock at the listener first).
"""

import os
import sys
import urllib.error
import urllib.parse
import urllib.request


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def answer_to(url):
    """Where the authorization server sends the browser back to."""
    try:
        urllib.request.build_opener(Stay).open(url, timeout=30)
    except urllib.error.HTTPError as redirect:
        return redirect.headers["Location"]
    raise ValueError("no redirect")


def visit(url):
    try:
        with urllib.request.urlopen(url, timeout=30) as page:
            return page.read()
    except urllib.error.HTTPError as refusal:
        return refusal.read()


def main(url):
    does = os.environ.get("BROWSER_DOES", "")
    with open(os.environ["BROWSER_LOG"], "a", encoding="ascii") as log:
        log.write(url + "\n")
    if does == "nothing":
        return
    if does == "no":
        url += "&the_person=declines"
    back = answer_to(url)
    if does == "strangers":
        place = back.split("?")[0]
        visit(place + "?code=theirs&state=theirs")
        visit(place + "?error=access_denied")
        visit(urllib.parse.urljoin(place, "/favicon.ico"))
    visit(back)


if __name__ == "__main__":
    main(sys.argv[1])
