# SPDX-License-Identifier: Apache-2.0
"""Feeds the linter small trees with one fault each and expects it to be named."""

import importlib.metadata
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
LINT = REPOSITORY / "tools" / "lint.py"
HEAD = "/* SPDX-License-Identifier: Apache-2.0 */\n/* What this file is for. */\n"
# Spelled in pieces, so that the linter does not find them here.
SPDX_WORDS = "SPDX-License-Identifier: Apache-2.0"
NOTE = "TO" + "DO"
HOME = "/" + "home/ann"
WORK = "/" + "work/tree"


@pytest.fixture
def tree(tmp_path):
    """Writes files into an empty tree that has only the layout rules."""
    shutil.copy(REPOSITORY / ".clang-format", tmp_path)

    def put(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return tmp_path

    return put


def lint(root, *options, python=(sys.executable,)):
    command = [*python, str(LINT), "--root", str(root), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def findings(root, **how):
    """The findings as (place, rule), after checking that counts and status agree."""
    done = lint(root, **how)
    assert done.stderr == ""
    *rows, last = done.stdout.splitlines()
    found = [(row.split(": ")[0], row.split(": ")[1]) for row in rows]
    failed = len({rule for _, rule in found})
    counts = re.fullmatch(r"lint: (\d+) checks passed, (\d+) failed", last)
    assert int(counts[2]) == failed
    assert int(counts[1]) + failed == 15
    assert done.returncode == (1 if failed else 0)
    return found


def function(body, head="int\ncount(int a)"):
    return HEAD + f"{head}\n{{\n{body}\treturn 0;\n}}\n"


def test_a_clean_tree_passes(tree):
    tree("src/base/a.h", HEAD + "int count(int a);\n")
    root = tree("src/base/a.c", function("", "int\ncount(int a)").replace("return 0", "return a"))
    assert findings(root) == []


def test_a_c_file_may_leave_the_head_comment_to_its_header(tree):
    tree("src/base/a.h", HEAD + "int count(int a);\n")
    root = tree("src/base/a.c", "/* SPDX-License-Identifier: Apache-2.0 */\n#include \"a.h\"\n")
    assert findings(root) == []


def test_missing_head_comment_and_licence(tree):
    tree("src/base/a.c", "/* SPDX-License-Identifier: Apache-2.0 */\nint a;\n")
    root = tree("src/base/b.c", "/* Something about this file. */\nint b;\n")
    assert set(findings(root)) == {
        ("src/base/a.c:2", "head"),
        ("src/base/b.c:1", "head"),
        ("src/base/b.c:2", "head"),
    }


def test_layout_is_clang_formats(tree):
    root = tree("src/base/a.c", HEAD + "int  a;\n")
    assert findings(root) == [("src/base/a.c:3", "format")]


@pytest.mark.parametrize(
    "room, include",
    [
        ("base", '"twofa/pin.h"'),
        ("twofa", '"store/store.h"'),
        ("store", '"api/api.h"'),
        ("api", '"carrier/carrier.h"'),
        ("carrier", '"store/store.h"'),
        ("lookup", '"carrier/carrier.h"'),
        ("carrier", '"../store/store.h"'),
        ("api", "<sqlite3.h>"),
        ("server", "<sqlite3.h>"),
        ("base", "<libpq-fe.h>"),
        ("api", "<event2/http.h>"),
        ("store", "<event2/event.h>"),
        ("api", "<sys/socket.h>"),
        ("twofa", "<netinet/in.h>"),
        ("twofa", "<unistd.h>"),
    ],
)
def test_include_that_crosses_a_wall(tree, room, include):
    root = tree(f"src/{room}/a.c", HEAD + f"#include {include}\n")
    assert findings(root) == [(f"src/{room}/a.c:3", "include")]


@pytest.mark.parametrize(
    "room, include",
    [
        ("server", '"carrier/carrier.h"'),
        ("server", '"api/api.h"'),
        ("api", '"store/store.h"'),
        ("api", '"own.h"'),
        ("api", "<unistd.h>"),
        ("store", '"store/engine.h"'),
        ("store", "<sqlite3.h>"),
        ("carrier", "<event2/event.h>"),
        ("net", "<ares.h>"),
        ("server", "<sys/socket.h>"),
    ],
)
def test_include_through_a_door(tree, room, include):
    assert findings(tree(f"src/{room}/a.c", HEAD + f"#include {include}\n")) == []


def test_include_in_a_comment_is_none(tree):
    root = tree("src/base/a.c", HEAD + '/*\n#include "api/api.h"\n */\nint a;\n')
    assert findings(root) == []


def test_a_file_outside_every_room(tree):
    assert findings(tree("src/misc/a.c", HEAD + "int a;\n")) == [("src/misc/a.c:1", "include")]


def test_function_of_70_lines_and_one_of_71(tree):
    assert findings(tree("src/base/a.c", function("\ta++;\n" * 65))) == []
    root = tree("src/base/a.c", function("\ta++;\n" * 66))
    assert findings(root) == [("src/base/a.c:3", "function-length")]


DEEP = {
    "braces": "\tif (a)\n\t\tfor (;;) {\n\t\t\tif (a) {\n\t\t\t\twhile (a)\n\t\t\t\t\ta--;\n"
    "\t\t\t}\n\t\t}\n",
    "else": "\twhile (a)\n\t\twhile (a)\n\t\t\tif (a)\n\t\t\t\ta++;\n\t\t\telse\n"
    "\t\t\t\tfor (;;)\n\t\t\t\t\ta--;\n",
    "switch": "\tfor (;;)\n\t\tswitch (a) {\n\t\tcase 1:\n\t\t\tdo {\n\t\t\t\tif (a)\n"
    "\t\t\t\t\ta--;\n\t\t\t} while (a);\n\t\t}\n",
    "macro": "\tEACH(a, b)\n\tif (a)\n\t\twhile (a)\n\t\t\tif (a)\n\t\t\t\ta--;\n",
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP.keys())
def test_four_levels_of_nesting(tree, body):
    assert ("src/base/a.c:3", "nesting") in findings(tree("src/base/a.c", function(body)))


def test_three_levels_and_a_long_chain_are_fine(tree):
    body = (
        "\tstruct row r = {.a = {1, 2}, .b = {{3}}};\n\n"
        "\tif (a == 1)\n\t\ta = f((struct row){a, {2}});\n"
        + "".join(f"\telse if (a == {i})\n\t\ta = {i};\n" for i in range(2, 9))
        + "\tfor (;;)\n\t\tif (a)\n\t\t\twhile (a)\n\t\t\t\ta--;\nagain:\n"
        "\tswitch (a) {\n\tcase 1: {\n\t\tif (a)\n\t\t\twhile (a)\n\t\t\t\ta--;\n"
        "\t\tbreak;\n\t}\n"
        "\tdefault:\n\t\tgoto again;\n\t}\n"
    )
    assert findings(tree("src/base/a.c", function(body))) == []


def test_a_declaration_above_does_not_hide_a_function(tree):
    head = "int f(int a);\nint\ng(int a, int b, int c, int d, int e, int h)"
    assert findings(tree("src/base/a.c", function("", head))) == [("src/base/a.c:4", "parameters")]


@pytest.mark.parametrize(
    "head, found",
    [
        ("int\nf(void)", False),
        ("int\nf(int a, int b, int c, int d, int e)", False),
        ("int\nf(int a, void (*g)(int, int, int), int c, int d, int e)", False),
        ("int\nf(int a, int b, int c, int d, int e, ...)", False),
        ("int\nf(int a, int b, int c, int d, int e, int g)", True),
    ],
)
def test_parameters(tree, head, found):
    expected = [("src/base/a.c:3", "parameters")] if found else []
    assert findings(tree("src/base/a.c", function("", head))) == expected


@pytest.mark.parametrize("lines, found", [(798, []), (799, [("src/base/a.c:801", "file-length")])])
def test_file_length(tree, lines, found):
    assert findings(tree("src/base/a.c", HEAD + "extern int a;\n" * lines)) == found


@pytest.mark.parametrize(
    "statement",
    [
        'sprintf(s, "x")', "strcpy(s, t)", "strcat(s, t)", "strtok(s, t)", "a = atoi(s)",
        "a = rand()", "a = time(NULL)", "gets(s)", "p = malloc(1)", "p = calloc(1, 1)",
        "p = realloc(p, 1)", "free(p)", "p = strdup(s)", "defer(arena, free, p)",
    ],
)  # fmt: skip
def test_banned_function(tree, statement):
    root = tree("src/api/a.c", function(f"\t{statement};\n"))
    assert findings(root) == [("src/api/a.c:6", "banned")]


def test_names_that_only_look_banned(tree):
    body = (
        '\tmem_free(p);\n\tclock->time(clock);\n\tlog_text("free(p) at time(0)");\n'
        "\t/* malloc() would do */\n\tsnprintf(s, 2, \"'\");\n\tjson_free(p); // strcpy(a, b)\n"
    )
    assert findings(tree("src/api/a.c", function(body))) == []


def test_memory_is_allocated_in_one_file(tree):
    assert findings(tree("src/base/base.c", function("\tfree(p);\n"))) == []


def test_error_that_nothing_returns(tree):
    rows = 'ERR_ROW(OK, A, "a")\nERR_ROW(ERR_USED, A, "b")\nERR_ROW(ERR_IDLE, A, "c")\n'
    tree("src/base/err.def", rows)
    body = "\tif (a)\n\t\treturn ERR_USED;\n\tswitch (a) {\n\tcase ERR_IDLE:\n\t\treturn OK;\n\t}\n"
    # ERR_IDLE in a comment or a case label is not a use.
    root = tree("src/api/a.c", function(body).replace("is for", "is for ERR_IDLE"))
    assert findings(root) == [("src/base/err.def:3", "err-rows")]


def test_note_to_oneself(tree):
    root = tree("doc/a.md", f"Fine.\n\n{NOTE}: the rest\n")
    assert findings(root) == [("doc/a.md:3", "notes")]


def test_white_space_and_final_newline(tree):
    tree("a.txt", "one \ntwo\t\nthree\n")
    root = tree("b.txt", "one")
    assert findings(root) == [(place, "white-space") for place in ("a.txt:1", "a.txt:2", "b.txt:1")]


@pytest.mark.parametrize(
    "line, found",
    [
        (f"cd {WORK}", True),
        (f'open("{HOME}/a")', True),
        ("PATH=/" + "root", True),
        ("GET /" + "rooted or /workers", False),
        ("$dir/" + "work", False),
        ("build/" + "root", False),
    ],
)
def test_path_of_a_machine(tree, line, found):
    assert findings(tree("a.txt", line + "\n")) == ([("a.txt:1", "machine-path")] if found else [])


def test_shell_script_that_does_not_parse(tree):
    root = tree("script/a", "#!/usr/bin/env bash\nif true; then\n")
    assert [rule for _, rule in findings(root)] == ["shell"]


def test_missing_clang_format_is_a_failure(tree, tmp_path_factory, monkeypatch):
    """The machine's own stands in the way here, and is not asked."""
    own = tmp_path_factory.mktemp("bin") / "clang-format"
    own.write_text("#!/bin/sh\nexit 0\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(own.parent))
    root = tree("src/base/a.c", HEAD + "int a;\n")
    assert findings(root, python=(sys.executable, "-S")) == [(".clang-format:1", "format")]


def test_clang_format_is_the_one_of_the_requirements():
    pinned = re.search("^clang-format==(.+)$", (REPOSITORY / "test/requirements.txt").read_text(), re.M)
    assert importlib.metadata.version("clang-format") == pinned[1]


def test_git_decides_which_files_count(tree):
    tree(".gitignore", "/build*/\n")
    tree("build/a.txt", "one \n")
    tree("src/base/new.c", HEAD + "int a; \n")
    root = tree("doc/gone.md", "one \n")
    git = ["git", "-C", str(root)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "doc"], check=True)
    (root / "doc/gone.md").unlink()
    assert {place for place, _ in findings(root)} == {"src/base/new.c:3"}


def test_stats_name_the_longest_function(tree):
    tree("src/base/a.c", function("\ta++;\n" * 5) + "\nint\nsmall(void)\n{\n}\n")
    done = lint(tree("src/twofa/b.h", HEAD), "--stats")
    assert done.returncode == 0
    assert "src/base: 17 lines in 1 files" in done.stdout
    assert "src/twofa: 2 lines in 1 files" in done.stdout
    assert "longest function: count in src/base/a.c, 10 lines" in done.stdout
    assert "median function: 7 lines" in done.stdout


def test_an_assertion_needs_a_reason(tree):
    tree("src/base/a.c", function("\tINVARIANT(a > 0);\n") + function("", "int\nother(int a)")[len(HEAD):])
    root = tree("tools/invariants.txt", "# why\n")
    assert findings(root) == [("src/base/a.c:3", "invariants")]
    tree("tools/invariants.txt", "# why\nsrc/base/a.c count own: counts begin at one\n")
    assert findings(root) == []


@pytest.mark.parametrize("line", [
    "src/base/a.c other own: there is none", "src/base/b.c count own: there is none",
    "src/base/a.c count", "src/base/a.c count luck: it never was", "count own: no file"])
def test_a_reason_needs_an_assertion(tree, line):
    tree("src/base/a.c", function("\tINVARIANT(a > 0);\n"))
    root = tree("tools/invariants.txt",
                f"src/base/a.c count own: counts begin at one\n{line}\n")
    assert findings(root) == [("tools/invariants.txt:2", "invariants")]


@pytest.mark.parametrize("text", ["window: 5", "{'window': 5}", '"window":5', "window=5",
                                  ".window = 5"])
def test_an_option_needs_a_test_that_gives_it_a_value(tree, text):
    root = tree("src/conf/conf.def", f"/* {SPDX_WORDS} */\n"
                'CONF_ROW("", "window", CONF_INT, conf, window, "1", 0, 9, NULL, NULL,\n')
    tree("test/a.py", "# the window is 5\n")
    assert findings(root) == [("src/conf/conf.def:2", "options")]
    tree("test/a.py", f"x = 1  # {text}\n")
    assert findings(root) == []
