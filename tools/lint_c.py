# SPDX-License-Identifier: Apache-2.0
"""C as far as the linter needs it: comments, includes, functions, how deep they nest.

Nothing here is a compiler: a function's braces stand in column 0, and clang-format
sees to it that they do.
"""

import re
from pathlib import Path

CODE_SUFFIXES = {".c", ".h", ".py", ".js"}
LEXEMES = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""",
    re.DOTALL,
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE)
TOKEN = re.compile(r"[A-Za-z_]\w*|[^\s\w]|\d\w*")
JUMPS = {"return", "goto"}
OPENERS = {"(": ")", "[": "]", "{": "}"}


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text, keep_strings):
    """The same text with comments, and on demand strings, turned into spaces."""

    def replace(match):
        if match["comment"] is not None:
            return blank(match[0])
        return match[0] if keep_strings else '"' + blank(match[0][1:-1]) + '"'

    return LEXEMES.sub(replace, text)


class Source:
    """One text file: as it stands, and for C also as the compiler would see it."""

    def __init__(self, root, name):
        self.name = name
        self.path = Path(name)
        self.text = (root / name).read_bytes().decode("utf-8")
        self.lines = self.text.split("\n")
        self.is_c = self.path.suffix in (".c", ".h")
        parts = self.path.parts
        self.top = parts[0]
        self.folder = "/".join(parts[1:-1]) if self.top == "src" and len(parts) > 2 else None
        self.code = without_comments(self.text, False) if self.is_c else ""
        self._functions = None

    def functions(self):
        if self._functions is None:
            self._functions = list(find_functions(self)) if self.is_c else []
        return self._functions

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1


class Function:
    def __init__(self, head, line, length, body):
        found = re.search(r"([A-Za-z_]\w*)\s*\(", head)
        self.name = found[1]
        self.is_static = re.search(r"\bstatic\b", head[: found.start()]) is not None
        self.parameters = count_parameters(head[found.start() :])
        self.line = line
        self.length = length
        self.body = body


def count_parameters(head):
    """Parameters of `name(a, b)`; a function without any and `...` count nothing."""
    depth, commas, last = 0, 0, ""
    inner = head[head.index("(") :]
    for char in inner:
        depth += (char in "([{") - (char in ")]}")
        if depth == 0:
            break
        if depth == 1 and char == ",":
            commas += 1
            last = ""
        elif depth > 1 or char != "(":
            last += char
    if commas == 0 and last.strip() in ("", "void"):
        return 0
    return commas + (last.strip() != "...")


def find_functions(source):
    lines = DIRECTIVE.sub(lambda m: blank(m[0]), source.code).split("\n")
    end = 0
    for number, line in enumerate(lines):
        if line.rstrip() != "{":
            continue
        start = number
        while start > end and re.search(r"[^\s;}]\s*$", lines[start - 1]):
            start -= 1
        head = "\n".join(lines[start:number])
        name = re.search(r"([A-Za-z_]\w*)\s*\(", head)
        stop = next((i for i in range(number, len(lines)) if lines[i].startswith("}")), None)
        if name is None or stop is None:
            continue
        end = stop + 1
        yield Function(head, start + 1, stop - start + 1, "\n".join(lines[number : stop + 1]))


class Nesting:
    """Walks the statements of a function and remembers how deep they went.

    Depth is counted in conditions and loops, braces or not; `else if` stays on
    the level of its `if`, and a loop macro counts as a loop.
    """

    def __init__(self, body):
        self.tokens = TOKEN.findall(body)
        self.at = 0
        self.deepest = 0
        self.block(0)

    def peek(self, ahead=0):
        i = self.at + ahead
        return self.tokens[i] if i < len(self.tokens) else ""

    def skip_balanced(self):
        depth = 0
        while self.peek():
            depth += (self.peek() in OPENERS) - (self.peek() in OPENERS.values())
            self.at += 1
            if depth <= 0:
                return

    def block(self, depth):
        self.at += 1
        while self.peek() not in ("}", ""):
            self.statement(depth)
        self.at += 1

    def nested(self, depth):
        self.deepest = max(self.deepest, depth)
        if self.peek() == "{":
            self.block(depth)
        else:
            self.statement(depth)

    def statement(self, depth):
        word = self.peek()
        if word == "{":
            self.nested(depth + 1)
        elif word in ("if", "for", "while", "switch"):
            self.at += 1
            self.skip_balanced()
            self.nested(depth + 1)
            if word == "if" and self.peek() == "else":
                self.otherwise(depth)
        elif word == "do":
            self.at += 1
            self.nested(depth + 1)
            self.expression()
        else:
            self.plain(depth)

    def otherwise(self, depth):
        self.at += 1
        if self.peek() == "if":
            self.statement(depth)
        else:
            self.nested(depth + 1)

    def plain(self, depth):
        word = self.peek()
        self.at += 1
        if word in ("case", "default") or (self.peek() == ":" and word.isidentifier()):
            while self.peek() not in (":", ""):
                self.at += 1
            self.at += 1
            if self.peek() == "{":
                self.block(depth)
        elif word.isidentifier() and word not in JUMPS and self.peek() == "(":
            self.skip_balanced()
            if self.peek() == "{" or self.peek().isidentifier():
                self.nested(depth + 1)
            else:
                self.expression()
        elif word != ";":
            self.expression()

    def expression(self):
        while self.peek() not in (";", "}", ""):
            if self.peek() in OPENERS:
                self.skip_balanced()
            else:
                self.at += 1
        if self.peek() == ";":
            self.at += 1


def includes(source):
    """Line, bracket and name of each include that is not inside a comment."""
    visible = without_comments(source.text, True)
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]+)', visible, re.M):
        yield source.line_of(match.start(2)), match[1], match[2]
