"""The commands that README and the pages tell the reader to type."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from fnmatch import fnmatch

import pytest
from doc_blocks import PAGES, blocks_of, commands_of, the_block
from doc_examples import DOCS, EXAMPLES, ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TESTS = ROOT / "tests"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
IN_VENV = "python3 -m venv {0} && {0}/bin/python -m pip install --quiet {1} && {0}/bin/{2}"


def pages_with(program):
    names = [path.relative_to(ROOT).as_posix() for path in PAGES]
    return [name for name in names if any(commands_of(name, program))]


@pytest.mark.parametrize("page", pages_with("pip"))
def test_install_command_names_the_project(page):
    lines = the_block(page, "indented: pip").text.splitlines()
    assert lines[0] == f"pip install {PROJECT['project']['name']}"
    assert lines[1:] in ([], ["pytest"])


def test_readme_command_for_the_shop_finds_its_nine_leaks(tmp_path):
    """What stands before ``pytest`` is what each environment of tox does."""
    block = the_block("README.md", "indented: python3 -m venv .venv &&")
    assert block.text == IN_VENV.format(".venv", ".", "pytest docs/examples/shop") + "\n"
    done = run_shop(tmp_path, "docs/examples/shop")
    assert done.returncode == 1
    assert "hygiene: 9 leaks in 9 tests" in done.stdout
    text = " ".join((ROOT / "README.md").read_text("utf-8").partition(".venv && ")[0].split())
    assert "whose tests all pass and leak in nine ways (pytest exits with status 1" in text


def run_shop(tmp_path, *args):
    copy = tmp_path / "docs" / "examples" / "shop"
    if not copy.exists():
        shutil.copytree(
            EXAMPLES / "shop", copy, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache")
        )
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *args],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )


def test_shops_own_commands_do_what_stands_behind_them(tmp_path):
    block = the_block("docs/examples/shop/README.md", "indented: pytest docs/examples/shop")
    with_it, without = [line.split("#") for line in block.text.splitlines()]
    assert with_it[1].strip() == "with the plugin: the nine are found"
    assert "9 leaks in 9 tests" in run_shop(tmp_path, *shlex.split(with_it[0])[1:]).stdout
    expected = without[1].partition(":")[2].strip()
    assert f" {expected} " in run_shop(tmp_path, *shlex.split(without[0])[1:]).stdout


def test_readme_command_for_the_tests_is_that_of_ci():
    block = the_block("README.md", "indented: python3 -m venv .venv-tox &&")
    assert block.text == IN_VENV.format(".venv-tox", "tox tox-uv", "tox") + "\n"
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "-m pip install --quiet --disable-pip-version-check tox tox-uv\n" in ci
    assert '"$venv/bin/tox" ' in ci


def test_set_up_of_a_contributor_names_what_there_is():
    lines = the_block("docs/contributing.md", "indented: git clone").text.splitlines()
    assert len(lines) == 6
    assert "cd pytest-flask-hygiene" in lines[0]
    (group,) = re.findall(r"--group (\w+) --editable \.$", lines[3])
    assert group in PROJECT["dependency-groups"]
    assert lines[4].split() == [".venv/bin/pytest", "docs/examples/shop"]
    files = [part for part in lines[5].split() if part.startswith("tests/")]
    assert files
    assert all((ROOT / file).is_file() for file in files)


def test_contributor_can_run_all_tests_on_all_cores():
    (line,) = the_block("docs/contributing.md", "indented: .venv/bin/pytest -n").text.splitlines()
    assert line == ".venv/bin/pytest -n auto"
    assert any(each.startswith("pytest-xdist") for each in PROJECT["dependency-groups"]["tests"])


def test_command_that_writes_what_pages_show_names_every_file_that_does():
    text = the_block("docs/contributing.md", "indented: UPDATE_DOCS=1").text
    writing = {
        f"tests/{path.name}"
        for path in TESTS.glob("test_*.py")
        if re.search(r"\bassert_page_shows\(|UPDATE_DOCS.\)", path.read_text("utf-8"))
    }
    first, *others = shlex.split(text.replace("\\\n", " "))
    assert (first, others[0]) == ("UPDATE_DOCS=1", ".venv/bin/pytest")
    assert set(others[1:]) == writing


def test_release_steps_tag_as_the_workflow_expects():
    yaml = pytest.importorskip("yaml")
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8"))
    # YAML takes "on" for a truth value.
    (pattern,) = workflow[True]["push"]["tags"]
    tagged, pushed = the_block("docs/releasing.md", "indented: git tag").text.splitlines()
    tag = tagged.removeprefix("git tag --sign ")
    assert fnmatch(tag, pattern)
    assert pushed == f"git push origin {tag}"


def test_sources_of_the_real_suites_are_those_that_were_run():
    lines = the_block("docs/adopting.md", "indented: python -m pip download").text.splitlines()
    text = (DOCS / "adopting.md").read_text("utf-8")
    name, version = re.fullmatch(r"python -m pip download .* ([\w-]+)==(\S+)", lines[0]).groups()
    assert f", {name} {version}, ".lower() in text.partition("flask_sqlalchemy-versions:begin")[2].lower()
    folder = f"{name.replace('-', '_')}-{version}"
    assert lines[1:] == [
        f"tar xzf {folder}.tar.gz",
        f"python docs/examples/adopting/transcript.py {folder} .venv/bin/python",
    ]
    assert (ROOT / "docs" / "examples" / "adopting" / "transcript.py").is_file()


def test_files_that_pages_include_are_there():
    for path in PAGES:
        for block in blocks_of(path):
            if block.language.startswith("{include}"):
                assert (path.parent / block.language.split()[1]).is_file()


# -- figures in the text


def in_words(versions):
    return f"{', '.join(versions[:-1])} and {versions[-1]}"


def test_versions_that_pages_name_are_those_that_are_tested():
    tox = (ROOT / "tox.ini").read_text("utf-8")
    pythons = re.findall(r"Python :: (3\.\d+)", " ".join(PROJECT["project"]["classifiers"]))
    pytests, flasks = (re.findall(rf"{name}\d+: {name}==(\d\.\d)", tox) for name in ("pytest", "flask"))
    ends = f"{pythons[0]} to {pythons[-1]}"
    readme = (ROOT / "README.md").read_text("utf-8")
    assert (
        f"CPython {ends}, pytest {pytests[0]} to {pytests[-1]}, Flask {in_words(flasks)}, on Linux" in readme
    )
    assert f"The same on Python {in_words(pythons)}," in readme.replace(" and", ", and").replace(
        ", and", " and"
    )
    limits = (DOCS / "limits.md").read_text("utf-8")
    assert f"CPython {ends} on Linux, with pytest {in_words(pytests)} and Flask {in_words(flasks)}." in limits
    quickstart = (DOCS / "quickstart.md").read_text("utf-8")
    assert f"Python {ends}, pytest {pytests[0]} and later, Flask {flasks[0]} and later; Linux" in quickstart
    floors = {f"pytest>={pytests[0]}", f"flask>={flasks[0]}"}
    assert floors <= set(PROJECT["project"]["dependencies"])


NUMBERS = {"eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13}


def test_readme_has_the_figures_of_the_benchmark():
    """As ``docs/cost.md`` has them."""
    page = (DOCS / "cost.md").read_text("utf-8")

    def user_cpu(suite, variant):
        rows = page.partition(f"\n| {suite} | plain |")[2]
        return float(re.search(rf"^\|  \| {variant} \| [^|]+ \| ([\d.]+)x", rows, re.MULTILINE)[1])

    answer = (
        (ROOT / "README.md").read_text("utf-8").partition("**What does it cost?**\n")[2].partition("\n\n")[0]
    )
    werkzeug, flask = map(int, re.findall(r"(\d+) %", answer))
    assert werkzeug == round((user_cpu("Werkzeug's own", "hygiene") - 1) * 100)
    assert flask == round((user_cpu("Flask's own", "hygiene") - 1) * 100)
    assert "up to a quarter" in answer
    assert 1.2 < user_cpu("2,000 requests, 50,000 objects", "hygiene") < 1.28
    collecting, tracing = re.search(
        r"suite take (\w+) times as long, .* (\w+) times", answer.replace("\n", " ")
    ).groups()
    assert NUMBERS[collecting] == round(user_cpu("Flask's own", "naive"))
    assert NUMBERS[tracing] == round(user_cpu("Flask's own", "tracemalloc"))
