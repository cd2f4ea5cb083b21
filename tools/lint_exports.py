# SPDX-License-Identifier: Apache-2.0
"""What a file of src offers to others: names that tell where it stands, and no more than is used.

A function that is not static begins with the name of its file, or of the header that declares
it where that is the header of a family of files; an object that is shared is
a row of somebody's table and is named after that table. Something outside of its file uses
either; a function that only tests call is listed with a reason in tools/exported.txt:

    FILE FUNCTION CLASS: REASON

name   it does not begin with the name of its file; `*` stands for all of a file
test   only tests, fuzz targets and benchmarks call it
static nothing outside of its file calls it
"""

import re
from collections import defaultdict

from lint_c import DIRECTIVE, blank

EXPORTED = "tools/exported.txt"
CLASSES = {"name", "test", "static"}
# Chosen by who calls: the system, a fuzzer.
DICTATED = {"main", "LLVMFuzzerTestOneInput", "LLVMFuzzerInitialize"}
WORD = re.compile(r"[A-Za-z_]\w*")
PROTOTYPE = re.compile(r"\b([A-Za-z_]\w*)\s*\(")


def exported(sources):
    """(source, function) of all that are not static."""
    for source in sources:
        if source.top == "src" and source.path.suffix == ".c":
            for function in source.functions():
                if not function.is_static and function.name not in DICTATED:
                    yield source, function


def statements(text):
    """What a header says at its outermost level: directives and bodies are left out."""
    text = DIRECTIVE.sub(lambda m: blank(m[0]), text)
    depth, start = 0, 0
    for at, char in enumerate(text):
        depth += (char == "{") - (char == "}")
        if depth == 0 and char in ";}":
            yield start, text[start : at + 1]
            start = at + 1


def prototypes(source):
    """Offset and name of each function that a header declares and does not define."""
    for start, text in statements(source.code):
        found = PROTOTYPE.search(text)
        is_type = re.match(r"\s*(struct|union|enum)\b[^(]*\{", text) or "typedef" in text
        if found and text.endswith(";") and not is_type and not re.search(r"\(\s*\*", text[: found.end() + 1]):
            yield start + found.start(1), found[1]


def objects(source):
    """Offset and name of each object that a header declares."""
    for start, text in statements(source.code):
        found = re.match(r"\s*extern\b[^({]*?(\w+)\s*(\[[^]]*\]\s*)*;", text)
        if found:
            yield start + found.start(1), found[1]


def uses(sources):
    """name -> the files that name it other than to declare it."""
    found = defaultdict(set)
    for source in sources:
        text = source.code if source.is_c else source.text
        if source.path.suffix == ".h":
            for offset, name in [*prototypes(source), *objects(source)]:
                text = text[:offset] + " " * len(name) + text[offset + len(name) :]
        if source.is_c or source.path.suffix == ".def":
            for name in set(WORD.findall(text)):
                found[name].add(source)
    return found


def read_listed(sources):
    """(file, name, class) -> line of tools/exported.txt, and the lines that are none."""
    listed, wrong = {}, []
    source = next((s for s in sources if s.name == EXPORTED), None)
    for number, line in enumerate(source.lines if source else [], 1):
        if line == "" or line.startswith("#"):
            continue
        found = re.fullmatch(r"(src/\S+) (\w+|\*) (\w+): \S.*", line)
        if found is None or found[3] not in CLASSES:
            wrong.append(number)
        else:
            listed[found.groups()] = number
    return listed, wrong


def is_named_after(name, source, headers):
    """`send_begin` or, where rooms share a file's name, `verbs_send_begin`."""
    room = source.path.parent.name
    stems = {source.path.stem} | {h.path.stem for h in headers if h.folder == source.folder}
    return re.match(rf"({room}_)?({'|'.join(stems)})(_|$)", name) is not None


def declarations(sources):
    """name -> the headers of src that declare it."""
    found = defaultdict(set)
    for source in sources:
        if source.top == "src" and source.path.suffix == ".h":
            for _, name in prototypes(source):
                found[name].add(source)
    return found


def check_exported(_root, sources):
    listed, wrong = read_listed(sources)
    for number in wrong:
        yield EXPORTED, number, "is not FILE FUNCTION CLASS: REASON"
    used, declared, needed = uses(sources), declarations(sources), set()
    for source, function in exported(sources):
        named = is_named_after(function.name, source, declared[function.name])
        for why, message in faults_of(source, function, used, named):
            rows = {(source.name, function.name, why), (source.name, "*", why)} & set(listed)
            needed |= rows
            if not rows:
                yield source.name, function.line, f"{function.name}: {message}"
    yield from check_objects(sources, used)
    for row in set(listed) - needed:
        yield EXPORTED, listed[row], f"{row[0]} {row[1]} needs no {row[2]} any more"


def faults_of(source, function, used, is_named):
    if not is_named:
        yield "name", f"does not begin with {source.path.stem}_"
    others = used[function.name] - {source}
    if not others:
        yield "static", "nobody outside calls it"
    elif not any(other.top == "src" for other in others):
        yield "test", "only tests call it"


def check_objects(sources, used):
    for header in sources:
        if header.top != "src" or header.path.suffix != ".h":
            continue
        for offset, name in objects(header):
            pattern = re.compile(rf"^[^\s#][^;{{(]*\b{name}\b[^;{{(]*=", re.M)
            makers = {s for s in used[name] if pattern.search(s.code)}
            if not used[name] - makers:
                yield header.name, header.line_of(offset), f"{name}: nobody outside uses it"


def check_declared(_root, sources):
    """What a header of src declares is defined somewhere in it."""
    defined = {f.name for s in sources if s.top == "src" for f in s.functions()}
    for source in sources:
        if source.top == "src" and source.path.suffix == ".h":
            for offset, name in prototypes(source):
                if name not in defined and name in source.code and not name.isupper():
                    yield source.name, source.line_of(offset), f"{name} is defined nowhere"
