"""The pages for users: what they show is what comes of it.

``UPDATE_DOCS=1 pytest tests/test_doc_pages.py`` writes the outputs, and the files that pages show, anew.
"""

from __future__ import annotations

import re
import shlex
import shutil

import pytest
from doc_examples import DOCS, EXAMPLES, ROOT, as_block, as_file_block, assert_page_shows, shown_parts

ENTRY = '{"kind": "sqlite", "file": "db.py", "function": "get_db", "owner": "test_a.py::test_it", "count": 1}'
BASELINE = f'{{"version": 1, "entries": [{ENTRY}]}}'
LEAK = "def test_it():\n    open('left.txt', 'w')\n"


@pytest.fixture
def run_example(run_suite, pytester, monkeypatch):
    """Give what a run of an example in this process prints, without what differs from run to run."""
    monkeypatch.setenv("COLUMNS", "100")

    def run(example, *args, **kwargs):
        without = shutil.ignore_patterns("__pycache__")
        shutil.copytree(EXAMPLES / example, pytester.path, dirs_exist_ok=True, ignore=without)
        result = run_suite("", "-q", *args, **kwargs)
        text = re.sub(r"in \d+\.\d+s", "in 0.12s", result.stdout.str())
        text = re.sub(r"^checks: .*\n", "", text, flags=re.MULTILINE)
        return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n") + "\n"

    return run


