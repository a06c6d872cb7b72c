"""Files: what `call -o DIR` saves under which names, and that `read -o` and
`call -o` leave alone what was there."""

import base64
import os
import signal
import subprocess
import tempfile
import threading

from common import CLIENT, call, check, environment, suite
from scripted import ScriptedServer
from support import run

DATA = bytes(range(256))
BLOB = base64.b64encode(DATA).decode()
PICTURE = {"type": "image", "data": BLOB, "mimeType": "image/png"}


def resource(uri, kind=None, **data):
    return {"type": "resource", "resource": dict(
        {"uri": uri}, **(data or {"blob": BLOB}), **({"mimeType": kind} if kind else {}))}


# A content, and the name of its file.
NAMES = [
    (PICTURE, "image-1.png"),
    (dict(PICTURE, mimeType="IMAGE/JPEG; q=1"), "image-1.jpg"),
    (dict(PICTURE, mimeType="image/x-odd"), "image-1.bin"),
    (dict(PICTURE, mimeType="../../x"), "image-1.bin"),
    (dict(PICTURE, mimeType=None), "image-1.bin"),
    (dict(PICTURE, type="audio", mimeType="audio/mpeg"), "audio-1.mp3"),
    (resource("file:///home/a/report.pdf", "application/pdf"), "report.pdf"),
    (resource("file:///home/a/report", "application/pdf"), "report.pdf"),
    (resource("file:///home/a/report.pdf", "image/png"), "report.pdf"),
    (resource("file:///home/a/archive.tar.gz"), "archive.tar.gz"),
    (resource("https://example.com/a.png?b=/c.txt#d/e"), "a.png"),
    (resource("note://text", "text/plain", text="x"), "text.txt"),
    (resource("x:1", "text/x-python", text="x"), "1.txt"),
    (resource("demo://folder/", "image/gif"), "folder.gif"),
    (resource("file:///a%20b%2Ec.png"), "a_b.c.png"),
    (resource("file:///\u00e4\u4e2d.png"), "\u00e4\u4e2d.png"),
    (resource("file:///%C3%A4.png"), "\u00e4.png"),
    (resource("file:///%FF%C0%80%ED%A0%80.png"), "_.png"),
    (resource("file:///a\u202egnp.exe"), "a_gnp.exe"),
    (resource("file:///a\n\x1b[31m;rm -rf $(x)`y`'\"|<>*"), "a_31m_rm_-rf_x_y_"),
    (resource("file:///a/../../../../etc/passwd"), "passwd"),
    (resource("file:///a/..%2F..%2Fetc%2Fpasswd"), "passwd"),
    (resource("file:///a/..\\..\\etc\\passwd"), "passwd"),
    (resource("file:///a/.."), "resource-1.bin"), (resource("file:///a/%2e%2e"), "resource-1.bin"),
    (resource("file:///.bashrc"), "bashrc"), (resource("file:///..."), "resource-1.bin"),
    (resource("file:///-rf"), "rf"), (resource("file:///~root"), "root"),
    (resource("file:///%00"), "_"), (resource("file:///a%00b.png"), "a_b.png"),
    (resource("/etc/passwd"), "passwd"), (resource("C:\\x\\y.txt"), "y.txt"),
    (resource("y."), "y"), (resource("///"), "resource-1.bin"), (resource(""), "resource-1.bin"),
    (resource(5), "resource-1.bin"), (resource(None, None, text="x"), "resource-1.txt"),
    (resource("file:///" + "x" * 300 + ".png"), "x" * 100),
    (resource("file:///" + "\u00e4" * 300), "\u00e4" * 50),
    (resource("file:///a." + "b" * 50), "a." + "b" * 50),
]


def answer(server, *contents, **more):
    return server.url({"results": {"tools/call": dict({"content": list(contents)}, **more)}})


def content_of(piece):
    inner = piece.get("resource", piece)
    return inner["text"].encode() if "text" in inner else DATA


def names(server):
    for piece, wanted in NAMES:
        with tempfile.TemporaryDirectory() as folder:
            target = os.path.join(folder, "in", "saved")
            os.mkdir(os.path.dirname(target))
            done = call("call", answer(server, piece), "x", "-o", target)
            made = os.listdir(target) if os.path.isdir(target) else []
            good = done.returncode == 0 and made == [wanted] and not done.stderr
            if good:
                with open(os.path.join(target, wanted), "rb") as file:
                    good = file.read() == content_of(piece)
            suite.check("call -o saves as %s" % ascii(wanted[:40]), good
                        and os.listdir(folder) == ["in"] and "saved as" in done.stdout
                        and os.listdir(os.path.dirname(target)) == ["saved"], (made, done))


