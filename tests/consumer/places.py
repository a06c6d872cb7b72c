"""Where an installation puts things, what it needs for it, and which build it
takes: with folders of a distribution, without cargo, from a fresh clone."""

import glob
import os
import re
import shutil
import subprocess

from support import RELEASE, ROOT, TOKEN, run

EXAMPLES = os.path.join(ROOT, "examples-c")
# What `make install` may use when all is built: no cargo, Python, compiler.
TOOLS = ["make", "sh", "install", "ln", "rm", "rmdir", "mkdir", "sed", "head", "cat", "strip",
         "uname", "printf", "true", "touch"]
CARGO = """#!/bin/sh
# Puts what is built where cargo would, and notes how it was called.
echo "$*" >> "$0.calls"
while [ $# -gt 0 ]; do
    case $1 in
    --target-dir) folder=$2 ;;
    --target) target=$2/ ;;
    --profile) profile=$2 ;;
    native-static-libs=*) native=${1#*=} ;;
    esac
    shift
done
[ -n "$profile" ] || exit 0
[ "$profile" != dev ] || profile=debug
mkdir -p "$folder/$target$profile"
cp "%s"/libmcpclient.so "%s"/libmcpclient.a "$folder/$target$profile"
echo "-lm -lpthread -framework Special -lc" > "$native"
"""


def make(*words, **options):
    return run(["make", "-s", *words], 300, **options)


def files_in(folder):
    return sorted(os.path.relpath(os.path.join(place, name), folder)
                  for place, _, names in os.walk(folder) for name in names)


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def pings(client, server):
    done = run([client, "ping", server.url + "/mcp"], 30,
               env=dict(os.environ, MCPCLIENT_TOKEN=TOKEN))
    return done.returncode == 0, done.stderr


def snapshot():
    """Each file that a build writes, with its time."""
    build = os.path.join(EXAMPLES, "build")
    paths = [os.path.join(build, path) for path in files_in(build)]
    paths += glob.glob(os.path.join(RELEASE, "libmcpclient.*"))
    return {path: os.stat(path).st_mtime_ns for path in paths if not os.path.islink(path)}


def distribution(suite, folder, server, consume):
    """The folders of Debian, staged, and found by the link /lib too."""
    stage = os.path.join(folder, "stage")
    library = "lib/x86_64-linux-gnu"
    done = make("-C", EXAMPLES, "install", "PREFIX=/usr", "LIBDIR=/usr/" + library,
                "DESTDIR=" + stage)
    suite.check("make install with a multiarch LIBDIR", done.returncode == 0, done.stderr[-3000:])
    suite.check("DESTDIR stands in no file", not [
        path for path in files_in(stage) if path.endswith((".pc", ".cmake"))
        and stage in read(stage, path)])
    text = read(stage, "usr", library, "pkgconfig/mcpclient.pc")
    suite.check("mcpclient.pc can be moved with its folder", "prefix=/usr\n" in text and
                "libdir=${prefix}/%s\nincludedir=${prefix}/include\n" % library in text, text)
    suite.check("the staged client finds its library",
                *pings(os.path.join(stage, "usr/bin/mcpclient"), server))
    package = os.path.join("usr", library, "cmake", "mcpclient")
    consume("multiarch", os.path.join(stage, package), server)
    os.symlink("usr/lib", os.path.join(stage, "lib"))
    consume("multiarch by the link /lib",
            os.path.join(stage, "lib/x86_64-linux-gnu/cmake/mcpclient"), server)


