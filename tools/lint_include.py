# SPDX-License-Identifier: Apache-2.0
"""Who may include whom: the rooms of src, two levels deep, and no circles."""

import re

from lint_c import includes

# Every room may include itself. A row names rooms one by one: `api` lets in the files of
# src/api alone, not those of src/api/ops.
RULES_OF = {"twofa", "base"}
WIRE = {"api", "api/access", "api/ops", "store"} | RULES_OF
ROOMS = {
    "base": set(),
    "net": {"base"},
    "twofa": {"base"},
    "store": RULES_OF,
    "store/verbs": {"store"} | RULES_OF,
    "store/sqlite": {"store"} | RULES_OF,
    "speech": RULES_OF,
    "carrier": {"net", "speech"} | RULES_OF,
    "lookup": {"net"} | RULES_OF,
    "api/access": {"store"} | RULES_OF,
    "api": {"api/access", "store"} | RULES_OF,
    "api/ops": WIRE - {"api/ops"},
    "api/infobip": WIRE,
    "api/own": WIRE,
    "http": {"api", "base"},
    "conf": {"http", "carrier", "lookup", "net", "speech"} | RULES_OF,
    "delivery": {"conf", "carrier", "lookup", "api", "store", "net"} | RULES_OF,
    "server": {"api", "api/access", "carrier", "conf", "delivery", "http", "lookup", "net",
               "speech", "store"} | RULES_OF,
}  # fmt: skip
# A wall has a door where one file is the table of what stands behind it.
DOORS = {
    "src/store/engines.c": {"store/sqlite"},
}
# (file, include) -> what ends it: includes that cross a wall or close a circle and that are
# still there. The list only gets shorter.
STILL = {}

LOOPS = {"net", "carrier", "lookup", "http", "delivery", "server"}
SOCKETS = set(ROOMS) - {"twofa"} - {room for room in ROOMS if room.startswith("api")}
# System headers that only some rooms may use: pattern, rooms, why. One row a header.
SYSTEM_HEADERS = [
    (r"(sqlite3)\.h", {"store/sqlite"}, "only an engine talks to a database"),
    (r"(libpq-fe)\.h", set(), "only an engine talks to a database"),
    (r"openssl/.*", {"net", "carrier", "http"}, "only net, carrier and http know OpenSSL"),
    (r"curl/.*", {"net"}, "only net speaks HTTP to others"),
    (r"libxml/.*", {"api"}, "only api reads XML"),
    (r"ares\w*\.h", {"net"}, "only net asks for names"),
    (r"event2/dns\w*\.h|evdns\.h|netdb\.h", set(), "names are asked for in net/resolver.h"),
    (r"event2/(?!dns).*|(event|evhttp|evutil)\.h", LOOPS, "this room has no event loop"),
    (r"sys/(socket|un)\.h|(netinet|arpa)/.*", SOCKETS, "this room has no sockets"),
    (r"unistd\.h", set(ROOMS) - {"twofa"}, "twofa does no I/O"),
]


def wrong_header(source, name):
    for pattern, allowed, why in SYSTEM_HEADERS:
        if re.fullmatch(pattern, name):
            return None if source.folder in allowed else f"<{name}> in {source.folder}: {why}"
    return None


def wrong_include(source, name):
    """What is wrong with an include of a file of ours; one without a folder is near."""
    other = name.rpartition("/")[0]
    room = source.folder
    if other == "" or other == room or other in ROOMS[room] | DOORS.get(source.name, set()):
        return None
    if other not in ROOMS:
        return f'"{name}" names no room of src'
    return f'{room} must not include "{name}"'


def check_include(_root, sources):
    for source in sources:
        if not source.is_c or source.top != "src":
            continue
        if source.folder not in ROOMS:
            yield source.name, 1, "stands in no room of the include table"
            continue
        seen = list(includes(source))
        for line, bracket, name in seen:
            wrong = (wrong_header if bracket == "<" else wrong_include)(source, name)
            if wrong and (source.name, name) not in STILL:
                yield source.name, line, wrong
        for file, name in STILL:
            if file == source.name and name not in [n for _, _, n in seen]:
                yield file, 1, f'"{name}" is not included any more: take its row off STILL'


def unit(name):
    """A .c and its .h are one: what a circle is made of. A table is one by itself."""
    return name if name.endswith(".def") else name.rpartition(".")[0]


def include_graph(sources):
    """unit -> {unit that it includes: (file, line)}, over the files of src that are there."""
    files = {s.name: s for s in sources if s.top == "src"}
    graph = {unit(name): {} for name in files}
    for source in files.values():
        if not source.is_c:
            continue
        folder = source.name.rpartition("/")[0]
        for line, bracket, name in includes(source):
            if (source.name, name) in STILL:
                continue
            near = [n for n in (f"src/{name}", f"{folder}/{name}") if n in files]
            if bracket == '"' and near and unit(near[0]) != unit(source.name):
                graph[unit(source.name)].setdefault(unit(near[0]), (source.name, line))
    return graph


def circles(graph):
    """The sets of nodes that reach each other: Tarjan's strongly connected components."""
    order, low, stack, found = {}, {}, [], []

    def visit(node):
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in graph[node]:
            if other not in order:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] != order[node]:
            return
        circle = set()
        while node not in circle:
            circle.add(stack.pop())
        if len(circle) > 1:
            found.append(sorted(circle))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return sorted(found)


def check_circle(_root, sources):
    graph = include_graph(sources)
    for circle in circles(graph):
        edges = [graph[node][other] for node in circle for other in graph[node] if other in circle]
        names = ", ".join(node.removeprefix("src/") for node in circle)
        yield *min(edges), f"a circle of includes: {names}"