def nothing_is_overwritten(server):
    pieces = [{"type": "text", "text": "words"}, PICTURE, PICTURE, resource("a:image-2.png"),
              {"type": "resource_link", "uri": "a://b", "name": "n"}]
    url = answer(server, *pieces)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(2):
            done = call("call", url, "x", "-o", folder + "/" * number)
        wanted = ["image-2-2.png", "image-2-3.png", "image-2-4.png", "image-2.png", "image-3-2.png",
                  "image-3.png"]
        suite.check("call -o overwrites nothing", sorted(os.listdir(folder)) == wanted, done)
        suite.check("and says what is where", done.stdout.startswith("words\n[image image/png, 256 "
                    "bytes: saved as %s/image-2-3.png]\n" % folder)
                    and "[link a://b]\n" in done.stdout, done)
    with tempfile.TemporaryDirectory() as folder:
        outside = os.path.join(folder, "outside")
        inside = os.path.join(folder, "inside")
        os.mkdir(inside)
        os.symlink(outside, os.path.join(inside, "image-1.png"))
        call("call", answer(server, PICTURE), "x", "-o", inside)
        suite.check("and follows no link in the folder", not os.path.exists(outside)
                    and sorted(os.listdir(inside)) == ["image-1-2.png", "image-1.png"])
        link = os.path.join(folder, "link")
        os.symlink(inside, link)
        done = call("call", answer(server, PICTURE), "x", "-o", link)
        suite.check("but one to the folder", done.returncode == 0
                    and os.path.exists(os.path.join(inside, "image-1-3.png")), done)


def many_of_one_name(server):
    """The search for a free name does not try each number: that takes longer than a
    command may, 90 s on an idle machine."""
    pieces = [resource("file:///a.txt", text="x")] * 10000
    url = answer(server, *pieces)
    # Files in memory take no time.
    memory = "/dev/shm"
    with tempfile.TemporaryDirectory(dir=memory if os.path.isdir(memory) else None) as folder:
        done = call("call", url, "x", "-o", folder)
        wanted = {"a%s.txt" % ("-%d" % number if number > 1 else "") for number in range(1, 10001)}
        suite.check("call -o saves thousands of contents of one name", done.returncode == 0
                    and set(os.listdir(folder)) == wanted,
                    (done.returncode, done.stderr[-300:], len(os.listdir(folder))))


def broken_contents(server):
    bad = [dict(PICTURE, data="%%%"), dict(PICTURE, data="data:image/png;base64,AA=="),
           dict(PICTURE, data=None), dict(PICTURE, data=5), {"type": "audio"},
           {"type": "resource"}, {"type": "resource", "resource": {"uri": "a:b"}}]
    for piece in bad:
        with tempfile.TemporaryDirectory() as folder:
            done = call("call", answer(server, piece), "x", "-o", os.path.join(folder, "d"))
            suite.check("call -o saves nothing of %s" % piece, done.returncode == 1
                        and "content 1 is not saved" in done.stderr and not os.listdir(folder), done)
            done = call("call", answer(server, piece, PICTURE), "x", "-o", os.path.join(folder, "d"))
            suite.check("but what is good beside it", done.returncode == 1
                        and os.listdir(os.path.join(folder, "d")) == ["image-2.png"], done)
    with tempfile.TemporaryDirectory() as folder:
        done = call("call", answer(server, PICTURE, isError=True), "x", "-o", folder)
        check("a tool that fails", done, 1, "saved as", where="stderr")
        for result in [{"content": []}, {"a": 1}, {"structuredContent": {"a": 1}},
                       {"content": [{"type": "text", "text": "x"}]}]:
            inner = os.path.join(folder, "none")
            done = call("call", server.url({"results": {"tools/call": result}}), "x", "-o", inner)
            suite.check("call -o makes no folder for %s" % result, done.returncode == 0
                        and not os.path.exists(inner), done)


def wrong_folders(server):
    url = answer(server, PICTURE)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        with open(path, "wb") as file:
            file.write(b"precious")
        for target, word in [(path, "Not a directory"), (path + "/d", "Not a directory"),
                             (os.path.join(folder, "no", "such"), "No such file"),
                             ("/dev/null", "Not a directory"), ("/dev/stdout", "Not a directory")]:
            done = call("-v", "call", url, "x", "-o", target)
            suite.check("call -o %s fails before the call" % os.path.basename(target),
                        done.returncode == 1 and word in done.stderr
                        and "tools/call" not in done.stderr and not done.stdout, done)
        with open(path, "rb") as file:
            suite.check("and leaves the file", file.read() == b"precious")
        large = answer(server, dict(PICTURE, data=base64.b64encode(bytes(100000)).decode()))
        for trap, codes in [("trap '' XFSZ; ", (1,)), ("", (-signal.SIGXFSZ, 153))]:
            done = run(["sh", "-c", "ulimit -c 0; ulimit -f 8; %sexec \"$@\"" % trap, "sh", CLIENT,
                        "call", large, "x", "-o", folder], 30, env=environment())
            suite.check("a full disk leaves no file, %s" % trap, done.returncode in codes
                        and os.listdir(folder) == ["file"], (done, os.listdir(folder)))
    check("-o with --json", call("--json", "call", url, "x", "-o", "d"), 2, "-o", where="stderr")
    check("-o without a name", call("call", url, "x", "-o", ""), 2, "-o", where="stderr")