def blocks(page, language):
    text = (DOCS / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(page):
    """What a page tells the reader to type."""
    return re.findall(r"^    (pytest .*)$", (DOCS / page).read_text("utf-8"), re.MULTILINE)


PAGES = sorted(
    path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if "examples" not in path.parts
)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")])
def test_python_on_a_page_is_python(page):
    for block in blocks(page, "python"):
        only_a_mark = block.startswith("@") and block.count("\n") == 1
        compile(f"{block}def it(): ..." if only_a_mark else block, page, "exec")


@pytest.mark.parametrize(
    ("page", "name"), [(page, name) for page in PAGES for name in shown_parts(DOCS / page)]
)
def test_page_shows_the_file_as_it_is(page, name):
    assert_page_shows(DOCS / page, as_file_block(name), name)


@pytest.mark.parametrize("page", PAGES)
def test_page_shows_a_file_once_and_where_it_is_read_unrendered(page):
    # Hosts that know Markdown alone show the directive instead of the file.
    assert "{literalinclude}" not in (DOCS / page).read_text("utf-8")
    names = shown_parts(DOCS / page)
    assert len(names) == len(set(names))


def anchors_of(path):
    """Of the headings, as GitHub and MyST make them."""
    text = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", ["../README.md", *PAGES])
def test_links_lead_somewhere(page):
    """Sphinx looks after the pages that it builds, and not after README."""
    path = (DOCS / page).resolve()
    text = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    for link in links:
        if link.startswith(("http:", "https:")):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


# -- quickstart


def test_quickstart_shows_what_a_failure_looks_like(run_example):
    output = run_example("kinds/sqlite", "test_failing.py")
    page = DOCS / "quickstart.md"
    assert_page_shows(page, as_block(output[output.index("=") :], "text"), "failing")


@pytest.mark.allow_leak("sqlite", reason="the plugin that checks this very test is not off")
def test_quickstart_fails_only_with_the_plugin(run_example):
    assert run_example("kinds/sqlite", "--hygiene=off", "test_failing.py").endswith("1 passed in 0.12s\n")


def test_quickstart_shows_that_it_is_mended(run_example):
    output = run_example("kinds/sqlite", "test_mended.py")
    assert_page_shows(DOCS / "quickstart.md", as_block(output, "text"), "mended")


# -- how blame works


def short_summary(output):
    return output[output.index("=", output.rindex("short test summary") - 60) :].partition("\n")[2]


@pytest.mark.own_gc_settings("it switches the collector off")
def test_blame_without_the_plugin_falls_on_the_test_that_was_at_work(run_example, pytester, monkeypatch):
    # There pytest prints all of a message.
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    # An automatic collection may come earlier, and would charge yet another one.
    (pytester.path / "no_collections.py").write_text("import gc\n\ngc.disable()\n", "utf-8")
    options = ("--hygiene=off", "-W", "error", "-p", "no_collections")
    output = short_summary(run_example("blame", *options, subprocess=True))
    output = re.sub(r"(Warning).*", r"\1: ...", output)
    assert "FAILED test_report.py::test_sum" in output
    assert_page_shows(DOCS / "how-blame-works.md", as_block(output, "text"), "without")


def test_blame_falls_on_the_test_that_opened_it(run_example, pytester):
    output = run_example("blame")
    text = output[output.index("hygiene: test_report left") :]
    text = re.sub(r"/\S+/report\.txt", "/tmp/pytest-of-me/pytest-0/test_report0/report.txt", text)
    assert "FAILED test_report.py::test_report" in text
    assert_page_shows(DOCS / "how-blame-works.md", as_block(text, "text"), "with")


# -- CI


@pytest.mark.parametrize("command", sorted(set(commands("ci.md"))))
def test_commands_for_ci_fail_for_a_leak_or_list_it(run_suite, command):
    args = [arg for arg in shlex.split(command)[1:] if not arg.startswith("-n") and arg != "auto"]
    result = run_suite(LEAK, *args, files={"hygiene-baseline.json": BASELINE})
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test*"])
    assert result.ret == (0 if "--hygiene=warn" in args else 1)


def test_yaml_for_ci_runs_pytest_with_options_that_exist(run_suite, pytester):
    yaml = pytest.importorskip("yaml")
    github, gitlab = (yaml.safe_load(block) for block in blocks("ci.md", "yaml"))
    steps = github["jobs"]["tests"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step] + gitlab["tests"]["script"]
    runs = [shlex.split(script)[1:] for script in scripts if script.startswith("pytest")]
    assert len(runs) == 2
    for args in runs:
        assert run_suite(LEAK, *args).ret == 1
        assert (pytester.path / "leaks.json").is_file()
    written = {"leaks.json", "junit.xml"}
    artifacts = gitlab["tests"]["artifacts"]
    assert {steps[-1]["with"]["path"], *artifacts["paths"], artifacts["reports"]["junit"]} == written


def test_one_job_of_several_has_it_on(run_suite):
    (ini,) = blocks("ci.md", "ini")
    assert run_suite(LEAK, "--strict-config", files={"pytest.ini": ini}).ret == 0
    page = (DOCS / "ci.md").read_text("utf-8")
    (command,) = re.findall(r"^    pytest (.*)$", page.partition(ini)[2], re.MULTILINE)
    assert run_suite(LEAK, *command.split()).ret == 1


def test_exit_statuses_of_the_page(run_suite):
    text = (DOCS / "ci.md").read_text("utf-8").partition("## Exit status")[2]
    assert re.findall(r"^\| (\d) \|", text, re.MULTILINE) == ["0", "1", "4"]
    assert run_suite(LEAK, "--hygiene=warn").ret == 0
    assert run_suite(LEAK).ret == 1
    assert run_suite(LEAK, "--hygiene-baseline=missing.json").ret == 4


# -- configuration


def options_of_the_plugin():
    """The flags and the ini options, from the parser itself."""

    class Parser:
        def __init__(self):
            self.flags, self.inis = {}, {}

        def getgroup(self, *_):
            return self

        def addoption(self, name, **kwargs):
            self.flags[name] = kwargs

        def addini(self, name, help, type=None, default=None):  # noqa: A002
            self.inis[name] = (type, default)

    from pytest_flask_hygiene.options import add_options

    parser = Parser()
    add_options(parser)
    return parser.flags, parser.inis


def rows(page, heading):
    """The first cells of the first table under a heading, with the other cells."""
    section = (DOCS / page).read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| `([^`]+)` \|(.*)\|$", section, re.MULTILINE)
    return dict(cells)


def test_configuration_has_each_flag():
    flags, _ = options_of_the_plugin()
    expected = set()
    for name, kwargs in flags.items():
        if "choices" in kwargs:
            expected |= {f"{name}={choice}" for choice in kwargs["choices"]}
        else:
            expected.add(f"{name}={kwargs['metavar']}" if "metavar" in kwargs else name)
    assert set(rows("configuration.md", "Command line")) == expected


def test_configuration_has_each_ini_option_with_its_default():
    _, inis = options_of_the_plugin()
    table = rows("configuration.md", "Ini options")
    assert set(table) == set(inis)
    for name, (_, default) in inis.items():
        if default:
            assert f"`{default}` (default)" in table[name]
        elif default is False:
            assert "`false` (default)" in table[name]


def test_each_flag_has_its_twin_in_the_ini_file():
    flags, inis = options_of_the_plugin()
    alone = {"--hygiene-explain", "--hygiene-update-baseline"}
    assert {name.lstrip("-").replace("-", "_") for name in set(flags) - alone} <= set(inis)


def test_help_has_each_option(run_suite):
    flags, inis = options_of_the_plugin()
    text = run_suite("", "--help").stdout.str()
    assert [name for name in (*flags, *inis) if name not in text] == []


@pytest.mark.parametrize("page", ["configuration.md", "ci.md", "reports.md"])
def test_ini_blocks_can_be_read(run_suite, page):
    for block in blocks(page, "ini"):
        files = {
            "pytest.ini": block,
            "test_it.py": "def test_it(): pass\n",
            "hygiene-baseline.json": BASELINE,
        }
        # An option that is unknown would be a warning only.
        assert run_suite("", "-q", "--strict-config", "test_it.py", files=files).ret == 0, block


# -- the changelog


def test_changelog_keeps_the_form():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert text.startswith("# Changelog\n")
    sections = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert sections[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", section) for section in sections[1:])
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.*)$", text, re.MULTILINE)) <= kinds
