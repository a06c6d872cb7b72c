"""The person who signs in, and the person's browser.

browser.sh, which is the BROWSER of mcpclient, writes each address into a pipe. The
person reads it and visits the page. What the person does with it is a function of
the person and the address.
"""

import http.client
import os
import select
import threading
import urllib.parse

BROWSER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "browser.sh")
LIMIT = 60


class Page:
    """What a browser shows in the end."""

    def __init__(self, url, status, headers, body):
        self.url, self.status, self.headers, self.body = url, status, headers, body

    def __str__(self):
        return "%s: %s %s" % (self.url, self.status, self.body[:300])


def get(url):
    """One request, without a look at a redirect."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=LIMIT)
    try:
        path = parts.path or "/"
        connection.request("GET", path + ("?" + parts.query if parts.query else ""),
                           headers={"X-Person": "1", "User-Agent": "person"})
        reply = connection.getresponse()
        return Page(url, reply.status, reply.headers,
                    reply.read().decode("utf-8", "replace"))
    finally:
        connection.close()


def visit(url):
    """Follows redirects to the last page."""
    for _ in range(8):
        page = get(url)
        place = page.headers.get("Location")
        if page.status not in (301, 302, 303, 307, 308) or place is None:
            return page
        url = urllib.parse.urljoin(url, place)
    raise ValueError("too many redirects from " + url)


# What a person may do.

def follows(person, url):
    person.shown.append(visit(url))


def looks_away(person, url):
    """Opens the page and does nothing more."""


def knocks_first(*answers):
    """Strangers visit the redirect URI with these queries, then the person follows."""
    def does(person, url):
        back = redirect_uri(url)
        for answer in answers:
            person.shown.append(get(back + answer))
        follows(person, url)
    return does


def knocks(*answers):
    """Strangers visit the redirect URI; the person does nothing."""
    def does(person, url):
        back = redirect_uri(url)
        for answer in answers:
            person.shown.append(get(back + answer))
    return does


def redirect_uri(url):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["redirect_uri"][0]


class Person:
    """Reads the pipe until the block ends."""

    def __init__(self, folder, does=follows):
        self.does = does
        self.path = os.path.join(folder, "browser")
        self.asked = []  # the addresses
        self.shown = []  # the pages at which the browser ended
        self.faults = []
        self.is_asked = threading.Event()
        self.has_acted = threading.Event()

    def __enter__(self):
        os.mkfifo(self.path)
        self.pipe = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        self.end, self.ended = os.pipe()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        return self

    def __exit__(self, *_):
        os.close(self.ended)
        self.reader.join(LIMIT)
        os.close(self.pipe)
        os.close(self.end)

    def read(self):
        text, poll = b"", select.poll()
        for descriptor in (self.pipe, self.end):
            poll.register(descriptor, select.POLLIN | select.POLLHUP)
        while True:
            ready = [descriptor for descriptor, _ in poll.poll()]
            if self.end in ready:
                return
            text += os.read(self.pipe, 65536)
            *lines, text = text.split(b"\n")
            for line in lines:
                self.is_sent_to(line.decode())

    def is_sent_to(self, url):
        """Begins to do what the person does; returns at once."""
        # A case that waits for the address may change what the person does next.
        does = self.does
        self.asked.append(url)
        self.is_asked.set()
        threading.Thread(target=self.act, args=(does, url), daemon=True).start()

    def act(self, does, url):
        try:
            does(self, url)
        except Exception as fault:
            self.faults.append("%s: %r" % (url.partition("?")[0], fault))
        self.has_acted.set()

    @property
    def environment(self):
        return {"BROWSER": BROWSER, "SIGN_IN_PERSON": self.path}
