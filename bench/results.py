"""The tables of a run, RESULTS.md, and the lines of it in README.md."""

import datetime
import json
import os
import platform
import re
import subprocess
import sys
import tempfile

from workloads import BUILD, HERE, WORKLOADS

ROOT = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(ROOT, "tests"))
from support import RELEASE

# The columns of a table.
COLUMNS = {"floor": "raw socket", "libcurl": "libcurl + cJSON", "rmcp": "rmcp",
           "mcpclient": "libmcpclient"}
LIBRARY = os.path.join(RELEASE, "libmcpclient.so")
# What README.md quotes of the table of times.
QUOTED = ["ping", "call1k", "annotated"]
BEGIN = "<!-- Written by `make -C bench results`. -->\n"
PEAKS = ["start", "call10m", "call10mplain", "list10k", "large"]
# Goals of `large`, and of the stripped library.
PEAK_GOAL, CPU_GOAL, SIZE_GOAL = "45 MB", "40 ms", 3800000


def table(header, rows):
    """A table of Markdown. Columns of numbers are aligned to the right."""
    rows = [header, *rows]
    widths = [max(len(row[place]) for row in rows) for place in range(len(header))]
    lines = ["| %s |" % " | ".join(
        cell.rjust(width) if place else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(row, widths))) for row in rows]
    rule = ["-" * width + ":" if place else "-" * (width + 1) for place, width in enumerate(widths)]
    return [lines[0], "|%s|" % "|".join("-" + one for one in rule), *lines[1:]]


def number(value):
    if value >= 1e6:
        return "%.1f M" % (value / 1e6)
    return "{:,.0f}".format(value)


def duration(nanoseconds):
    for unit, size in [("ms", 1e6), ("us", 1e3)]:
        if nanoseconds >= size:
            return "%.2f %s" % (nanoseconds / size, unit)
    return "%.0f ns" % nanoseconds


def cells(clients, text):
    """A cell for each column; a dash for what a client does not do."""
    return [text(clients[name]) if name in clients else "-" for name in COLUMNS]


def instruction_table(found):
    rows = []
    for name, clients in found.items():
        goal = WORKLOADS[name].instructions
        ours, floor = clients["mcpclient"][0], clients["floor"][0]
        rows.append([WORKLOADS[name].title, *cells(clients, lambda one: number(one[0])),
                     number(goal) if goal else "",
                     # Of large arguments the raw socket reads no byte.
                     "%.1f" % (ours / floor) if ours < 1000 * floor else "-"])
    return table(["operation", *COLUMNS.values(), "goal", "x raw socket"], rows)


def time_table(found):
    rows = []
    for name, clients in found.items():
        goal, floor = WORKLOADS[name].time, clients["floor"]["time"]
        others = cells({client: one for client, one in clients.items() if client != "floor"},
                       lambda one: "%.2f" % (one["time"] / floor))
        rows.append([WORKLOADS[name].title, duration(floor), *others[1:],
                     "%.2f" % goal if goal else ""])
    return table(["operation", *COLUMNS.values(), "goal"], rows)


def memory_table(found):
    rows = [["peak: " + WORKLOADS[name].title,
             *cells(found[name], lambda one: "%.1f MB" % (one["peak"] / 1024)),
             PEAK_GOAL if name == "large" else ""] for name in PEAKS if name in found]
    if "large" in found:
        rows.append(["processor time: " + WORKLOADS["large"].title,
                     *cells(found["large"], lambda one: "%.0f ms" % (one["cpu"] / 1e6)), CPU_GOAL])
    if "idle" in found:
        for key, text in (("resident", "%.1f KB"), ("threads", "%.2f"), ("descriptors", "%.2f")):
            rows.append(["%s: %s" % (key, WORKLOADS["idle"].title), *cells(
                found["idle"], lambda one: text % (one[key] / WORKLOADS["idle"].count)), ""])
    return table(["what", *COLUMNS.values(), "goal"], rows)