def apart(suite, folder, server, consume):
    """Folders that have nothing to do with each other, all of them gone again."""
    place = os.path.join(folder, "apart")
    given = {"BINDIR": "a/b/tools", "LIBDIR": "l64", "INCLUDEDIR": "c/inc", "MANDIR": "d/man",
             "DOCDIR": "d/doc"}
    words = ["%s=%s" % (name, os.path.join(place, path)) for name, path in given.items()]
    done = make("-C", EXAMPLES, "install", *words, "PREFIX=" + os.path.join(place, "prefix"))
    there = files_in(place)
    suite.check("each folder can be chosen", done.returncode == 0 and there == sorted([
        "a/b/tools/mcpclient", "c/inc/mcpclient.h", "c/inc/mcpclient_draft.h",
        "d/doc/CHANGELOG.md", "d/doc/LICENSE-APACHE",
        "d/doc/LICENSE-MIT", "d/doc/README.md", "d/man/man1/mcpclient.1", "l64/libmcpclient.a",
        "l64/libmcpclient.so", "l64/libmcpclient.so.0", "l64/libmcpclient.so.0.1.0",
        "l64/cmake/mcpclient/mcpclient-config.cmake", "l64/pkgconfig/mcpclient.pc",
        "l64/cmake/mcpclient/mcpclient-config-version.cmake",
        "prefix/share/bash-completion/completions/mcpclient",
        "prefix/share/fish/vendor_completions.d/mcpclient.fish",
        "prefix/share/zsh/site-functions/_mcpclient",
        *("d/doc/docs/" + name for name in os.listdir(os.path.join(EXAMPLES, "../docs")))]),
        (there, done.stderr))
    suite.check("the client finds its library from there",
                *pings(os.path.join(place, "a/b/tools/mcpclient"), server))
    consume("folders apart", os.path.join(place, "l64/cmake/mcpclient"), server)
    with open(os.path.join(place, "d/doc/other"), "w", encoding="utf-8"):
        pass
    done = make("-C", EXAMPLES, "uninstall", *words, "PREFIX=" + os.path.join(place, "prefix"))
    suite.check("uninstall takes away all of ours, and nothing else", done.returncode == 0
                and files_in(place) == ["d/doc/other"], (files_in(place), done.stderr))


def without_cargo(suite, folder):
    """As root, whose PATH has no cargo: what `make` built is installed."""
    tools = os.path.join(folder, "tools")
    os.makedirs(tools)
    for name in TOOLS:
        path = shutil.which(name)
        if path:
            os.symlink(path, os.path.join(tools, name))
    # So that what is built has the rpath of usual folders.
    suite.check("make builds", make("-C", EXAMPLES).returncode == 0)
    before, stage = snapshot(), os.path.join(folder, "root")
    done = run([os.path.join(tools, "make"), "-C", EXAMPLES, "install", "DESTDIR=" + stage,
                "SHELL=" + os.path.join(tools, "sh")], 60, env={"PATH": tools})
    suite.check("make install needs neither cargo nor Python nor a compiler",
                done.returncode == 0 and "usr/local/bin/mcpclient" in files_in(stage),
                done.stdout[-1000:] + done.stderr[-2000:])
    suite.check("and builds nothing", snapshot() == before,
                [path for path in before if snapshot().get(path) != before[path]])
    for path in ["lib/libmcpclient.so.0.1.0", "bin/mcpclient", "lib/libmcpclient.a"]:
        there = os.path.join(stage, "usr/local", path)
        sections = run(["readelf", "-SW", there], 60).stdout
        unwanted = [".debug_"] if path.endswith(".a") else [".debug_", ".symtab"]
        suite.check("%s is stripped" % path, os.path.exists(there) and
                    not [name for name in unwanted if name in sections])


def hard_names(suite, folder):
    """Folders with blanks and signs, and a umask that hides what is new."""
    prefix = os.path.join(folder, "an a&b|c", "prefix")
    for times in ["first", "second"]:
        done = run(["sh", "-c", "umask 077; exec make -s -C \"$0\" install \"PREFIX=$1\"", EXAMPLES,
                    prefix], 300)
        hidden = [path for path in files_in(prefix)
                  if os.stat(os.path.join(prefix, path)).st_mode & 0o444 != 0o444]
        suite.check("make install with umask 077, the %s time" % times, done.returncode == 0
                    and files_in(prefix) and not hidden, (hidden, done.stderr[-2000:]))
        for path in files_in(prefix):
            if path.endswith((".pc", ".cmake")) and times == "first":
                os.chmod(os.path.join(prefix, path), 0o600)
    text = read(prefix, "lib/pkgconfig/mcpclient.pc")
    suite.check("a PREFIX with blanks, & and |", "prefix=%s\n" % prefix in text and
                "libdir=${prefix}/lib\nincludedir=${prefix}/include\n" in text, text)
    if shutil.which("pkg-config"):
        done = run(["sh", "-c", "eval cc \"$0\" -o \"$1\" $(pkg-config --cflags --libs mcpclient)",
                    os.path.join(folder, "c", "main.c"), os.path.join(folder, "hard")], 60,
                   env=dict(os.environ, PKG_CONFIG_PATH=os.path.join(prefix, "lib/pkgconfig")))
        suite.check("pkg-config gives its flags", done.returncode == 0, done.stderr[-2000:])
    done = make("-C", EXAMPLES, "uninstall", "PREFIX=" + prefix, "LIBDIR=" + prefix + "/not/there")
    suite.check("make uninstall without LIBDIR", done.returncode == 0 and not os.path.exists(
        os.path.join(prefix, "bin/mcpclient")), done.stderr)
    for sign in "'\"\\#":
        done = make("-C", EXAMPLES, "install", "PREFIX=%s/a%sb" % (
            folder, "\\#" if sign == "#" else sign))
        suite.check("a PREFIX with %s is refused" % sign, done.returncode != 0
                    and done.stderr.count("\n") == 1 and "PREFIX is " in done.stderr, done.stderr)
    done = make("-C", EXAMPLES, "where", "CARGO_TARGET_DIR=" + folder + "/a b")
    suite.check("a CARGO_TARGET_DIR with blanks is refused", done.returncode != 0
                and done.stderr.count("\n") == 1 and "blanks" in done.stderr, done.stderr)


