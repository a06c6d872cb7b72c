"""The command line: mistakes in it, the help, the manual and the completion
scripts, which are made from the tables of commands and options."""

import os
import re
import shutil
import subprocess

from common import CLIENT, LIMIT, call, check, suite
from support import ROOT, SERVER, run

EXAMPLES = os.path.join(ROOT, "examples-c")
# The files that `make generated` writes, and what makes them.
FILES = {"completion/mcpclient.bash": "bash", "completion/_mcpclient": "zsh",
         "completion/mcpclient.fish": "fish", "mcpclient.1": "man"}
OPTION = re.compile(r"(?<![\w-])--?[a-zA-Z][a-z-]*")


def mistakes():
    for arguments, words in [
            ([], "no command"), (["ping"], "needs a URL"), (["fly", "x"], "unknown command"),
            (["ping", "a", "b"], "unexpected"), (["--nope", "x", "ping", "u"], "--nope"),
            (["ping", "u", "--timeout"], "--timeout"), (["--timeout", "x", "ping", "u"], "--timeout"),
            (["--timeout", "-1", "ping", "u"], "--timeout"), (["--timeout", "nan", "ping", "u"], "--timeout"),
            (["-c", "0", "ping", "u"], "-c"), (["-c", "2x", "ping", "u"], "-c"),
            (["-c", "2", "info", "u"], "-c"), (["-H", "no colon", "ping", "u"], "Name: value"),
            (["call", "u"], "call URL TOOL"), (["tools", "u", "x", "y"], "unexpected"),
            (["read", "u"], "read URL URI"), (["-o", "f", "tools", "u"], "-o is for read"),
            (["--config", "", "ping"], "--config needs a name"),
            (["--json", "-o", "f", "read", "u", "x"], "-o"), (["-n", "1", "ping", "u"], "-n"),
            (["-n", "0", "listen", "u"], "-n"), (["complete", "u", "prompt", "p", "a"], "complete"),
            (["complete", "http://h", "tool", "p", "a", "v"], "prompt or resource"),
            (["request", "u"], "METHOD"), (["request", "http://h", "m", "[1]"], "JSON object"),
            (["request", "http://h", "m", "{"], "JSON"), (["call", "http://h", "t", "{"], "JSON"),
            (["call", "http://h", "t", "{}", "a=1"], "nothing may follow"),
            (["call", "http://h", "t", "a"], "key=value"), (["call", "http://h", "t", "=1"], "key=value"),
            (["call", "http://h", "t", "a:=x"], "a:=x"),
            (["prompt", "http://h", "p", "a:=1"], "strings")]:
        done = call(*arguments)
        check("bad usage: %s" % " ".join(arguments), done, 2, words, "--help", where="stderr")
    for arguments in [("--help",), ("--version",), ("ping", "--stdio", "--", SERVER, "--stdio"),
                      ("info", "--json", "--stdio", "--", SERVER, "--stdio"),
                      ("ping", "-c", "100000", "--stdio", "--", SERVER, "--stdio"),
                      ("ping", "--json", "http://127.0.0.1:9/")]:
        full_disk(*arguments)
    check("--version", call("--version"), 0, "mcpclient 0.")
    done = call("ping", "-XAuthorization: Bearer s3cret", "-c2", "u")
    suite.check("an unknown option shows no value", done.returncode == 2
                and "s3cret" not in done.stderr, done.stderr)
    done = call("ping", "-HAuthorization", "u")
    check("the value may follow its letter", done, 2, "-H needs", where="stderr")
    check("and is used", call("ping", "-cx", "u"), 2, "-c x is not a number", where="stderr")
    for words, said in [(["--key", "x"], "--key needs --cert"), (["--cert", "x"], "--cert needs"),
                        (["--token="], "the token is empty"), (["--protocol", "x"], '"x"'),
                        (["--unix-socket="], "the path is empty"), (["--proxy", "/"], "URL")]:
        done = call("ping", "http://127.0.0.1:9/", *words, token=None)
        check("a value that is none: %s" % words, done, 2, said, where="stderr")
        suite.check("in words of the command line", "NULL" not in done.stderr, done.stderr)
    done = call("ping", "")
    suite.check("an empty URL is no program", done.returncode == 2 and "--stdio" not in done.stderr,
                done.stderr)
    check("words after -- are no options", call("ping", "--", "--url"), 2, "url", where="stderr")


