# SPDX-License-Identifier: Apache-2.0
"""Comments and documents: what they name exists, and a comment begins with its noun."""

import ast
import re

from lint_c import LEXEMES

# Files of the system, of libraries, and of those who run the server.
FOREIGN = {
    "sqlite3.h", "sqlite3.c", "unistd.h", "watchword.yaml",
}  # fmt: skip
PLACE = re.compile(
    r"(?<![\w./*<{$@~-])((?:[\w*-]+/)*[\w*-]+\.(?:c|h|def|py|md|sql|js|java|go|pl|patch|txt))"
    r"(?![\w/-])"
)
FOLDER = re.compile(r"(?<![\w./*<{$@~-])((?:src|test|tools|script|doc|bench)/[\w*/.-]*[\w*])")
CONTRACT = "doc/contract.md"
NUMBER = r"\d+(?:\.\d+)*"
GAP = r"[\s*]+"
SECTION = re.compile(rf"\bcontract,?{GAP}{NUMBER}(?:(?:,|,?{GAP}(?:and|to)){GAP}{NUMBER})*")
NO_NOUN = re.compile(r"(?:^/[*/]+|[.:?!)]|\n[\s*]*\n)[\s*]+(Of|What|Who|Whoever|Whom|Whose)\b")

# A column "state" beside a number; the text of a statement may be cut between them.
BARE_STATE = re.compile(r'\bstate\b(?:"\s*")?\s*(?:[=<>!]+|IN \(|,|BETWEEN)\s*(?:"\s*")?\d+')


def comments(source):
    """Offset and text of each comment of C, without the stars at the margin."""
    for match in LEXEMES.finditer(source.text):
        if match["comment"] is not None:
            yield match.start(), match["comment"]


def python_words(source):
    """Offset and text of the comments and docstrings of a Python file."""
    for match in re.finditer(r"^[ \t]*#(?!!)[^\n]*", source.text, re.M):
        yield match.start(), match[0]
    starts = [0]
    for line in source.lines:
        starts.append(starts[-1] + len(line) + 1)
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
            first = node.body[0]
            yield starts[first.lineno - 1], "\n".join(
                source.lines[first.lineno - 1 : first.end_lineno]
            )


def prose(source):
    """Offset and text of what people read in a file: comments, or a whole document."""
    suffix = source.path.suffix
    if source.is_c or source.path.suffix == ".js":
        return comments(source)
    if suffix == ".def":
        return comments(source)
    if suffix == ".py":
        return python_words(source)
    if suffix == ".md" and source.name != "CHANGELOG.md":
        return [(0, source.text)]
    return []


def known(names):
    """Every way to name a file or a folder of the tree: its path and each end of it."""
    ends = set()
    for name in names:
        parts = name.split("/")
        for end in range(1, len(parts) + 1):
            for start in range(end):
                ends.add("/".join(parts[start:end]))
    return ends


def exists(place, ends):
    if place in ends:
        return True
    open_ends = re.sub(r"\b[A-Z]+\b", "*", place)  # test/shim/NAME.c
    pattern = re.compile(re.escape(open_ends).replace(r"\*", r"[\w.-]*"))
    return any(pattern.fullmatch(end) for end in ends)


def check_references(_root, sources):
    """A file that a comment or a document names is there."""
    ends = known(source.name for source in sources)
    for source in sources:
        for start, text in prose(source):
            for pattern in (PLACE, FOLDER):
                for match in pattern.finditer(text):
                    place = match[1]
                    if place not in FOREIGN and not exists(place, ends):
                        yield source.name, source.line_of(start + match.start()), f"{place}: no such file"


def check_contract(_root, sources):
    """A number of the contract that somebody cites is a heading of doc/contract.md."""
    page = next((s for s in sources if s.name == CONTRACT), None)
    if page is None:
        return
    there = set(re.findall(rf"^(?:#+|\|) ({NUMBER}) ", page.text, re.M))
    for source in sources:
        for start, text in prose(source):
            for match in SECTION.finditer(text):
                for number in re.findall(r"\d+(?:\.\d+)*", match[0]):
                    if number not in there:
                        line = source.line_of(start + match.start())
                        yield source.name, line, f"{CONTRACT} has no {number}"


def check_state(_root, sources):
    """A statement names a message's state by its symbol (store/message_guard.h)."""
    for source in sources:
        if not source.name.endswith("/sql.def"):
            continue
        for match in BARE_STATE.finditer(source.text):
            text = " ".join(match[0].split())
            yield source.name, source.line_of(match.start()), f"{text}: a state by its number"


def check_noun(_root, sources):
    """A sentence of a comment begins with its noun."""
    for source in sources:
        if not (source.is_c or source.path.suffix == ".def"):
            continue
        for start, text in comments(source):
            for match in NO_NOUN.finditer(text):
                line = source.line_of(start + match.start(1))
                yield source.name, line, f'a sentence begins with "{match[1]}" in place of its noun'
