"""Which source file uses which: cycles, the parts of a folder, type names."""

import os
import re

# The parts of a folder, each with the parts that it may use. A file of the folder
# itself is the part "top", which may use all.
PARTS = {
    "client": {
        "options": set(),
        "core": {"options"},
        "app": {"core", "options"},
        "inbound": {"app", "core"},
        "http": {"inbound", "app", "core", "options"},
        "stream": {"http", "inbound", "app", "core", "options"},
        "session": {"stream", "http", "app", "core", "options"},
        "notifications": {"session", "stream", "http", "inbound", "app", "core", "options"},
        "call": {"notifications", "session", "app", "core", "options"},
        "config": {"top", "core", "options"},
    },
    "auth/oauth": {
        "spec": set(),
        "store": {"spec"},
        "state": {"store", "spec"},
        "host": {"spec"},
        "flow": {"host", "state", "store", "spec"},
    },
}
# A type name that stands in two files, and why.
SAME_NAME = {}
# Methods of these types are defined in several files of src/client: to call one
# is to use its file.
SPREAD = ("Client", "Ctx")

USE = re.compile(r"^\s*(?:pub(?:\([^)]*\))?\s+)?use\s+([^;]+);", re.M)
PATH = re.compile(r"\b((?:crate|super|self)(?:::\w+)+)")
TYPE = re.compile(r"^(?:pub(?:\([a-z]+\))? )?(?:struct|enum|trait|type|union) (\w+)", re.M)
METHODS = re.compile(r"^impl(?:<[^>]*>)? (?:[\w:]+ for )?(%s)\b[^{;]*\{\n(.*?)^\}"
                     % "|".join(SPREAD), re.M | re.S)
FUNCTION = re.compile(r"^    (?:pub(?:\([^)]*\))? )?(?:async )?fn (\w+)", re.M)


def sources(folder):
    """Each file outside tests: its module and its text without comments."""
    out = {}
    for place, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            if not name.endswith(".rs") or name in ("tests.rs", "testing.rs"):
                continue
            path = os.path.join(place, name)
            module = os.path.relpath(path, folder)[:-3].split(os.sep)
            if module[-1] in ("mod", "lib"):
                module.pop()
            with open(path, encoding="utf-8") as file:
                text = file.read()
            tests = re.search(r"^#\[cfg\(test\)\]\n(pub\(crate\) )?mod \w+ \{", text, re.M)
            text = text[:tests.start()] if tests else text
            text = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)
            out["::".join(module)] = re.sub(r"//.*", "", text)
    return out


def expanded(tree):
    """The paths of a use: `a::{b, c}` is two."""
    tree = tree.strip()
    start = tree.find("{")
    if start < 0:
        return [tree.split(" as ")[0].strip()]
    head, body = tree[:start], tree[start + 1:tree.rindex("}")]
    parts, depth, last = [], 0, 0
    for at, sign in enumerate(body):
        depth += (sign == "{") - (sign == "}")
        if sign == "," and depth == 0:
            parts.append(body[last:at])
            last = at + 1
    parts.append(body[last:])
    return [head + path for part in parts if part.strip() for path in expanded(part)]


def graph(texts):
    """The files that each file uses, by a `use`, a path, or a method that only
    one other file defines."""
    def resolved(path):
        while path and "::".join(path) not in texts:
            path = path[:-1]
        return "::".join(path)

    edges = {module: set() for module in texts}
    for module, text in texts.items():
        own = module.split("::") if module else []
        children = {name.split("::")[-1] for name in texts
                    if name and name.split("::")[:-1] == own}
        paths = {path.replace(" ", "") for use in USE.findall(text)
                 for path in expanded(re.sub(r"\s+", " ", use))}
        rest = USE.sub("", text)
        paths.update(PATH.findall(rest))
        paths.update("self::" + name for name in re.findall(r"(?<![\w:])(\w+)::\w", rest)
                     if name in children)
        for path in paths:
            parts = path.split("::")
            if parts[0] == "crate":
                target = parts[1:]
            elif parts[0] == "self":
                target = own + parts[1:]
            elif parts[0] == "super":
                base = own[:]
                while parts and parts[0] == "super":
                    base, parts = base[:-1], parts[1:]
                target = base + parts
            elif parts[0] in children:
                target = own + parts
            else:
                continue
            target = resolved(target)
            if target != module:
                edges[module].add(target)
    for module, target in method_calls(texts):
        edges[module].add(target)
    return edges


def method_calls(texts):
    """Calls of methods of a type whose methods stand in several files."""
    defined = {}
    for module, text in texts.items():
        if module.startswith("client"):
            for _, body in METHODS.findall(text):
                for name in FUNCTION.findall(body):
                    defined.setdefault(name, set()).add(module)
    # A name that another type has as well counts where the value is named as one
    # of these types is.
    common = set(COMMON)
    for module, text in texts.items():
        common.update(FUNCTION.findall(METHODS.sub("", text)))
    for name, where in defined.items():
        if len(where) != 1:
            continue
        (target,) = where
        call = re.compile(r"%s\.%s(?:::<[^>]*>)?\(" % (RECEIVER if name in common else "", name))
        for module, text in texts.items():
            if module != target and module.startswith("client") and call.search(text):
                yield module, target


# How a client or a context is named where its methods are called.
RECEIVER = r"(?:\bclient|\bctx|\bCtx::new\([^()]*\)|\bwithin\([^()]*\))"
# Methods of the standard library.
COMMON = {"get", "clone", "send", "take", "read", "drop", "new", "open", "close"}


def cycles(edges):
    """The strongly connected sets of more than one file (Tarjan)."""
    index, low, stack, on_stack, found = {}, {}, [], set(), []
    for root in edges:
        work = [(root, iter(sorted(edges[root])))] if root not in index else []
        if work:
            index[root] = low[root] = len(index)
            stack.append(root)
            on_stack.add(root)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(sorted(edges[target]))))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group = []
                    while not group or group[-1] != node:
                        group.append(stack.pop())
                        on_stack.discard(group[-1])
                    if len(group) > 1:
                        found.append(sorted(group))
    return found


def part_of(module, folder):
    """The part of the folder that a file belongs to; None outside."""
    head = folder.replace("/", "::")
    if module != head and not module.startswith(head + "::"):
        return None
    inside = module[len(head) + 2:].split("::")
    return inside[0] if inside[0] in PARTS[folder] else "top"


def problems(folder, parts=None, same_name=None):
    """What breaks the rules."""
    parts = PARTS if parts is None else parts
    same_name = SAME_NAME if same_name is None else same_name
    texts = sources(folder)
    edges = graph(texts)
    for group in cycles(edges):
        yield "an import cycle: %s" % ", ".join(group)
    for place, table in parts.items():
        for module in sorted(edges):
            own = part_of(module, place)
            if own in (None, "top"):
                continue
            for target in sorted(edges[module]):
                other = part_of(target, place)
                if other not in (None, own) and other not in table[own]:
                    yield "%s uses %s: %s may not use %s" % (module, target, own, other)
    where = {}
    for module, text in texts.items():
        for name in TYPE.findall(text):
            where.setdefault(name, set()).add(module)
    for name, modules in sorted(where.items()):
        if len(modules) > 1 and name not in same_name:
            yield "the type %s is defined in %s" % (name, " and ".join(sorted(modules)))
