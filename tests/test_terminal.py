"""What a person reads at the end of a run, and where an editor jumps to."""

from __future__ import annotations

import json

import pytest

LEAK = "def test_{name}():\n    open('left.txt', 'w')\n\n\n"
CLEAN = "def test_clean():\n    pass\n"


def summary(result: pytest.RunResult) -> list[str]:
    """The lines of the hygiene section."""
    lines = result.outlines
    start = next(
        i for i, line in enumerate(lines) if line.startswith("===") and line.strip("= ") == "hygiene"
    )
    end = next(i for i in range(start + 1, len(lines)) if lines[i].startswith("==="))
    return lines[start + 1 : end]


# -- the first line

FIRST_LINES = {
    "hygiene: no leaks": CLEAN,
    "hygiene: 1 leak in 1 test": LEAK.format(name="a"),
    "hygiene: 2 leaks in 1 test": "def test_a():\n    open('a.txt', 'w')\n    open('b.txt', 'w')\n",
    "hygiene: 2 leaks in 2 tests": LEAK.format(name="a") + LEAK.format(name="b"),
    "hygiene: 1 leak outside tests": "open('left.txt', 'w')\n\n" + CLEAN,
    "hygiene: 2 leaks in 1 test, 1 outside tests": "open('left.txt', 'w')\n\n" + LEAK.format(name="a"),
}


@pytest.mark.parametrize("line", FIRST_LINES)
def test_the_first_line(run_suite, line):
    run_suite(FIRST_LINES[line]).stdout.fnmatch_lines([line])


def test_no_leaks_is_not_said_to_who_asked_for_quiet(run_suite):
    result = run_suite(CLEAN, "-q")
    result.assert_outcomes(passed=1)
    assert "hygiene" not in result.stdout.str()


def test_leaks_are_said_to_who_asked_for_quiet(run_suite):
    result = run_suite(LEAK.format(name="a"), "-q")
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test"])


# -- the page that explains them

SEE = "see: docs/messages.md in pytest-flask-hygiene"


def test_other_lines_than_of_findings_name_the_page_before_the_cost(run_suite):
    suite = "def test_it():\n    file = open('open.txt', 'w')\n    test_it.file = file\n"
    lines = summary(run_suite(suite))
    assert [line for line in lines if line.startswith("still open after their owners ended: 1")]
    assert lines[-2] == SEE
    assert lines[-1].startswith("checks: ")


def test_findings_that_name_their_own_pages_need_no_other(run_suite):
    assert SEE not in run_suite(LEAK.format(name="a")).outlines


def test_findings_that_only_the_summary_lists_have_a_page(run_suite):
    assert summary(run_suite(LEAK.format(name="a"), "--hygiene=warn"))[-2] == SEE


def test_what_does_not_fail_is_listed_with_its_fix(run_suite):
    fix = "*fix: use a with block: with open(...) as file:"
    run_suite(LEAK.format(name="a"), "--hygiene=warn").stdout.fnmatch_lines(["*1 test  file *", "*in *", fix])


def test_the_fix_of_a_failure_is_not_repeated_in_the_summary(run_suite):
    result = run_suite(LEAK.format(name="a"))
    assert not [line for line in summary(result) if "fix:" in line]


def test_no_leaks_needs_no_page(run_suite):
    assert SEE not in run_suite(CLEAN).outlines


ONLY_COUNTED = """
    from flask import Flask, abort

    def test_it():
        app = Flask("shop")
        app.add_url_rule("/gone", view_func=lambda: abort(410))
        assert app.test_client().get("/gone").status_code == 410
    """


def test_what_is_only_counted_asks_for_nothing_and_names_no_page(run_suite):
    lines = filter(None, summary(run_suite(ONLY_COUNTED)))
    assert [line.partition(":")[0] for line in lines] == [
        "hygiene",
        "exception cycles of libraries",
        "checks",
    ]


def test_what_is_only_counted_names_the_page_to_who_asks_for_more(run_suite):
    assert summary(run_suite(ONLY_COUNTED, "-v"))[-2] == SEE


def test_a_decision_that_is_out_of_date_names_the_page(run_suite):
    baseline = "--hygiene-baseline=known.json"
    run_suite(LEAK.format(name="a"), baseline, "--hygiene-update-baseline")
    lines = summary(run_suite(CLEAN.replace("clean", "a"), baseline))
    assert [line for line in lines if "can be removed" in line]
    assert lines[-2] == SEE


# -- groups


