#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what the compiler cannot: the layout of the house and its habits.

Prints FILE:LINE: rule: message for every finding and ends with one line of
counts; a check is one rule over the whole tree. Of Python it needs the standard
library alone. The rules about includes, exported names and words, and the figures
of --stats, stand in files of their own beside this one.

usage: tools/lint.py [--root DIR] [--stats]
"""

import argparse
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import lint_stats
from lint_c import CODE_SUFFIXES, Nesting, Source
from lint_exports import check_declared, check_exported
from lint_include import check_circle, check_include
from lint_words import check_contract, check_noun, check_references, check_state

FUNCTION_LINES_MAX = 70
NESTING_MAX = 3
PARAMETERS_MAX = 5
# Functions whose parameters a library has chosen: OpenSSL's for ALPN, messages and octets,
# libxml2's for a tag.
DICTATED = {"choose_protocol", "count_record", "before_octets", "recvfrom", "begin_element"}
FILE_LINES_MAX = 800
SPDX = "SPDX-License-Identifier: Apache-2.0"
SKIPPED_FOLDERS = {".git", ".venv", "node_modules", "__pycache__", ".pytest_cache", "data"}

BANNED = {
    "sprintf": "snprintf or struct buf",
    "vsprintf": "vsnprintf or struct buf",
    "strcpy": "struct buf",
    "strcat": "struct buf",
    "strtok": "struct span",
    "atoi": "strtol with its checks",
    "gets": "fgets",
    "rand": "secret_random",
    "time": "struct clock",
}
MEMORY = ("malloc", "calloc", "realloc", "free", "strdup")
MEMORY_HOME = "src/base/mem.c"
# Why no input, configuration or stored data reaches an assertion, function by function.
INVARIANTS = "tools/invariants.txt"
INVARIANT_CLASSES = {"own", "table", "size", "conf", "row", "call"}
# "section.option" -> why no test asks what it does. Every row's bounds are tested all the
# same (test/field/test_option_bounds.py).
UNTESTED_OPTIONS = {
    "reporting.receipt_wait": "looked after once a minute; test_report.c hands the time in",
}
NOTES = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b")
# After a name, a dot or a variable the path is a relative one or part of an address.
MACHINE_PATH = re.compile(r"(?<![\w.)}*$])/((" + "work|root" + r")(?![\w-])|" + "home/)")

def clang_format():
    """The one that test/requirements.txt pins; another version has another taste."""
    found = importlib.util.find_spec("clang_format")
    return found and Path(found.origin).with_name("data") / "bin/clang-format"


def check_format(root, sources):
    names = [s.name for s in sources if s.is_c]
    if not names:
        return
    if not (root / ".clang-format").is_file():
        yield ".clang-format", 1, "is missing"
        return
    program = clang_format()
    if program is None:
        yield ".clang-format", 1, "no clang-format of test/requirements.txt; see script/bootstrap"
        return
    command = [program, "--dry-run", "-Werror", "--style=file", *names]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    seen = set()
    for name, line in re.findall(r"^(.+?):(\d+):\d+: error:", done.stderr, re.MULTILINE):
        if name not in seen:
            seen.add(name)
            yield name, int(line), "differs from clang-format from here on"
    if done.returncode != 0 and not seen:
        yield ".clang-format", 1, "clang-format failed: " + done.stderr.strip()


def each_function(sources):
    for source in sources:
        for function in source.functions():
            yield source, function


def check_function_length(_root, sources):
    for source, f in each_function(sources):
        if f.length > FUNCTION_LINES_MAX:
            yield source.name, f.line, f"{f.name} has {f.length} lines, not {FUNCTION_LINES_MAX}"


def check_nesting(_root, sources):
    for source, f in each_function(sources):
        depth = Nesting(f.body).deepest
        if depth > NESTING_MAX:
            yield source.name, f.line, f"{f.name} nests {depth} levels, not {NESTING_MAX}"


def check_parameters(_root, sources):
    for source, f in each_function(sources):
        if f.parameters > PARAMETERS_MAX and f.name not in DICTATED:
            yield source.name, f.line, f"{f.name} takes {f.parameters}, not {PARAMETERS_MAX}"


def check_file_length(_root, sources):
    for source in sources:
        length = source.text.count("\n")
        if source.path.suffix in CODE_SUFFIXES and length > FILE_LINES_MAX:
            yield source.name, FILE_LINES_MAX + 1, f"{length} lines, not {FILE_LINES_MAX}"


def check_banned(_root, sources):
    # Members such as clock->time( or .free = are names of ours.
    call = re.compile(r"(?<![\w.>])(" + "|".join((*BANNED, *MEMORY)) + r")\s*\(")
    passed = re.compile(r"(?<=[(,=])\s*(" + "|".join(MEMORY) + r")\s*(?=[,);])")
    for source in sources:
        for pattern in (call, passed):
            for match in pattern.finditer(source.code):
                name = match[1]
                if name in MEMORY and source.name == MEMORY_HOME:
                    continue
                instead = BANNED.get(name, "mem_new, mem_text and mem_free, or an arena")
                yield source.name, source.line_of(match.start(1)), f"{name}: use {instead}"


def has_head_comment(source):
    rest = "\n".join(source.lines[1:]).lstrip()
    comment = re.match(r"/\*(.*?)\*/", rest, re.DOTALL)
    return comment is not None and len(re.findall(r"[A-Za-z]{2,}", comment[1])) >= 3


def check_head(_root, sources):
    described = {s.name for s in sources if s.is_c and has_head_comment(s)}
    for source in sources:
        if not source.is_c or source.top != "src":
            continue
        if source.lines[0] != f"/* {SPDX} */":
            yield source.name, 1, "the first line is not the licence's"
        if not described & {source.name, str(source.path.with_suffix(".h"))}:
            yield source.name, 2, "no comment at the head says what the file is for"


def check_err_rows(_root, sources):
    rows = next((s for s in sources if s.name == "src/base/err.def"), None)
    if rows is None:
        return
    code = "\n".join(s.code for s in sources if s.is_c and s.top == "src")
    # A dialect's switch must name every row; only what somebody returns is in use.
    code = re.sub(r"\bcase\s+\w+\s*:", "", code)
    used = set(re.findall(r"\bERR_\w+|\bOK\b", code))
    for number, line in enumerate(rows.lines, 1):
        row = re.match(r"ERR_ROW\((\w+)", line)
        if row and row[1] not in used:
            yield rows.name, number, f"nothing in src gives {row[1]}"


def read_reasons(source):
    """(file, function) -> its line, of tools/invariants.txt; a line that is none gives None."""
    for number, line in enumerate(source.lines, 1):
        if line and not line.startswith("#"):
            found = re.fullmatch(r"(src/\S+) (\w+) (\w+): \S.*", line)
            yield number, found and found.groups()


def check_invariants(_root, sources):
    """Each function with an INVARIANT says why nothing from outside reaches it."""
    listed = next((s for s in sources if s.name == INVARIANTS), None)
    if listed is None:
        return
    reasons = {}
    for number, found in read_reasons(listed):
        if found is None or found[2] not in INVARIANT_CLASSES:
            yield listed.name, number, "is not FILE FUNCTION CLASS: REASON"
        else:
            reasons[found[:2]] = number
    for source, f in each_function(s for s in sources if s.top == "src"):
        if not re.search(r"\bINVARIANT\s*\(", f.body):
            continue
        if reasons.pop((source.name, f.name), None) is None:
            yield source.name, f.line, f"{f.name} asserts without a reason in {INVARIANTS}"
    for (name, function), number in reasons.items():
        yield listed.name, number, f"{name} has no INVARIANT in {function}"


def check_options(_root, sources):
    """Each option of conf.def is given a value by some test, which asks for its effect."""
    rows = next((s for s in sources if s.name == "src/conf/conf.def"), None)
    if rows is None:
        return
    tests = "\n".join(
        s.text for s in sources if s.top == "test" and s.path.suffix in CODE_SUFFIXES
    ).replace("\\n", "\n")  # lines of YAML in a string
    given = set(re.findall(r"\b(\w+)[\"']?\s*[:=]", tests))
    seen = set()
    for number, line in enumerate(rows.lines, 1):
        row = re.match(r'CONF_ROW\("([^"]*)", "(\w+)"', line)
        option = row and (f"{row[1]}.{row[2]}" if row[1] else row[2])
        if not row or option in seen:
            continue
        seen.add(option)
        if row[2] not in given and option not in UNTESTED_OPTIONS:
            yield rows.name, number, f"no test gives {option} a value"
        if row[2] in given and option in UNTESTED_OPTIONS:
            yield rows.name, number, f"{option} has a test: take it off UNTESTED_OPTIONS"


def check_notes(_root, sources):
    for source in sources:
        for number, line in enumerate(source.lines, 1):
            if NOTES.search(line):
                yield source.name, number, "a note to oneself: do it or file an issue"


def check_white_space(_root, sources):
    for source in sources:
        if source.path.suffix == ".patch":
            continue  # a blank line of a patch is a blank
        for number, line in enumerate(source.lines, 1):
            if line != line.rstrip():
                yield source.name, number, "white space at the end of the line"
        if source.text and not source.text.endswith("\n"):
            yield source.name, len(source.lines), "no newline at the end of the file"


def check_machine_path(_root, sources):
    for source in sources:
        for number, line in enumerate(source.lines, 1):
            if MACHINE_PATH.search(line):
                yield source.name, number, "an absolute path of one machine"


def check_shell(root, sources):
    for source in sources:
        if not re.match(r"#!.*\b(ba)?sh\b", source.lines[0]):
            continue
        done = subprocess.run(
            ["bash", "-n", "--", source.name], cwd=root, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            line = re.search(r"line (\d+):", done.stderr)
            yield source.name, int(line[1]) if line else 1, "bash -n: " + done.stderr.strip()


# rule -> its check, and the folders it looks at (None: the whole repository).
CODE_FOLDERS = {"src", "test", "tools", "script"}
RULES = [
    ("format", check_format, CODE_FOLDERS),
    ("include", check_include, CODE_FOLDERS),
    ("circle", check_circle, CODE_FOLDERS),
    ("exported", check_exported, CODE_FOLDERS | {"bench"}),
    ("declared", check_declared, CODE_FOLDERS),
    ("reference", check_references, None),
    ("contract", check_contract, None),
    ("state", check_state, None),
    ("noun", check_noun, CODE_FOLDERS | {"bench"}),
    ("function-length", check_function_length, CODE_FOLDERS),
    ("nesting", check_nesting, CODE_FOLDERS),
    ("parameters", check_parameters, CODE_FOLDERS),
    ("file-length", check_file_length, CODE_FOLDERS),
    ("banned", check_banned, CODE_FOLDERS),
    ("head", check_head, CODE_FOLDERS),
    ("err-rows", check_err_rows, CODE_FOLDERS),
    ("invariants", check_invariants, CODE_FOLDERS),
    ("options", check_options, CODE_FOLDERS),
    ("notes", check_notes, None),
    ("white-space", check_white_space, None),
    ("machine-path", check_machine_path, None),
    ("shell", check_shell, None),
]


def git_files(root, *options):
    """Names that git knows, or None where DIR is not the top of a repository."""
    if not (root / ".git").exists():
        return None
    # A checkout of another user is still worth reading.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", *options]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name]


def all_files(root):
    for path in root.rglob("*"):
        parts = path.relative_to(root).parts
        if SKIPPED_FOLDERS & set(parts) or parts[0].startswith("build"):
            continue
        yield path.relative_to(root).as_posix()


def load(root, names):
    """The text files among the names; what is deleted, a link or binary is no text."""
    sources = []
    for name in sorted(set(names)):
        path = root / name
        if path.is_symlink() or not path.is_file():
            continue
        try:
            source = Source(root, name)
        except UnicodeDecodeError:
            continue
        if "\0" not in source.text:
            sources.append(source)
    return sources


def lint(root):
    sources = read_tree(root, "--cached", "--others", "--exclude-standard")
    failed = 0
    for rule, check, folders in RULES:
        seen = [s for s in sources if folders is None or s.top in folders]
        findings = sorted(check(root, seen))
        for name, line, message in findings:
            print(f"{name}:{line}: {rule}: {message}")
        failed += bool(findings)
    print(f"lint: {len(RULES) - failed} checks passed, {failed} failed")
    return 1 if failed else 0


def read_tree(root, *options):
    names = git_files(root, *options)
    return load(root, all_files(root) if names is None else names)


def main():
    parser = argparse.ArgumentParser(description="Checks the layout of the house.")
    here = Path(__file__).resolve().parent.parent
    parser.add_argument("--root", type=Path, default=here, help="the tree to check")
    parser.add_argument("--stats", action="store_true", help="print sizes instead")
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    if arguments.stats:
        print("\n".join(lint_stats.tell(read_tree(root))))
        return 0
    return lint(root)


if __name__ == "__main__":
    sys.exit(main())
