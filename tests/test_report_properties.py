"""What other reports are told of a finding: properties in JUnit XML, a part of the row in pytest-html."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest

LEAK = 'def test_leaks():\n    open("left.txt", "w")\n'
CYCLE = """
    def test_cycle():
        try:
            raise ValueError("x")
        except ValueError as e:
            error = e
    """
FIXTURE = """
    import pytest

    @pytest.fixture
    def box():
        open("box.txt", "w")

    def test_box(box):
        {call}
    """

Properties = list[tuple[str, str]]


@pytest.fixture
def properties_of(run_suite, pytester):
    """The properties of each case of JUnit XML that has the given name."""

    def run(name: str, source: str, *args: str, **keywords: Any) -> list[Properties]:
        run_suite(source, "--junitxml=out.xml", *args, **keywords)
        cases = ElementTree.parse(pytester.path / "out.xml").getroot().iter("testcase")
        return [
            [(each.get("name", ""), each.get("value", "")) for each in case.iter("property")]
            for case in cases
            if case.get("name") == name
        ]

    return run


# -- JUnit XML


def test_a_failed_test_has_kind_site_and_owner(properties_of):
    assert properties_of("test_leaks", LEAK) == [
        [
            ("hygiene.kind", "file"),
            ("hygiene.site", "test_suite.py:2"),
            ("hygiene.owner", "test_leaks"),
        ]
    ]


def test_a_finding_that_is_noted_has_them_on_a_test_that_passes(properties_of):
    (found,) = properties_of("test_cycle", CYCLE)
    assert found[:2] == [("hygiene.kind", "cycle"), ("hygiene.site", "test_suite.py:5")]


def test_an_error_at_teardown_names_the_fixture(properties_of):
    assert properties_of("test_box", FIXTURE.format(call="pass")) == [
        [
            ("hygiene.kind", "file"),
            ("hygiene.site", "test_suite.py:5"),
            ("hygiene.owner", "function fixture 'box'"),
        ]
    ]


def test_a_finding_of_the_call_and_one_of_the_teardown_each_have_their_case(properties_of):
    found = properties_of("test_box", FIXTURE.format(call="open('call.txt', 'w')"))
    assert [dict(each)["hygiene.site"] for each in found] == ["test_suite.py:8", "test_suite.py:5"]


def sites(found: Properties) -> list[str]:
    return [value for name, value in found if name == "hygiene.site"]


@pytest.mark.parametrize(
    ("scope", "cases"),
    [
        ("function", [["test_suite.py:8", "test_suite.py:5"]]),
        ("module", [["test_suite.py:8"], ["test_suite.py:5"]]),
    ],
)
def test_a_test_that_failed_by_itself_has_what_it_dropped(properties_of, scope, cases):
    suite = FIXTURE.replace("fixture\n", f"fixture(scope='{scope}')\n")
    found = properties_of("test_box", suite.format(call="open('call.txt', 'w')\n        assert False"))
    assert [sites(each) for each in found] == cases


def test_noted_in_the_call_and_failing_at_teardown_are_one_case(properties_of):
    call = "try:\n            raise ValueError\n        except ValueError as e:\n            error = e"
    (found,) = properties_of("test_box", FIXTURE.format(call=call))
    kinds = [value for name, value in found if name == "hygiene.kind"]
    assert kinds == ["cycle", "file"]


def test_several_findings_have_three_each_in_order(properties_of):
    (found,) = properties_of("test_it", 'def test_it():\n    open("a.txt", "w")\n    open("b.txt", "w")\n')
    assert [name for name, _ in found] == ["hygiene.kind", "hygiene.site", "hygiene.owner"] * 2
    assert [value for name, value in found if name == "hygiene.site"] == [
        "test_suite.py:2",
        "test_suite.py:3",
    ]


def test_a_session_finding_has_them(properties_of):
    name = "hygiene: file leaked by the import of test_suite.py"
    assert properties_of(name, "open('left.txt', 'w')\n\ndef test_a():\n    pass\n") == [
        [
            ("hygiene.kind", "file"),
            ("hygiene.site", "test_suite.py:1"),
            ("hygiene.owner", "the import of test_suite.py"),
        ]
    ]


@pytest.mark.parametrize("mark", ["", "import pytest\n\n@pytest.mark.allow_leak\n"])
def test_no_property_without_a_finding_that_counts(properties_of, mark):
    source = mark + LEAK if mark else "def test_leaks():\n    pass\n"
    assert properties_of("test_leaks", source) == [[]]


def test_the_tests_own_properties_are_kept(properties_of):
    source = 'def test_it(record_property):\n    record_property("mine", 1)\n    open("left.txt", "w")\n'
    (found,) = properties_of("test_it", source, "-o", "junit_family=xunit1")
    assert [name for name, _ in found] == ["mine", "hygiene.kind", "hygiene.site", "hygiene.owner"]


def test_the_test_does_not_see_them(run_suite):
    suite = """
    def test_leaks(request):
        open("left.txt", "w")
        request.addfinalizer(lambda: print("own:", request.node.user_properties))
    """
    run_suite(suite, "-s").stdout.fnmatch_lines(["*own: []"])


def test_paths_are_relative_to_rootdir(properties_of, pytester, monkeypatch):
    pytester.mkdir("tests")
    monkeypatch.chdir(pytester.path / "tests")
    files = {"pytest.ini": "[pytest]\n", "tests/test_it.py": LEAK}
    xml = f"--junitxml={pytester.path / 'out.xml'}"
    (found,) = properties_of("test_leaks", "", xml, files=files)
    assert ("hygiene.site", "tests/test_it.py:2") in found


def test_the_last_attempt_of_a_rerun_decides(properties_of):
    pytest.importorskip("pytest_rerunfailures")
    suite = (
        "tries = []\n\ndef test_it():\n    tries.append(1)\n    if len(tries) == 1:\n        open('x', 'w')\n"
    )
    found = properties_of("test_it", suite, "--reruns=1", with_plugins=("rerunfailures",))
    assert found[-1] == []


def test_with_workers_they_are_the_same(properties_of):
    pytest.importorskip("xdist")
    suite = LEAK + '\ndef test_name():\n    open(b"left\\xff".decode("utf-8", "surrogateescape"), "w")\n'
    alone = properties_of("test_leaks", suite)
    assert properties_of("test_leaks", suite, "-n1", with_plugins=("xdist",), subprocess=True) == alone
    assert alone[0]


# -- pytest-html


@pytest.fixture
def rows(run_suite, pytester):
    """What the page has of each test: node ID and phase, and the text of its extras."""
    pytest.importorskip("pytest_html")

    def run(source: str, *args: str, plugins: tuple[str, ...] = (), **keywords: Any) -> dict[str, list[str]]:
        arguments = ("--html=out.html", "--self-contained-html", *args)
        run_suite(source, *arguments, with_plugins=("html", *plugins), subprocess=True, **keywords)
        page = (pytester.path / "out.html").read_text("utf-8")
        match = re.search(r'data-jsonblob="([^"]*)"', page)
        assert match
        tests = json.loads(html.unescape(match[1]))["tests"]
        found: dict[str, list[str]] = {}
        for nodeid, parts in tests.items():
            contents = [extra["content"] for part in parts for extra in part["extras"]]
            found[nodeid] = list(dict.fromkeys(contents))
        return found

    return run


def test_pytest_html_shows_the_findings_of_a_failed_call(rows):
    (content,) = rows(LEAK)["test_suite.py::test_leaks"]
    assert content.startswith('<div class="hygiene">')
    assert "<td>test_suite.py:2</td><td>test_leaks</td>" in content
    assert "fix: use a with block" in content


def test_pytest_html_shows_those_of_a_fixture(rows):
    (content,) = rows(FIXTURE.format(call="pass"))["test_suite.py::test_box"]
    assert "by function fixture &#x27;box&#x27;" in content


def test_pytest_html_shows_each_once(rows):
    contents = rows(FIXTURE.format(call="open('call.txt', 'w')"))["test_suite.py::test_box"]
    assert len(contents) == 2
    assert [content.count("fix: ") for content in contents] == [1, 1]


def test_pytest_html_shows_nothing_of_tests_that_pass(rows):
    found = rows(CYCLE + "\n    def test_clean():\n        pass\n")
    assert found == {"test_suite.py::test_cycle": [], "test_suite.py::test_clean": []}


def test_the_readers_code_is_escaped(rows):
    source = 'def test_it():\n    open("<script>.txt", "w")  # <b>\n'
    (content,) = rows(source)["test_suite.py::test_it"]
    assert "<script>" not in content
    assert "&lt;script&gt;.txt" in content


def test_the_readers_own_extras_are_kept(rows):
    conftest = """
    import pytest
    import pytest_html

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(item, call):
        report = yield
        if report.when == "call":
            extras = getattr(report, "extras", [])
            extras.append(pytest_html.extras.html("<i>mine</i>"))
            report.extras = extras
        return report
    """
    contents = rows(LEAK, files={"conftest.py": conftest})["test_suite.py::test_leaks"]
    assert len(contents) == 2
    assert "<i>mine</i>" in contents


def test_pytest_html_with_workers(rows):
    pytest.importorskip("xdist")
    (content,) = rows(LEAK, "-n1", plugins=("xdist",))["test_suite.py::test_leaks"]
    assert "test_suite.py:2" in content


def test_reports_have_no_extras_where_no_page_is_made(run_suite):
    pytest.importorskip("pytest_html")
    conftest = """
    def pytest_runtest_logreport(report):
        if report.when == "call":
            print("extras:", getattr(report, "extras", []))
    """
    result = run_suite(LEAK, "-s", files={"conftest.py": conftest}, with_plugins=("html",), subprocess=True)
    result.stdout.fnmatch_lines(["*extras: []"])