def test_equal_sites_are_one_row_with_most_tests_first(run_suite):
    suite = """
    import pytest

    def once():
        open("once.txt", "w")

    def often():
        open("often.txt", "w")

    def test_rare():
        once()

    @pytest.mark.parametrize("number", range(3))
    def test_frequent(number):
        often()
    """
    rows = [line for line in summary(run_suite(suite)) if " file " in line]
    assert len(rows) == 2
    assert rows[0].split()[:2] == ["3", "tests"]
    assert "test_suite.py:7" in rows[0]
    assert rows[1].split()[:2] == ["1", "test"]
    assert "test_suite.py:4" in rows[1]


def test_equal_resources_of_one_test_are_one_finding_with_a_count(run_suite):
    result = run_suite("def test_a():\n    for _ in range(3):\n        open('left.txt', 'w')\n")
    result.stdout.fnmatch_lines(
        [
            "hygiene: test_a left 3 resources open",
            "file *(3 times)",
            "hygiene: 1 leak in 1 test (found 3 times)",
        ]
    )


# -- counts

APP = """
    from flask import Flask, send_file

    app = Flask("shop")

    @app.get("/file")
    def file():
        return send_file(__file__)
    """


def test_closed_responses_are_counted(run_suite):
    suite = """
    from shop import app

    def test_it():
        client = app.test_client()
        client.get("/file")
        kept = client.get("/file")
        client.get("/file").close()
    """
    result = run_suite(suite, files={"shop.py": APP})
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["hygiene: no leaks", "closed for the tests: 2 streamed responses"])


def test_allowed_leaks_are_counted(run_suite):
    suite = "import pytest\n\npytestmark = pytest.mark.allow_leak\n\n"
    result = run_suite(suite + LEAK.format(name="a") + LEAK.format(name="b"))
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["hygiene: no leaks", "allowed: 2 leaks"])


def test_a_cycle_that_is_listed_as_a_leak_is_not_counted_again(run_suite):
    suite = """
    def test_it():
        try:
            raise ValueError
        except ValueError as e:
            error = e
    """
    lines = summary(run_suite(suite, "--hygiene=warn", "--hygiene-strict"))
    assert "hygiene: 1 leak in 1 test (warn: nothing fails)" in lines
    assert not [line for line in lines if "made by test code" in line]


# -- the text of a failure


def test_a_failure_shows_the_way_to_the_site_and_the_fix(run_suite):
    files = {"shop.py": "def load():\n    return open('left.txt', 'w')\n"}
    result = run_suite("import shop\n\ndef test_stock():\n    shop.load()\n", files=files)
    result.stdout.fnmatch_lines(
        [
            "hygiene: test_stock left 1 resource open",
            "file  *",
            "    test_suite.py:4 *in test_stock *shop.load()",
            "    shop.py:2 *in load *return open('left.txt', 'w')",
            "fix: *",
            "see: docs/kinds/file.md in pytest-flask-hygiene",
        ],
        consecutive=False,
    )


CRASHES = """
    import json

    def pytest_runtest_logreport(report):
        if report.failed:
            crash = report.longrepr.reprcrash
            with open("crash.json", "w") as file:
                json.dump([str(crash.path), crash.lineno, crash.message], file)
    """
WHERE = {
    "call": ("import shop\n\ndef test_it():\n    shop.load()\n", ("shop.py", 2)),
    "teardown": (
        (
            "import pytest, shop\n\n@pytest.fixture\ndef box():\n    return []\n\n"
            "def test_it(box):\n    box.append(shop.load())\n"
        ),
        ("shop.py", 2),
    ),
    "fixture": (
        (
            "import pytest\n\n@pytest.fixture(scope='module')\ndef box():\n    open('left.txt', 'w')\n\n"
            "def test_it(box):\n    pass\n"
        ),
        ("test_suite.py", 5),
    ),
    "library below": (
        "import tempfile\n\ndef test_it():\n    tempfile.TemporaryFile()\n",
        ("test_suite.py", 4),
    ),
}


@pytest.mark.parametrize("found", WHERE)
def test_the_crash_location_is_the_innermost_of_the_readers_frames(run_suite, pytester, found):
    suite, (name, line) = WHERE[found]
    files = {"shop.py": "def load():\n    return open('left.txt', 'w')\n", "conftest.py": CRASHES}
    run_suite(suite, files=files)
    path, number, message = json.loads((pytester.path / "crash.json").read_text())
    assert path == str(pytester.path / name)
    assert number == line
    assert message == f"hygiene: file {name}:{line}"


