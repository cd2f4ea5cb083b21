# SPDX-License-Identifier: Apache-2.0
"""Feeds the linter small trees with one fault each and expects it to be named."""

import contextlib
import importlib.metadata
import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tools"))
import lint as linter  # noqa: E402
import lint_c  # noqa: E402
import lint_include  # noqa: E402

LINT = REPOSITORY / "tools" / "lint.py"
HEAD = "/* SPDX-License-Identifier: Apache-2.0 */\n/* The use of this file. */\n"
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


def findings(root):
    """The findings as (place, rule), after checking that counts and status agree."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        status = linter.lint(root)
    *rows, last = told.getvalue().splitlines()
    found = [(row.split(": ")[0], row.split(": ")[1]) for row in rows]
    failed = len({rule for _, rule in found})
    counts = re.fullmatch(r"lint: (\d+) checks passed, (\d+) failed", last)
    assert int(counts[2]) == failed
    assert int(counts[1]) + failed == 22
    assert status == (1 if failed else 0)
    return found


def function(body, head="static int\ncount(int a)"):
    return HEAD + f"{head}\n{{\n{body}\treturn 0;\n}}\n"


def test_a_clean_tree_passes(tree):
    tree("src/base/a.h", HEAD + "int count(int a);\n")
    root = tree("src/base/a.c", function("").replace("return 0", "return a"))
    assert findings(root) == []
    done = lint(root)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "lint: 22 checks passed, 0 failed\n"


def test_a_fault_is_told_by_its_place_and_in_the_status(tree):
    done = lint(tree("doc/a.txt", "one \n"))
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("doc/a.txt:1: white-space: white space")


def test_a_c_file_may_leave_the_head_comment_to_its_header(tree):
    tree("src/base/a.h", HEAD + "struct a;\n")
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
        ("store", '"store/verbs/send.h"'),
        ("store", '"store/sqlite/hot.h"'),
        ("store/verbs", '"store/sqlite/hot.h"'),
        ("store/sqlite", '"store/verbs/send.h"'),
        ("api", '"carrier/carrier.h"'),
        ("api", '"api/ops/ops.h"'),
        ("api", '"api/infobip/error.h"'),
        ("api/access", '"api/call.h"'),
        ("api/ops", '"api/infobip/error.h"'),
        ("api/own", '"api/infobip/error.h"'),
        ("carrier", '"store/store.h"'),
        ("lookup", '"carrier/carrier.h"'),
        ("carrier", '"../store/store.h"'),
        ("http", '"store/store.h"'),
        ("http", '"api/ops/ops.h"'),
        ("conf", '"store/store.h"'),
        ("delivery", '"http/http.h"'),
        ("server", '"store/sqlite/engine_sqlite.h"'),
        ("api", "<sqlite3.h>"),
        ("store", "<sqlite3.h>"),
        ("store/verbs", "<sqlite3.h>"),
        ("server", "<sqlite3.h>"),
        ("base", "<libpq-fe.h>"),
        ("api", "<event2/http.h>"),
        ("store", "<event2/event.h>"),
        ("conf", "<event2/event.h>"),
        ("server", "<event2/dns.h>"),
        ("conf", "<openssl/ssl.h>"),
        ("server", "<curl/curl.h>"),
        ("api", "<sys/socket.h>"),
        ("api/access", "<sys/socket.h>"),
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
        ("api", '"api/access/auth.h"'),
        ("api/ops", '"api/call.h"'),
        ("api/infobip", '"api/ops/ops.h"'),
        ("store", '"store/engine.h"'),
        ("store/verbs", '"store/engine.h"'),
        ("store/sqlite", '"store/engine.h"'),
        ("store/sqlite", "<sqlite3.h>"),
        ("http", '"api/api.h"'),
        ("conf", '"carrier/carrier.h"'),
        ("carrier", "<event2/event.h>"),
        ("delivery", "<event2/event.h>"),
        ("net", "<ares.h>"),
        ("http", "<openssl/ssl.h>"),
        ("server", "<sys/socket.h>"),
    ],
)
def test_include_through_a_door(tree, room, include):
    assert findings(tree(f"src/{room}/a.c", HEAD + f"#include {include}\n")) == []


def test_the_table_of_engines_sees_their_headers(tree):
    [door] = [name for name, rooms in lint_include.DOORS.items() if "store/sqlite" in rooms]
    assert findings(tree(door, HEAD + '#include "store/sqlite/hot.h"\n')) == []


def test_an_include_that_is_let_be_must_be_there(tree, monkeypatch):
    monkeypatch.setattr(lint_include, "STILL", {("src/base/a.c", "twofa/pin.h"): "soon"})
    source = lint_c.Source(tree("src/base/a.c", HEAD + '#include "twofa/pin.h"\n'), "src/base/a.c")
    assert list(lint_include.check_include(None, [source])) == []
    source = lint_c.Source(tree("src/base/a.c", HEAD), "src/base/a.c")
    assert [name for name, _, _ in lint_include.check_include(None, [source])] == ["src/base/a.c"]


def test_no_room_reaches_itself_by_way_of_others():
    assert lint_include.circles(lint_include.ROOMS) == []


def test_every_room_has_its_row_in_the_architecture():
    page = (REPOSITORY / "doc/architecture.md").read_text()
    rows = re.findall(r"^\| `([\w/]+)` \| .+ \| .+ \|$", page, re.M)
    assert sorted(rows) == sorted(lint_include.ROOMS)


@pytest.mark.parametrize(
    "name",
    ["sqlite3.h", "libpq-fe.h", "event2/event.h", "event2/dns.h", "event2/dns_struct.h", "evdns.h",
     "event.h", "curl/curl.h", "ares.h", "ares_version.h", "netdb.h", "openssl/ssl.h",
     "sys/socket.h", "sys/un.h", "netinet/in.h", "arpa/inet.h", "unistd.h"],
)  # fmt: skip
def test_a_system_header_has_one_row(name):
    rows = [row for row in lint_include.SYSTEM_HEADERS if re.fullmatch(row[0], name)]
    assert len(rows) == 1


def test_files_that_include_each_other(tree):
    tree("src/base/a.h", HEAD + '#include "base/b.h"\n')
    tree("src/base/b.h", HEAD + '#include "c.h"\n')
    root = tree("src/base/c.h", HEAD)
    assert findings(root) == []
    tree("src/base/c.c", HEAD + '#include "c.h"\n#include "base/a.h"\n')
    assert findings(root) == [("src/base/a.h:3", "circle")]


def exporting(tree, name, user="src/base/user.c"):
    """A tree where one file offers a function and another one calls it."""
    tree("src/base/a.h", HEAD + f"int {name}(int a);\n")
    tree(user, function(f"\ta = {name}(a);\n", "static int\nuse(int a)"))
    return tree("src/base/a.c", function("\ta++;\n", f"int\n{name}(int a)"))


@pytest.mark.parametrize("name, found", [
    ("a", False), ("a_count", False), ("base_a_count", False), ("count", True), ("ab", True)])
def test_an_exported_name_begins_with_its_files(tree, name, found):
    expected = [("src/base/a.c:3", "exported")] if found else []
    assert findings(exporting(tree, name)) == expected


def test_a_header_of_several_files_gives_them_its_name(tree):
    tree("src/base/user.c", function("\ta = a_count(a);\n"))
    root = tree("src/base/b.c", function("\ta++;\n", "int\na_count(int a)"))
    tree("src/twofa/a.h", HEAD + "int a_count(int a);\n")
    assert findings(root) == [("src/base/b.c:3", "exported")]
    tree("src/base/a.h", HEAD + "int a_count(int a);\n")
    assert findings(root) == []


def test_a_name_may_be_listed_with_its_reason(tree):
    root = exporting(tree, "count")
    tree("tools/exported.txt", "src/base/a.c count name: it was there before\n")
    assert findings(root) == []
    tree("tools/exported.txt", "src/base/a.c * name: it was there before\n")
    assert findings(root) == []
    tree("tools/exported.txt", "src/base/a.c count name:\n")
    assert ("tools/exported.txt:1", "exported") in findings(root)
    exporting(tree, "a_count")
    tree("tools/exported.txt", "src/base/a.c a_count name: it was there before\n")
    assert findings(root) == [("tools/exported.txt:1", "exported")]


@pytest.mark.parametrize("user", ["src/base/user.c", "src/base/table.def"])
def test_what_another_file_uses_may_be_exported(tree, user):
    assert findings(exporting(tree, "a_count", user)) == []


def test_an_export_that_nobody_calls(tree):
    root = exporting(tree, "a_count", "src/base/a.c")
    assert findings(root) == [("src/base/a.c:3", "exported")]
    # Not even when the file itself, a comment or a text has its name.
    tree("src/base/b.c", HEAD + '/* a_count */\nstatic const char b[] = "a_count";\n')
    assert findings(root) == [("src/base/a.c:3", "exported")]


def test_an_export_that_only_tests_call_needs_a_reason(tree):
    root = exporting(tree, "a_count", "test/unit/test_a.c")
    assert findings(root) == [("src/base/a.c:3", "exported")]
    tree("tools/exported.txt", "src/base/a.c a_count test: the bound is proved by counting\n")
    assert findings(root) == []


def test_an_object_that_nobody_uses(tree):
    tree("src/base/a.h", HEAD + "extern const int a_rows[2];\n")
    root = tree("src/base/a.c", HEAD + "#include \"base/a.h\"\n\nconst int a_rows[2] = {1, 2};\n")
    assert findings(root) == [("src/base/a.h:3", "exported")]
    tree("src/base/b.c", function("\ta = a_rows[0];\n", "static int\nuse(int a)"))
    assert findings(root) == []


def test_a_prototype_without_a_function(tree):
    tree("src/base/b.c", function("\ta = a_gone(a);\n", "static int\nuse(int a)"))
    root = tree("src/base/a.h", HEAD + "struct row {\n\tint (*call)(int a);\n};\n\nint a_gone(int a);\n"
                "static inline int\na_here(int a)\n{\n\treturn a;\n}\n")
    assert findings(root) == [("src/base/a.h:7", "declared")]


@pytest.mark.parametrize("place, found", [
    ("b.h", False), ("base/b.h", False), ("src/base/b.h", False), ("base/*.h", False),
    ("src/base", False), ("src/base/NAME.h", False), ("c.h", True), ("twofa/b.h", True),
    ("src/twofa", True), ("base/c*.h", True), ("<sys/c.h>", False), ("/etc/c.h", False)])
@pytest.mark.parametrize("name, text", [
    ("src/base/a.c", HEAD + "/* See {}, which has the rest. */\n"),
    ("doc/a.md", "The rest is in `{}`.\n"),
    ("tools/a.py", 'def a():\n    """The rest is in {}."""\n'),
    ("src/base/a.def", "/* The rest: {}. */\n")])
def test_a_file_that_is_named_is_there(tree, name, text, place, found):
    tree("src/base/b.h", HEAD)
    root = tree(name, text.format(place))
    line = text[: text.index("{}")].count("\n") + 1
    assert findings(root) == ([(f"{name}:{line}", "reference")] if found else [])


@pytest.mark.parametrize("text, found", [
    ("/* Of each in turn. */", True), ("/* What a row holds. */", True), ("/* of each */", False),
    ("/* A row. Of each. */", True), ("/* A row: What it holds. */", True), ("/*\n * Who reads. */", True),
    ("/*\n * A row\n *\n * Whoever reads\n */", True), ("/* A row of each. */", False),
    ("/* The reader, and what it reads. */", False), ("/* Whole rows. */", False),
    ("/* A sum\n * Of two */", False), ("/* (A row.) Whose it is. */", True)])
def test_a_sentence_of_a_comment_begins_with_its_noun(tree, text, found):
    root = tree("src/base/a.def", HEAD + text + "\n")
    assert [rule for _, rule in findings(root)] == (["noun"] if found else [])


@pytest.mark.parametrize("text, found", [
    ("contract 3.5", False), ("contract 3.5, 4", False), ("contract 3 and 4", False),
    ("contract 3.6", True), ("contract 3.5, 3.6", True), ("contract 3.5\n * and 5", True),
    ("RFC 9110 15, contract 3.5", False), ("a contract of 30 days", False)])
def test_a_number_of_the_contract_is_explained(tree, text, found):
    tree("doc/contract.md", "## 3 PINs\n\n| 3.5 | verify |\n\n## 4 Listing\n")
    root = tree("src/base/a.c", HEAD + f"/*\n * A PIN ({text}).\n */\n")
    assert findings(root) == ([("src/base/a.c:4", "contract")] if found else [])


@pytest.mark.parametrize("text, found", [
    ('"state = 3"', True), ('"m.state < 2"', True), ('"state IN (3, 4)"', True),
    ('"coalesce(m.state, 0)"', True), ('"state <> "\n    "5"', True),
    ('"state = ?3"', False), ('"state = " STATE(READY) " AND seq = 1"', False),
    ('"restate = 3"', False)])
def test_a_statement_names_a_state_by_its_symbol(tree, text, found):
    root = tree("src/store/sqlite/sql.def", HEAD + f"SQL_ROW(SQL_A, {text})\n")
    assert findings(root) == ([("src/store/sqlite/sql.def:" + ("3" if found else ""), "state")]
                              if found else [])


def test_include_in_a_comment_is_none(tree):
    tree("src/api/api.h", HEAD)
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
    head = "static int f(int a);\nstatic int\ng(int a, int b, int c, int d, int e, int h)"
    assert findings(tree("src/base/a.c", function("", head))) == [("src/base/a.c:4", "parameters")]


@pytest.mark.parametrize(
    "head, found",
    [
        ("static int\nf(void)", False),
        ("static int\nf(int a, int b, int c, int d, int e)", False),
        ("static int\nf(int a, void (*g)(int, int, int), int c, int d, int e)", False),
        ("static int\nf(int a, int b, int c, int d, int e, ...)", False),
        ("static int\nf(int a, int b, int c, int d, int e, int g)", True),
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
    assert findings(tree("src/base/mem.c", function("\tfree(p);\n"))) == []


def test_error_that_nothing_returns(tree):
    rows = 'ERR_ROW(OK, A, "a")\nERR_ROW(ERR_USED, A, "b")\nERR_ROW(ERR_IDLE, A, "c")\n'
    tree("src/base/err.def", rows)
    body = "\tif (a)\n\t\treturn ERR_USED;\n\tswitch (a) {\n\tcase ERR_IDLE:\n\t\treturn OK;\n\t}\n"
    # ERR_IDLE in a comment or a case label is not a use.
    root = tree("src/api/a.c", function(body).replace("The use", "ERR_IDLE and the use"))
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
    done = lint(root, python=(sys.executable, "-S"))
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(".clang-format:1: format: ")


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
    tree("src/base/a.c", function("\ta++;\n" * 5) + "\nstatic int\nsmall(void)\n{\n}\n")
    done = lint(tree("src/twofa/b.h", HEAD), "--stats")
    assert done.returncode == 0
    assert "src/base: 17 lines in 1 files" in done.stdout
    assert "src/twofa: 2 lines in 1 files" in done.stdout
    assert "longest function: count in src/base/a.c, 10 lines" in done.stdout
    assert "src: 2 functions, median 7 lines, 90th percentile 10, longest 10" in done.stdout


def test_stats_count_what_crosses_the_walls(tree):
    tree("src/store/sqlite/hot.h", HEAD + "int hot_find(int a);\n")
    tree("src/store/sqlite/hot.c", function("\tINVARIANT(a);\n", "int\nhot_find(int a)"))
    tree("src/store/verbs/b.c", function('\ta = hot_find(a);\n\tg("SELECT 1");\n'))
    root = tree("src/store/verbs/b.h", HEAD + '#include "store/verbs/c.h"\n')
    tree("src/store/verbs/c.h", HEAD + '#include "b.h"\n' + "int a;\n" * 500)
    told = lint(root, "--stats").stdout
    assert "src/store with all in it: 526 lines in 5 files" in told
    assert "src/store/verbs: 515 lines in 3 files" in told
    assert "circles of includes: 1\n  store/verbs/b, store/verbs/c\n" in told
    assert "files over 400 lines: 1\n  src/store/verbs/c.h 503\n" in told
    assert "assertions of src/store: 1, 1.9 per 1,000 lines; 1 of 2 .c files have none" in told
    assert "calls from store/verbs into an engine: 1" in told
    assert "SQL texts outside an engine's folder: 1" in told


def test_an_assertion_needs_a_reason(tree):
    tree("src/base/a.c", function("\tINVARIANT(a > 0);\n") + function("", "static int\nother(int a)")[len(HEAD):])
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
