"""The blocks of docs/configuration.md, run as they stand on the page."""

from __future__ import annotations

import json

import pytest
from doc_blocks import commands_of, the_block

PAGE = "docs/configuration.md"

#: What the tests of the page need beside what they show.
SHOP = """
    import subprocess
    import sys

    import pytest

    @pytest.fixture
    def app():
        return None

    def print_label():
        subprocess.Popen([sys.executable, "-c", "pass"])

    def import_pictures(app):
        convert()

    def convert():
        subprocess.Popen([sys.executable, "-c", "pass"])
    """


@pytest.fixture
def run_block(run_suite):
    def run(block, *args, **files):
        files = {"test_block.py": f"from shop import *\n\n{block}"} | files
        return run_suite("", "-q", *args, files={"shop.py": SHOP, **files})

    return run


def test_mark_accepts_what_it_names(run_block):
    block = the_block(PAGE, "python: @pytest.mark.allow_leak").text
    leaking = block.replace(": ...", ":\n    print_label()")
    assert leaking != block
    run_block(leaking.partition("\n")[2]).assert_outcomes(failed=1)
    result = run_block(leaking)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["allowed: 1 leak"])


def test_rule_of_the_ini_file_accepts_what_it_names(run_block):
    leaking = "def test_label(): print_label()\n"
    run_block(leaking).assert_outcomes(failed=1)
    ini = the_block(PAGE, "ini: [pytest]\nhygiene_allow").text
    run_block(leaking, **{"pytest.ini": ini}).assert_outcomes(passed=1)
    run_block("def test_pictures(): convert()\n", **{"pytest.ini": ini}).assert_outcomes(failed=1)


def test_source_that_counts_as_your_own(run_suite, pytester, monkeypatch):
    monkeypatch.syspath_prepend(pytester.path / "site-packages")
    library = """
        def work():
            try:
                raise ValueError("x")
            except ValueError as e:
                error = e
        """
    files = {"site-packages/shop_plugins.py": library}
    test = "import shop_plugins\n\ndef test_it():\n    shop_plugins.work()\n"
    run_suite(test, files=files).assert_outcomes(passed=1)
    ini = the_block(PAGE, "ini: [pytest]\nhygiene_strict").text
    result = run_suite(test, "-v", files={"pytest.ini": ini})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: strict"])


def test_block_of_the_fixture_accepts_what_is_opened_inside(run_block):
    block = the_block(PAGE, "python: def test_import").text
    result = run_block(block)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["allowed: 1 leak"])
    outside = block.replace("    hygiene.check()", "    convert()\n    hygiene.check()")
    run_block(outside).assert_outcomes(failed=1)


def test_client_of_the_suites_own_application(run_suite):
    conftest, test = the_block(PAGE, "python: # conftest.py").text.split("# test_shop.py\n")
    head = """
import pytest
from flask import Flask


def create_app():
    app = Flask(__name__)
    app.add_url_rule("/", view_func=lambda: "welcome")
    return app

"""
    result = run_suite("", "--hygiene-strict", files={"conftest.py": head + conftest, "test_shop.py": test})
    result.assert_outcomes(passed=1)


FILES = {
    "shop/__init__.py": "",
    "shop/db.py": "import sqlite3\n\ndef get_db():\n    return sqlite3.connect(':memory:')\n",
    "tests/test_shop.py": "from shop.db import get_db\n\ndef test_stock():\n    get_db()\n",
    "pytest.ini": "[pytest]\npythonpath = .\n",
}


def test_entry_and_commands_of_the_baseline(run_suite, pytester):
    (command,) = commands_of(PAGE, "pytest")
    result = run_suite("", *command.split()[1:], files=FILES)
    result.assert_outcomes(passed=1)
    text = (pytester.path / "hygiene-baseline.json").read_text("utf-8")
    entry = the_block(PAGE, "json: ").text
    assert entry.rstrip("\n,") in text.splitlines()
    assert len(json.loads(text)["entries"]) == 1
    ini = the_block(PAGE, "ini: [pytest]\nhygiene_baseline").text
    (pytester.path / "pytest.ini").write_text(f"{ini}pythonpath = .\n", "utf-8")
    result = run_suite("")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["accepted by hygiene-baseline.json: 1 known leak"])