def tables(found):
    lines = []
    if found["instructions"]:
        lines += ["## User-space instructions of an operation", "",
                  *instruction_table(found["instructions"]), ""]
        if "ping" in found["instructions"]:
            allocations = found["instructions"]["ping"]["mcpclient"][1]
            lines += ["A ping allocates %.0f times." % allocations, ""]
    if found["times"]:
        lines += ["## Time of an operation", "",
                  "The raw socket's time, and the others' as ratios to it.", "",
                  *time_table(found["times"]), ""]
        lines += ["## Memory", "", *memory_table(found["times"]), ""]
        lines += ["The stripped library has {:,} bytes; the goal is {:,}.".format(
            stripped_size(), SIZE_GOAL), ""]
    return lines


def stripped_size():
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "stripped")
        subprocess.run(["strip", "-o", out, LIBRARY], check=True)
        return os.path.getsize(out)


def said(*command):
    """The first line of what a program says, without a trailing note."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    return done.stdout.split("\n")[0].strip() if done.returncode == 0 else "unknown"


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"model name\s*: (.*)", file.read())
    return "%s; %d processors, of which the run used one" % (
        found.group(1) if found else platform.machine(), os.cpu_count())


def library():
    version = re.search(r'^version = "(.*)"', read("Cargo.toml"), re.M).group(1)
    commit = said("git", "rev-parse", "--short", "HEAD")
    changes = said("git", "status", "--porcelain", "--", "src", "Cargo.toml", "Cargo.lock")
    return "%s, commit %s%s" % (version, commit, " and changes" if changes else "")


def captured_servers():
    folder = os.path.join(HERE, "data")
    return [json.loads(read(os.path.join(folder, name)))["server"]
            for name in sorted(os.listdir(folder))]


def circumstances(rounds):
    rmcp = re.search(r'^rmcp = .*?"=([\d.]+)"', read("bench/rmcp/Cargo.toml"), re.M).group(1)
    rows = [
        ("date", datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")),
        ("processor", processor()), ("kernel", "%s %s" % (
            platform.system(), platform.release().split("-")[0])),
        ("libmcpclient", library()),
        ("libcurl, cJSON", "%s, %s" % (said("pkg-config", "--modversion", "libcurl"),
                                       said("pkg-config", "--modversion", "libcjson"))),
        ("rmcp", rmcp), ("Rust", said("rustc", "--version")),
        ("C compiler", said("cc", "--version")),
        ("C library", " ".join(platform.libc_ver())), ("valgrind", said("valgrind", "--version")),
        ("replies of", ", ".join(captured_servers())), ("rounds", rounds)]
    return ["| | |", "|---|---|", *("| %s | %s |" % row for row in rows), ""]


TEXT = """\
# Results

Made by `make -C bench results`. Do not edit.

The server sends what stock servers send: `bench/capture.py` records their
replies, and `bench/replies.py` makes large ones of them. The raw socket does
only what the operation cannot be done without. It is compared with a client as
one would write it with libcurl and cJSON, with rmcp, which is the official Rust
SDK, and with this library. Server and client share one processor. Times are
medians of interleaved runs. Instructions are those of the client's process in
user space, counted by valgrind.
"""


def write(found, rounds):
    """Writes RESULTS.md, and its lines in README.md."""
    text = "\n".join([TEXT, *circumstances(rounds), *tables(found)]).rstrip() + "\n"
    with open(os.path.join(HERE, "RESULTS.md"), "w", encoding="utf-8") as file:
        file.write(text)
    quote(found)


def quote(found):
    """Replaces the table in README.md: the first columns of some lines."""
    if not all(name in found["times"] for name in QUOTED):
        return
    lines = time_table(found["times"])
    titles = [WORKLOADS[name].title for name in QUOTED]
    chosen = lines[:2] + [line for line in lines if line.split("|")[1].strip() in titles]
    chosen = [line[:line.rindex("|", 0, -1) + 1] for line in chosen]
    readme = read("README.md")
    start = readme.index(BEGIN) + len(BEGIN)
    end = readme.index("\n\n", start)
    with open(os.path.join(ROOT, "README.md"), "w", encoding="utf-8") as file:
        file.write(readme[:start] + "\n".join(chosen) + readme[end:])