def test_a_doctests_crash_location_is_in_its_file(run_suite, pytester):
    suite = "Usage\n=====\n\n>>> left = open('left.txt', 'w')\n>>> del left\n"
    files = {"usage.txt": suite, "conftest.py": CRASHES}
    run_suite("", "--doctest-glob=*.txt", files=files).assert_outcomes(failed=1)
    path, number, message = json.loads((pytester.path / "crash.json").read_text())
    assert (path, message) == (str(pytester.path / "usage.txt"), f"hygiene: file usage.txt:{number}")


def test_the_short_summary_names_kind_and_place(run_suite):
    result = run_suite(LEAK.format(name="a"))
    result.stdout.fnmatch_lines(["FAILED test_suite.py::test_a - hygiene: file test_suite.py:2"])


@pytest.mark.parametrize("style", ["auto", "short", "line", "native", "no"])
def test_any_traceback_style(run_suite, style):
    result = run_suite(LEAK.format(name="a"), f"--tb={style}")
    result.assert_outcomes(failed=1)
    assert "INTERNALERROR" not in result.stdout.str()


def test_where_the_encoding_lacks_a_character_the_lines_of_a_failure_stay_lines(run_suite, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    result = run_suite("def test_it():\n    open('l\u00f6ffel.txt', 'w')\n", subprocess=True)
    result.stdout.fnmatch_lines(
        [
            "hygiene: test_it left 1 resource open",
            "",
            "file  opened here and dropped without close()",
            "    l*ffel.txt*",
            "    test_suite.py:2 *",
            "fix: *",
        ],
        consecutive=True,
    )


# -- pytest-xdist


def test_the_text_of_a_failure_arrives_through_xdist(run_suite):
    pytest.importorskip("xdist")
    result = run_suite(LEAK.format(name="a") + CLEAN, "-n1", with_plugins=("xdist",), subprocess=True)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        ["hygiene: test_a left 1 resource open", "    test_suite.py:2 *in test_a *open(*"]
    )


def test_the_summary_arrives_through_xdist(run_suite):
    pytest.importorskip("xdist")
    result = run_suite(LEAK.format(name="a") + CLEAN, "-n1", with_plugins=("xdist",), subprocess=True)
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test"])


def test_many_sites_fit_on_a_screen_the_worst_first(run_suite):
    sites = 12
    app = "".join(f"def leak_{number}():\n    return open(__file__)\n\n" for number in range(sites))
    tests = [
        f"def test_{number}_{count}():\n    shop.leak_{number}()\n"
        for number in range(sites)
        for count in range(number + 1)
    ]
    result = run_suite("import shop\n" + "\n".join(tests), "-q", "--tb=no", files={"shop.py": app})
    lines = result.stdout.lines
    summary = lines[lines.index("hygiene: 78 leaks in 78 tests") :]
    summary = summary[: next(n for n, line in enumerate(summary) if line.startswith("==="))]
    assert len(summary) < 24
    assert [line.split()[0] for line in summary[1 : sites + 1]] == [str(n) for n in range(sites, 0, -1)]


@pytest.mark.parametrize(("start", "shown"), [("", "tests/test_shop.py"), ("tests", "test_shop.py")])
def test_node_ids_can_be_given_to_pytest_where_it_was_started(run_suite, pytester, monkeypatch, start, shown):
    text = f"def test_it():\n    open({__file__!r})\n"
    for name, content in {"tests/test_shop.py": text, "pytest.ini": "[pytest]\n"}.items():
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")
    monkeypatch.chdir(pytester.path / start)
    result = run_suite("")
    result.stdout.fnmatch_lines([f"* in {shown}::test_it"])


OUTSIDE_TESTS = f"""
import functools

open({__file__!r})

@functools.cache
def cached():
    return open({__file__!r})

def test_it():
    cached()
"""


@pytest.mark.parametrize("start", ["", "tests"])
@pytest.mark.parametrize(
    ("flags", "lines"),
    [
        ((), ["*; first used by {tests}test_shop.py::test_it", "ERROR hygiene: file leaked by *"]),
        (("-v", "-ohygiene_allow=file"), ["allowed: *", "  file in the import of {tests}test_shop.py: *"]),
    ],
    ids=["left open", "allowed"],
)
def test_what_is_outside_tests_is_named_in_each_directory(
    run_suite, pytester, monkeypatch, start, flags, lines
):
    for name, content in {"tests/test_shop.py": OUTSIDE_TESTS, "pytest.ini": "[pytest]\n"}.items():
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")
    monkeypatch.chdir(pytester.path / start)
    result = run_suite("", *flags)
    result.stdout.fnmatch_lines([line.format(tests="" if start else "tests/") for line in lines])
