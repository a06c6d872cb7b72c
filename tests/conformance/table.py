"""The table of what was measured, in docs/conformance.md."""

import textwrap

REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
BEGIN = "<!-- Made by tests/conformance/run.py --update: not by hand. -->\n"
END = "<!-- The end of what is made. -->\n"


def make(official, runs):
    """Gives the table; a wire is passed if every run at it was a success."""
    wires, checks = {}, {name: set() for name in official.scenarios}
    for run in runs:
        # What is wrong with many at once is not the fault of each.
        is_good = len(run.outcomes) > 1 or not run.problems()
        for outcome in run.outcomes:
            key = outcome.scenario, outcome.wire
            wires[key] = wires.get(key, True) and is_good and not outcome.problems()
            checks[outcome.scenario] |= outcome.passed()
    lines = ["| scenario | %s | required for | checks |" % " | ".join(REVISIONS),
             "|---" * (len(REVISIONS) + 3) + "|"]
    for name in official.scenarios:
        cells = [{True: "yes", False: "no", None: ""}[wires.get((name, revision))]
                 for revision in REVISIONS]
        needed = [revision for revision, names in official.required.items()
                  if name in names]
        lines.append("| %s | %s | %s | %d |" % (
            name, " | ".join(cells), ", ".join(needed), len(checks[name])))
    return "%s\n\n%s\n" % (total(official, wires, checks), "\n".join(lines))


def total(official, wires, checks):
    good = [name for name in official.scenarios
            if all(is_good for (one, _), is_good in wires.items() if one == name)]
    sets = ["%d of the %d that %s requires" % (
        sum(wires[name, revision] for name in names), len(names), revision)
        for revision, names in official.required.items()]
    text = "%d of %d scenarios pass, %s: %d checks of `%s`." % (
        len(good), len(official.scenarios), " and ".join(sets),
        sum(len(names) for names in checks.values()), official.version)
    return textwrap.fill(text, 80, break_on_hyphens=False)


def parts(page):
    """Splits a page into the text before the table, the table, and the rest."""
    before, _, rest = page.partition(BEGIN)
    table, _, behind = rest.partition(END)
    return before + BEGIN, table, END + behind


def difference(old, new):
    """The lines of two tables that are not in both."""
    olds, news = old.splitlines(), new.splitlines()
    return (["- " + line for line in olds if line not in news] +
            ["+ " + line for line in news if line not in olds])