def read_ends_early(server):
    """A file stays as it is when no result comes."""
    url = server.url({"silent": ["resources/read"]})
    refused = server.url({"errors": {"resources/read": {"code": -32002, "message": "gone"}}})
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        with open(path, "wb") as file:
            file.write(b"precious")

        def is_untouched():
            with open(path, "rb") as file:
                return file.read() == b"precious" and os.listdir(folder) == ["file"]

        done = call("--timeout", "0.3", "read", url, "a://", "-o", path)
        suite.check("read -o after a timeout", done.returncode == 1 and is_untouched(), done)
        done = call("read", refused, "a://", "-o", path)
        suite.check("read -o after an error", done.returncode == 1 and "gone" in done.stderr
                    and is_untouched(), done)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
            url = server.url({"silent": ["resources/read"]})
            process = subprocess.Popen([CLIENT, "read", url, "a://", "-o", path],
                                       stderr=subprocess.DEVNULL, env=environment())
            is_asked = server.is_asked(url)
            process.send_signal(number)
            code = process.wait(timeout=30)
            suite.check("read -o after %s" % number.name, is_asked and is_untouched()
                        and code == (130 if number == signal.SIGINT else -number), code)


def call_ends_early(server):
    """No folder is made when no result comes."""
    url = server.url({"silent": ["tools/call"]})
    refused = server.url({"errors": {"tools/call": {"code": -32602, "message": "no such tool"}}})
    with tempfile.TemporaryDirectory() as folder:
        target = os.path.join(folder, "saved")
        done = call("--timeout", "0.3", "call", url, "x", "-o", target)
        suite.check("call -o after a timeout", done.returncode == 1 and not os.listdir(folder), done)
        done = call("call", refused, "x", "-o", target)
        suite.check("call -o after an error", done.returncode == 1 and not os.listdir(folder), done)
        url = server.url({"silent": ["tools/call"]})
        process = subprocess.Popen([CLIENT, "-v", "call", url, "x", "-o", target],
                                   stderr=subprocess.PIPE, text=True, env=environment())
        is_asked = server.is_asked(url)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[1]
        suite.check("call -o after Ctrl-C", is_asked and process.returncode == 130
                    and "cancelled" in said
                    and "mcp_" not in said.splitlines()[-1] and not os.listdir(folder), said)


def read_into(server):
    """What is no file is written through."""
    url = server.url({"results": {"resources/read": {"contents": [{"uri": "a://", "blob": BLOB}]}}})
    for target in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]:
        done = subprocess.run([CLIENT, "read", url, "a://", "-o", target], capture_output=True,
                              timeout=30, env=environment(), check=False)
        suite.check("read -o %s to a pipe" % target, (done.returncode, done.stdout) == (0, DATA),
                    done)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "file")
            with open(path, "wb") as file:
                file.write(b"before")
            with open(path, "ab") as file:
                done = subprocess.run([CLIENT, "read", url, "a://", "-o", target], stdout=file,
                                      timeout=30, env=environment(), check=False)
            with open(path, "rb") as file:
                suite.check("read -o %s to a file" % target, done.returncode == 0
                            and file.read() == b"before" + DATA and os.listdir(folder) == ["file"])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fifo")
        os.mkfifo(path)
        got = []

        def take():
            with open(path, "rb") as file:
                got.append(file.read())

        taker = threading.Thread(target=take)
        taker.start()
        done = call("read", url, "a://", "-o", path)
        taker.join(10)
        suite.check("read -o to a FIFO", done.returncode == 0 and got == [DATA]
                    and os.listdir(folder) == ["fifo"], done)
        if os.geteuid() == 0:
            path = os.path.join(folder, "group")
            with open(path, "wb"):
                os.chown(path, 0, 12345)
            done = call("read", url, "a://", "-o", path)
            suite.check("read -o keeps the group", done.returncode == 0
                        and os.stat(path).st_gid == 12345 and os.path.getsize(path) == 256, done)
    check("read -o of a closed descriptor", call("read", url, "a://", "-o", "/dev/fd/77"), 1,
          "Bad file descriptor", where="stderr")


def run_all():
    with ScriptedServer() as server:
        names(server)
        nothing_is_overwritten(server)
        many_of_one_name(server)
        broken_contents(server)
        wrong_folders(server)
        read_ends_early(server)
        call_ends_early(server)
        read_into(server)
