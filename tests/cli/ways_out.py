"""The options with which a sign-in gets past what a server lacks: values that
are refused, and plain http on a private network."""

import socket
import socketserver
import threading

from common import check, one_line, suite
from oauth import WITH, person


def refused_values():
    """Values that the library refuses, before it sends anything."""
    with person() as one:
        for options, words in [
                (["--auth-param", "state=s3cret"], '"state"'),
                (["--auth-param", "Client_ID"], "Client_ID"),
                (["--token-param", "code_verifier=s3cret"], '"code_verifier"'),
                (["--token-param", "a b=s3cret"], "name"),
                (["--provider", "no-such-provider"], "no-such-provider"),
                (["--issuer", "http://example.com"], "example.com"),
                (["--authorization-endpoint", "http://example.com/a", "--token-endpoint",
                  "https://example.com/t"], "example.com")]:
            done = one.call("login", one.server.url, *options)
            check("refused: %s" % " ".join(options), done, 2, words, where="stderr")
            suite.check("in a line that names no function and no value", one_line(done.stderr)
                        and "mcp_" not in done.stderr and "s3cret" not in done.stderr,
                        done.stderr)
        suite.check("before a request", not one.server.asked, one.server.asked)


class Tunnels(socketserver.ThreadingTCPServer):
    """A proxy that leads each connection to one server."""

    daemon_threads = allow_reuse_address = True

    def __init__(self, port):
        self.port = port
        self.hosts = []
        super().__init__(("127.0.0.1", 0), Tunnel)

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.server_address[1]


class Tunnel(socketserver.BaseRequestHandler):
    def handle(self):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.request.recv(4096)
            if not piece:
                return
            head += piece
        with socket.create_connection(("127.0.0.1", self.server.port), 10) as peer:
            if head.startswith(b"CONNECT "):
                self.server.hosts.append(head.split()[1].decode())
                self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                head = head.partition(b"\r\n\r\n")[2]
            else:  # the browser asks for an absolute address
                verb, target, rest = head.split(b" ", 2)
                target = b"/" + target.split(b"/", 3)[3]
                head = b" ".join([verb, target, rest])
            peer.sendall(head)
            back = threading.Thread(target=self.copy, args=(peer, self.request), daemon=True)
            back.start()
            self.copy(self.request, peer)
            back.join(10)

    @staticmethod
    def copy(source, target):
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def private_network():
    """Plain http on a private network: never by default, and only if both ends
    are there.  A proxy leads the addresses to this machine."""
    with person() as one, Tunnels(one.server.server.server_port) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        one.variables.update(http_proxy=proxy.url, no_proxy="127.0.0.1")

        def at(origin, named=None):
            one.server.origin = origin if named is None else named
            one.server.url = origin + "/mcp"
            return one.server.url

        both = ["--insecure-http", "--allow-private"]
        url = at("http://192.168.1.5:8000")
        for options in [[], both[:1], both[1:]]:
            done = one.call("login", url, *options)
            check("plain http on a private network with %s" % options, done, 1, *both,
                  where="stderr")
            suite.check("is refused without a page", not one.visits()
                        and "mcp_" not in done.stderr, done.stderr)
        check("with both options the person signs in", one.call("login", url, *both), 0,
              "signed in to " + url)
        suite.check("in the browser", len(one.visits()) == 1
                    and one.visits()[0].startswith("http://192.168.1.5:8000/authorize?"),
                    one.visits())
        check("and the token is used", one.call(*WITH, *both, "ping", url), 0, "pong")
        check("not without --insecure-http", one.call(*WITH, "--allow-private", "ping", url), 1,
              "--insecure-http", where="stderr")
        check("it is taken back", one.call("logout", *both, url), 0, "signed out")
        suite.check("through the proxy alone", set(proxy.hosts) == {"192.168.1.5:8000"},
                    proxy.hosts)
        check("--issuer may be there as well",
              one.call("login", url, *both, "--issuer", "http://192.168.1.5:8000"), 0)
        one.call("logout", *both, url)
        for named in ("http://example.com", "http://169.254.169.254", "http://8.8.8.8:8000"):
            done = one.call("login", at("http://192.168.1.5:8000", named), *both)
            check("the options do not reach %s" % named, done, 1, named, where="stderr")
        done = one.call("login", at("http://example.com", "http://192.168.1.5:8000"), *both)
        check("nor may a server of the internet name it", done, 1, "192.168.1.5", where="stderr")
        suite.check("and nobody was sent there", len(one.visits()) == 2, one.visits())


def run_all():
    refused_values()
    private_network()


if __name__ == "__main__":
    run_all()
    suite.end()