def full_disk(*arguments):
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([CLIENT, *arguments], stdout=full, stderr=subprocess.PIPE,
                              text=True, timeout=LIMIT)
    suite.check("%s says that it cannot be written" % " ".join(arguments[:2]),
                done.returncode == 1 and done.stderr.endswith(
                    "mcpclient: standard output cannot be written: No space left on device\n"),
                "%s %s" % (done.returncode, done.stderr))
    # The end of a reader, such as head, needs no words.
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([CLIENT, *arguments], stdout=writer, stderr=subprocess.PIPE, text=True,
                          timeout=LIMIT, restore_signals=False)
    os.close(writer)
    suite.check("%s is silent where nobody reads" % " ".join(arguments[:2]),
                done.returncode == 1 and "written" not in done.stderr,
                "%s %s" % (done.returncode, done.stderr))


def refused():
    """A message names the option or the argument whose value is refused."""
    bad = b"\xff"
    for words, said in [
            (["--timeout", ""], '--timeout "" is not a number of seconds from 0.001 to 2147483'),
            (["--timeout", "0x10"], "--timeout 0x10 is not a number of seconds"),
            (["--timeout", "1e9"], "--timeout 1e9 is not a number of seconds"),
            (["-c", "9" * 20], "is not a number from 1 to 1000000000"),
            (["--transport", ""], '--transport "" is not one of'),
            (["-H", b"A: " + bad], "-H: value is not UTF-8"), (["-H", "Host: x"], "-H: header Host"),
            (["--protocol", "1"], "--protocol: version"), (["--proxy", bad], "--proxy: url is not"),
            (["--unix-socket", ""], "--unix-socket: the path is empty"),
            (["--auth", "oauth", "--issuer", "x"], "--issuer: the issuer"),
            (["--auth", "oauth", "--scope", "a\nb"], "or '' for no scope"),
            (["--auth", "oauth", "--auth-param", "client_id=x"], "--auth-param: the parameter"),
            (["--auth", "oauth", "--client-key", "/dev/null"], "--client-key: the private key"),
            (["--auth", "oauth", "--client-id", ""], "--client-id: client_id is empty"),
            (["--auth", "oauth", "--client-id", bad], "--client-id: client_id is not UTF-8"),
            (["--auth", "oauth", "--client-id", "a", "--client-secret-env", "EMPTY"],
             "--client-secret-env: client_secret is empty"),
            (["--auth", "oauth", "--authorization-endpoint", "x", "--token-endpoint", "https://h/"],
             "--authorization-endpoint: the authorization endpoint"),
            (["--auth", "oauth", "--authorization-endpoint", "https://h/", "--token-endpoint", "x"],
             "--token-endpoint: the token endpoint")]:
        done = call("ping", "http://127.0.0.1:9/", *words, token=None, EMPTY="")
        check("%s is refused by its name" % words, done, 2, said, where="stderr")
        suite.check("and not by a word of C", not re.search("NULL|mcp_", done.stderr), done.stderr)
    done = call("ping", "http://127.0.0.1:9/", "--json", "--protocol", "1", token=None)
    suite.check("with --json as well", '"message":"--protocol: version' in done.stdout, done.stdout)
    done = call("ping", "--stdio", "--env", b"A=" + bad, "--", "true")
    check("--env is refused by its name", done, 2, "--env: value is not UTF-8", where="stderr")
    for command, words, number in [
            ("read", [bad], 1), ("call", [bad], 1), ("call", ["t", b"a=" + bad], 2),
            ("complete", ["prompt", bad, "a", "v"], 2), ("request", [bad], 1), ("listen", [bad], 1)]:
        check("%s %s is refused" % (command, words), call(command, "http://127.0.0.1:9/", *words), 2,
              "argument %d of %s is not UTF-8" % (number, command), where="stderr")
    for method in ["", "a b"]:
        check("the method %r is bad usage" % method, call("request", "http://127.0.0.1:9/", method),
              2, "method is empty", where="stderr")


