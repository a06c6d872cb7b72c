"""The completion scripts in the shells themselves: what a person gets who types
a line and presses the Tab key."""

import json
import os
import re
import shutil
import tempfile

from common import Terminal, suite
from support import BUILD, ROOT, run

SCRIPTS = os.path.join(ROOT, "examples-c", "completion")
# A line, and what is offered for its last word: all of it, or None if the
# cases of a shell alone say it.
CASES = [
    ("templ", ["templates"]), ("tools http://h/mcp --outp", []),
    ("call http://h/mcp t --outp", ["--output"]), ("--cou", ["--count"]),
    ("--grant d", ["device"]), ("--grant=d", ["device"]), ("--auth=o", ["oauth"]),
    ("--timeout 5 completion z", ["zsh"]), ("complete http://h/mcp pr", ["prompt"]),
    ("complete --config x.json pr", ["prompt"]), ("complete http://h/mcp prompt pr", []),
    ("call http://h/mcp t a=1 b:=2 --ver", ["--verbose", "--version"]),
    ("--json --js", []), ("login http://h/mcp --stdi", []), ("servers --conf", ["--config"]),
    ("tools --config servers.json --server we", ["weather"]),
    ("tools --config=servers.json --server=we", ["weather"]),
    ("--token-file serv", ["servers.json"]), ("--token-file=serv", ["servers.json"]),
    ("--directory fol", ["folder"]), ("--token-env COMPLETING", ["COMPLETING_A"]),
    ("tools --stdio -- mcpclien", ["mcpclient"]), ("tools --stdio -- cat serv", ["servers.json"]),
    ("tools --server we", []), ("fly --to", None), ("-- --to", []),
]
SERVERS = {"mcpServers": {"weather": {"url": "http://127.0.0.1:1/mcp"},
                          "my files": {"command": "x"}}}
# As Bash separates the words of a line.
WORDS = re.compile(r"[=:]+|[^\s=:]+")


def environment(space):
    return dict(os.environ, PATH=BUILD + os.pathsep + os.environ["PATH"], HOME=space, TERM="dumb",
                COMPLETING_A="1", LC_ALL="C.UTF-8")


def bash(line, space):
    words = WORDS.findall("mcpclient " + line) + ([""] if not line or line.endswith(" ") else [])
    program = (". %s/mcpclient.bash; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _mcpclient; "
               "((${#COMPREPLY[@]} == 0)) || printf '%%s\\n' \"${COMPREPLY[@]}\"" % SCRIPTS)
    done = run(["bash", "--norc", "-c", program, "bash", *words], 30, cwd=space, env=environment(space))
    return sorted(done.stdout.split("\n")[:-1]), done.stderr


def fish(line, space):
    done = run(["fish", "--no-config", "-c", "source %s/mcpclient.fish; complete -C $argv[1]" % SCRIPTS,
                "mcpclient " + line], 30, cwd=space, env=environment(space))
    return sorted(one.split("\t")[0] for one in done.stdout.split("\n")[:-1]), done.stderr


def in_script(name, offer, space):
    """A shell that says what it offers for a line."""
    if shutil.which(name) is None:
        suite.skip("completion in %s" % name, "%s is not installed" % name)
        return
    for line, expected in CASES:
        found, errors = offer(line, space)
        word = line.split(" ")[-1]
        start = word.split("=")[0] + "=" if "=" in word and name == "fish" else ""
        if expected is not None:
            # fish offers words that have the letters elsewhere if none begins so.
            found = [one.rstrip("/") for one in found if one.startswith(word.split("=")[-1])
                     or one.startswith(word)]
            suite.check("%s completes %s" % (name, line), found == [start + one for one in expected]
                        and not errors, (found, errors))
        else:
            suite.check("%s survives %s" % (name, line), not errors, errors)
    found, errors = offer("", space)
    suite.check("%s offers the commands" % name, {"ping", "call", "completion"} <= set(found)
                and not any(one.startswith("-") for one in found) and not errors, (found, errors))
    found, errors = offer("tools --config servers.json --server m", space)
    suite.check("%s quotes a blank in a name" % name, found in (["my\\ files"], ["my files"])
                and not errors, (found, errors))


class Zsh(Terminal):
    def __init__(self, space):
        self.space = space
        super().__init__("-f", "-i", program=shutil.which("zsh"), **{
            key: value for key, value in environment(space).items() if key != "TERM"},
            PS1="shell> ")

    def prepare(self):
        os.chdir(self.space)


def zsh(space):
    """zsh completes in its line editor only: a key completes the line, and
    another one shows it."""
    if shutil.which("zsh") is None:
        suite.skip("completion in zsh", "zsh is not installed")
        return
    terminal = Zsh(space)
    terminal.answer("shell> ", (
        "PS1= RPS1= fpath=(%s $fpath); autoload -Uz compinit; compinit -u -D; setopt no_beep\n"
        "zmodload zsh/zle; turn=0; _show() { zle expand-or-complete; print -r -- "
        "\"<$((++turn))>$BUFFER<end>\"; BUFFER=; }; zle -N _show; bindkey '^X' _show; "
        "echo re''ady\n" % SCRIPTS))
    terminal.answer("ready", "")
    number = 0
    for line, expected in CASES:
        if expected is None or len(expected) > 1 or (not expected and " --" not in line):
            continue
        number += 1
        os.write(terminal.side, ("mcpclient %s\x18" % line).encode())
        terminal.answer("<%d>" % number, "")
        terminal.answer("<end>", "")
        found = re.findall(r"<%d>(.*?)<end>" % number, terminal.text, re.S)
        start = line[:max(line.rfind(" "), line.rfind("=")) + 1]
        wanted = "mcpclient " + (start + expected[0] if expected else line)
        suite.check("zsh completes %s" % line, found and found[0].rstrip(" /") == wanted,
                    found or terminal.text[-500:])
    os.write(terminal.side, b"exit\n")
    terminal.end()


def run_all():
    with tempfile.TemporaryDirectory() as space:
        with open(os.path.join(space, "servers.json"), "w", encoding="utf-8") as file:
            json.dump(SERVERS, file)
        os.mkdir(os.path.join(space, "folder"))
        in_script("bash", bash, space)
        in_script("fish", fish, space)
        zsh(space)
