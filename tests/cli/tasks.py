"""The example program for tasks, against the test server of either era."""

from common import check, example, suite


def waits(url, era):
    check("task.c waits through a task, " + era, example("task", url, "task-required"), 0, "[]\n")
    check("and calls what is none, " + era, example("task", url, "echo", '{"a":1}'), 0, '{"a":1}\n')
    done = example("task", url, "task-required", '{"stops":true,"says":"enough"}')
    check("it tells of one that the server cancels, " + era, done, 1, "enough", where="stderr")
    done = example("task", url, "task-required", '{"is_error":true}')
    suite.check("and of a tool that fails, " + era, done.returncode == 1, done)


def takes_up(url, era):
    done = example("task", url, "-b", "task-required", '{"for":200,"says":"at it","loose":true}')
    check("task.c -b begins a task, " + era, done, 0, " working: at it\n")
    known = done.stdout.split(" ")[0]
    check("-s says how it stands, " + era, example("task", url, "-s", known), 0, known + " ")
    check("-r waits for its result, " + era, example("task", url, "-r", known), 0, "[]\n")
    done = example("task", url, "-b", "task-required", '{"for":9000,"loose":true}')
    known = done.stdout.split(" ")[0]
    check("-c ends it, " + era, example("task", url, "-c", known), 0)
    check("so that it has no result, " + era, example("task", url, "-r", known), 1, "cancelled",
          where="stderr")
    check("one that is not known fails, " + era, example("task", url, "-s", "nobody"), 1,
          "does not know the task", where="stderr")


def run_all(url):
    for path, era in [("/tasks-stateless/mcp", "stateless"), ("/tasks-handshake/mcp", "handshake")]:
        waits(url + path, era)
        takes_up(url + path, era)
    check("task.c says how it is used", example("task"), 1, "usage: task", where="stderr")