def near():
    """What is typed wrong names what is like it."""
    for arguments, words in [
            (["tols", "u"], "unknown command tols, the nearest is tools;"),
            (["pnig", "u"], "the nearest is ping;"), (["resource", "u"], "the nearest is resources;"),
            (["--help", "tols"], "the nearest is tools;"), (["tols", "--help"], "the nearest is tools;"),
            (["ping", "u", "--tokn", "x"], "unknown option --tokn, the nearest is --token;"),
            (["ping", "u", "--tokn=s3cret"], "unknown option --tokn, the nearest is --token;"),
            (["ping", "u", "--time-out", "1"], "the nearest is --timeout;"),
            (["ping", "u", "--verb"], "the nearest is --verbose;"),
            (["ping", "u", "--json=1"], "--json takes no value"),
            (["ping", "u", "--log-level"], "--log-level lacks a value: --log-level LEVEL"),
            (["servers", "--config", "f", "--timeout", "1"], "--timeout is not for servers"),
            (["completion", "bash", "--token", "x"], "--token is not for completion"),
            (["proxy", "u", "--json"], "--json is not for proxy"),
            (["completion", "tcsh"], "bash, zsh or fish"), (["completion", "zsh", "x"], "unexpected"),
            (["completion"], "completion bash|zsh|fish")]:
        done = call(*arguments)
        check("%s is explained" % " ".join(arguments), done, 2, words, where="stderr")
        suite.check("without its value", "s3cret" not in done.stderr, done.stderr)
    for word in ["fly", "--nope", "x" * 500, "--" + "x" * 500, "-Z"]:
        done = call(word)
        check("nothing is like %.20s" % word, done, 2, "unknown", where="stderr")
        suite.check("and nothing is named for %.20s" % word, "nearest" not in done.stderr, done.stderr)


def fits_80_columns(text):
    wide = [line for line in text.splitlines() if len(line) >= 80]
    suite.check("its lines fit 80 columns", not wide, wide)


def helps():
    whole = call("--help")
    check("--help", whole, 0, "usage: mcpclient", "--token-file")
    commands = re.findall(r"^  ([a-z]+) ", whole.stdout.split("\n\n")[1], re.M)
    suite.check("it lists the commands", len(commands) >= 16 and "ping" in commands, commands)
    options = set(OPTION.findall(whole.stdout))
    for command in commands:
        done = call(command, "--help")
        check("%s --help" % command, done, 0, "usage: mcpclient [options] %s" % command)
        suite.check("--help %s is the same" % command, call("--help", command).stdout == done.stdout)
        suite.check("also after its arguments, and among mistakes",
                    call(command, "--nope", "u", "--help", "x").stdout == done.stdout)
        suite.check("it has options of --help only", set(OPTION.findall(done.stdout)) <= options,
                    set(OPTION.findall(done.stdout)) - options)
        fits_80_columns(done.stdout)
    fits_80_columns(whole.stdout)
    for command, has, lacks in [("ping", "--count", "--output"), ("read", "--output", "--events"),
                                ("login", "--device", "--stderr"), ("servers", "--json", "--server"),
                                ("proxy", "--stdio", "--json"),
                                ("completion", "--help", "--token")]:
        text = call(command, "--help").stdout
        suite.check("%s has %s and not %s" % (command, has, lacks),
                    has in text and not re.search(lacks + r"\b", text), text)
    suite.check("the value of an option is no command", call("--timeout", "ping", "--help", "call").stdout
                == call("--help", "call").stdout)


def files():
    """The files in the repository are what the tables make: UPDATE=1 writes them."""
    with open(os.path.join(EXAMPLES, "mcpclient.1.in"), encoding="utf-8") as file:
        template = file.read()
    for path, word in FILES.items():
        made = subprocess.run([CLIENT, "completion", word], input=template, text=True,
                              capture_output=True, timeout=30).stdout
        path = os.path.join(EXAMPLES, path)
        if os.environ.get("UPDATE"):
            with open(path, "w", encoding="utf-8") as file:
                file.write(made)
        with open(path, encoding="utf-8") as file:
            suite.check("%s is made from the tables: make -C examples-c generated" % path,
                        file.read() == made)
    done = run(["make", "-s", "-n", "-C", EXAMPLES, "generated"], 60)
    suite.check("make generated writes them", done.returncode == 0 and all(
        "%s > %s" % (word, path) in done.stdout.replace("< mcpclient.1.in ", "")
        for path, word in FILES.items()), done.stdout + done.stderr)


def manual():
    path = os.path.join(EXAMPLES, "mcpclient.1")
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"\\f[BRI]", "", file.read().replace("\\-", "-"))
    for option in sorted(set(OPTION.findall(call("--help").stdout))):
        suite.check("the manual has %s" % option, re.search(
            r"(?<![\w-])%s(?![\w-])" % option, text))
    for tool, arguments in [("groff", ["-man", "-Tutf8", "-ww", "-z", path]),
                            ("mandoc", ["-Tlint", "-Wwarning", path])]:
        if shutil.which(tool) is None:
            suite.skip("the manual under %s" % tool, "%s is not installed" % tool)
            continue
        done = run([tool, *arguments])
        lines = [line for line in (done.stdout + done.stderr).splitlines()
                 if "missing date" not in line]
        suite.check("%s has no warning about the manual" % tool, not lines, lines)


def run_all():
    mistakes()
    refused()
    near()
    helps()
    files()
    manual()
