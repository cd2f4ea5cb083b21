# SPDX-License-Identifier: Apache-2.0
"""The house in numbers: rooms, circles, long files, functions, assertions, what crosses walls."""

import re
import statistics
from collections import defaultdict

from lint_c import CODE_SUFFIXES
from lint_include import circles, include_graph

LONG_FILE_LINES = 400
ASSERTION = re.compile(r"\b(?:INVARIANT|CHECK_OBJ|CHECK_OBJ_NOTNULL)\s*\(")
ENGINE_ROOM = re.compile(r"store/(sqlite|postgres)$")
SQL_TEXT = re.compile(
    r'"\s*(?:SELECT|INSERT INTO|INSERT OR|UPDATE|DELETE FROM|CREATE|DROP|ALTER|PRAGMA|BEGIN)\b'
)


def lines(sources):
    return sum(s.text.count("\n") for s in sources)


def in_room(sources, room):
    return [s for s in sources if s.folder == room or (s.folder or "").startswith(room + "/")]


def percentile(numbers, share):
    """The smallest of them that so large a share does not exceed."""
    return sorted(numbers)[min(len(numbers) - 1, int(len(numbers) * share))]


def tell_rooms(src):
    """Lines of each room; one with rooms in it has its own files apart."""
    rooms = defaultdict(list)
    for source in src:
        if source.folder is not None and (source.is_c or source.path.suffix in (".def", ".sql")):
            rooms[source.folder].append(source)
    for top in sorted({room.split("/")[0] for room in rooms}):
        within = in_room([s for room in rooms.values() for s in room], top)
        if len(within) > len(rooms[top]):
            yield f"src/{top} with all in it: {lines(within)} lines in {len(within)} files"
        for room in sorted(rooms):
            if rooms[room] and room.split("/")[0] == top:
                yield f"src/{room}: {lines(rooms[room])} lines in {len(rooms[room])} files"


def tell_functions(name, sources):
    lengths = [f.length for s in sources for f in s.functions()]
    if lengths:
        yield (
            f"{name}: {len(lengths)} functions, median {statistics.median(lengths):g} lines, "
            f"90th percentile {percentile(lengths, 0.9)}, longest {max(lengths)}"
        )


def tell_circles(src):
    found = circles(include_graph(src))
    yield f"circles of includes: {len(found)}"
    for circle in found:
        yield "  " + ", ".join(node.removeprefix("src/") for node in circle)


def tell_assertions(name, sources):
    code = [s for s in sources if s.is_c]
    count = sum(len(ASSERTION.findall(s.code)) for s in code)
    without = [s for s in code if s.path.suffix == ".c" and not ASSERTION.search(s.code)]
    total = lines(code)
    if total:
        files = sum(s.path.suffix == ".c" for s in code)
        yield (
            f"assertions of {name}: {count}, {1000 * count / total:.1f} per 1,000 lines; "
            f"{len(without)} of {files} .c files have none"
        )


def tell_engines(src):
    """What goes through the wall of an engine's folder: 0 and 0."""
    engine = [s for s in src if ENGINE_ROOM.match(s.folder or "")]
    if not engine:
        return
    inside = {f.name for s in engine for f in s.functions() if not f.is_static}
    verbs = "\n".join(s.code for s in src if s.folder == "store/verbs")
    calls = sum(name in inside for name in re.findall(r"\b(\w+)\s*\(", verbs))
    yield f"calls from store/verbs into an engine: {calls}"
    outside = [s for s in src if s.is_c and s not in engine]
    yield f"SQL texts outside an engine's folder: {sum(len(SQL_TEXT.findall(s.text)) for s in outside)}"


def tell(sources):
    src = [s for s in sources if s.top == "src"]
    code = [s for s in src if s.is_c]
    yield from tell_rooms(src)
    yield f"src: {lines(s for s in src if s.is_c or s.path.suffix in ('.def', '.sql'))} lines"
    tests = [s for s in sources if s.top == "test" and s.path.suffix in CODE_SUFFIXES]
    yield f"test: {lines(tests)} lines in {len(tests)} files"
    yield from tell_circles(src)
    long = [(lines([s]), s.name) for s in code if lines([s]) > LONG_FILE_LINES]
    yield f"files over {LONG_FILE_LINES} lines: {len(long)}"
    for length, name in sorted(long, reverse=True):
        yield f"  {name} {length}"
    yield from tell_functions("src", code)
    for room in sorted({s.folder.split("/")[0] for s in code if s.folder}):
        yield from tell_functions(f"src/{room}", in_room(code, room))
    functions = [(f.length, f.name, s.name) for s in code for f in s.functions()]
    if functions:
        length, name, where = max(functions)
        yield f"longest function: {name} in {where}, {length} lines"
    yield from tell_assertions("src", code)
    yield from tell_assertions("src/store", in_room(code, "store"))
    yield from tell_engines(src)