def moved(suite, folder, clone, cargo):
    """Folders seen from the top, a library that moves, a tree of another's."""
    env = dict(os.environ, CARGO=cargo, CFLAGS="-O0")
    given = {"BINDIR": "o/b", "LIBDIR": "o/l", "INCLUDEDIR": "o/i", "MANDIR": "o/m", "DOCDIR": "o/d",
             "PKGCONFIGDIR": "o/p", "CMAKEDIR": "o/c", "BASHDIR": "o/cb", "ZSHDIR": "o/cz",
             "FISHDIR": "o/cf"}
    done = make("install", *["%s=%s" % one for one in given.items()], cwd=clone, env=env)
    suite.check("each folder is seen from the top", done.returncode == 0 and {
        "b/mcpclient", "l/libmcpclient.a", "i/mcpclient.h", "i/mcpclient_draft.h",
        "m/man1/mcpclient.1", "d/README.md", "cb/mcpclient", "cz/_mcpclient", "cf/mcpclient.fish",
        "p/mcpclient.pc", "c/mcpclient-config.cmake"} <= set(files_in(os.path.join(clone, "o"))),
        done.stderr[-2000:])
    client = os.path.join(clone, "examples-c/build/mcpclient")
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"]:
        done = make("all", cwd=clone, env=dict(env, **{name: "moved-" + name}))
        found = run(["readelf", "-d", client], 60).stdout
        suite.check("programs find a library that moved, " + name, done.returncode == 0
                    and os.path.join(clone, "moved-" + name, "release") in found, found)
    make("all", cwd=clone, env=env)
    suite.check("and one that moved back", "$ORIGIN/../../target/release" in run(
        ["readelf", "-d", client], 60).stdout)
    stage = os.path.join(folder, "others")
    os.makedirs(stage)
    os.chmod(stage, 0o777)
    os.chmod(folder, 0o755)
    user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    installed = os.path.join(clone, "examples-c/build/installed")
    os.chmod(installed, 0o555)
    for library, code in [("/usr/local/lib", 0), ("/usr/local/lib/deep/er", 2)]:
        done = make("-C", os.path.join(clone, "examples-c"), "install", "DESTDIR=" + stage,
                    "LIBDIR=" + library, env=env, **user)
        suite.check("from a tree of another's to %s" % library, done.returncode == code and (
            code == 0 or "run make" in done.stderr and "cannot remove" not in done.stderr),
            done.stderr[-2000:])
    os.chmod(installed, 0o755)


def fresh_clone(folder):
    """The files of the checkout, and nothing that was built."""
    clone = os.path.join(folder, "clone")
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout
    for path in listed.splitlines():
        if os.path.exists(os.path.join(ROOT, path)):
            os.makedirs(os.path.dirname(os.path.join(clone, path)), exist_ok=True)
            shutil.copy2(os.path.join(ROOT, path), os.path.join(clone, path))
    return clone


def other_builds(suite, folder):
    """Which build is taken, and what stands in a fresh clone's way; cargo is
    one that copies."""
    clone = fresh_clone(folder)
    cargo = os.path.join(folder, "cargo")
    with open(cargo, "w", encoding="utf-8") as file:
        file.write(CARGO % (RELEASE, RELEASE))
    os.chmod(cargo, 0o755)
    # The programs are compiled many times, and hardly run.
    plain = dict(os.environ, CARGO=cargo, CFLAGS="-O0")
    done = make("-C", os.path.join(clone, "bench"), "build/mcpclient", "CARGO=" + cargo)
    suite.check("make -C bench build/mcpclient in a fresh clone", done.returncode == 0
                and os.path.exists(os.path.join(clone, "bench/build/mcpclient")),
                done.stdout + done.stderr[-2000:])
    done = make("-C", os.path.join(clone, "bench"), "build/mcpclient", "-B", "CARGO=" + cargo,
                "CARGO_TARGET_DIR=out")
    suite.check("and with a target folder seen from there", done.returncode == 0
                and os.path.exists(os.path.join(clone, "bench/out/release")), done.stderr[-2000:])
    shutil.rmtree(os.path.join(clone, "target"))
    for name, variables, expected in [
            ("CARGO_TARGET_DIR", {"CARGO_TARGET_DIR": os.path.join(folder, "elsewhere")},
             os.path.join(folder, "elsewhere", "release")),
            ("CARGO_TARGET_DIR seen from the top", {"CARGO_TARGET_DIR": "out"},
             os.path.join(clone, "out", "release")),
            ("CARGO_BUILD_TARGET", {"CARGO_BUILD_TARGET": "x86_64-unknown-linux-gnu"},
             os.path.join(clone, "target", "x86_64-unknown-linux-gnu", "release")),
            ("PROFILE", {"PROFILE": "dev"}, os.path.join(clone, "target", "debug")),
            ("all of them", {"CARGO_TARGET_DIR": os.path.join(folder, "all"), "PROFILE": "small",
                             "CARGO_BUILD_TARGET": "x86_64-unknown-linux-gnu"},
             os.path.join(folder, "all", "x86_64-unknown-linux-gnu", "small"))]:
        stage = os.path.join(clone, "stage")
        for way in ["environment", "command line"]:
            words = ["%s=%s" % one for one in variables.items()] if way == "command line" else []
            env = dict(plain, **(variables if way == "environment" else {}))
            done = make("install", "DESTDIR=stage", *words, cwd=clone, env=env)
            suite.check("%s on the %s" % (name, way), done.returncode == 0
                        and os.path.exists(os.path.join(expected, "libmcpclient.so"))
                        and "usr/local/lib/libmcpclient.so.0.1.0" in files_in(stage),
                        done.stdout[-1000:] + done.stderr[-2000:])
            shutil.rmtree(stage, ignore_errors=True)
            shutil.rmtree(expected, ignore_errors=True)
    make("install", "DESTDIR=stage", cwd=clone, env=plain)
    library = os.path.join(clone, "stage/usr/local/lib")
    suite.check("what rustc says is linked to, by pkg-config", "\nLibs.private: -lm -lpthread "
                "-framework Special -lc\n" in read(library, "pkgconfig/mcpclient.pc"))
    suite.check("and by CMake", '"-lm;-lpthread;-framework Special;-lc"' in read(
        library, "cmake/mcpclient/mcpclient-config.cmake"))
    with open(cargo + ".calls", encoding="utf-8") as file:
        calls = len(file.read().splitlines())
    make("uninstall", "DESTDIR=stage", cwd=clone, env=plain)
    make("clean", cwd=clone, env=plain)
    suite.check("the Makefile of the top takes it away again", not files_in(
        os.path.join(clone, "stage")) and not os.path.exists(os.path.join(clone, "examples-c/build")))
    done = make("all", cwd=clone, env=plain)
    with open(cargo + ".calls", encoding="utf-8") as file:
        calls = len(file.read().splitlines()) - calls
    suite.check("and builds all", done.returncode == 0 and calls >= 1 and os.path.exists(
        os.path.join(clone, "examples-c/build/ping")), done.stderr[-2000:])
    moved(suite, folder, clone, cargo)
    for name in ["run", "test"]:
        done = run(["make", "-n", name], 60, cwd=clone, env=dict(os.environ, CARGO=cargo))
        suite.check("make %s at the top" % name, done.returncode == 0 and {
            "run": "run-demo", "test": "tests/run.py"}[name] in done.stdout, done.stdout)


def native_libraries(suite, prefix, folder):
    """The list for static links against rustc's own of an empty library."""
    empty = os.path.join(folder, "empty.rs")
    with open(empty, "w", encoding="utf-8"):
        pass
    done = run(["rustc", "--crate-type=staticlib", "--print=native-static-libs", "--out-dir", folder,
                empty], 60)
    due = re.search(r"native-static-libs: (.*)", done.stderr)
    there = re.search(r"Libs.private: (.*)", read(prefix, "lib/pkgconfig/mcpclient.pc"))
    suite.check("static links have what rustc names", due and there
                and set(due.group(1).split()) <= set(there.group(1).split()),
                (done.stderr, there and there.group(0)))
