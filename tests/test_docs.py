"""What README shows is what running it prints.

``UPDATE_DOCS=1 pytest tests/test_docs.py`` writes the output anew.
"""

from __future__ import annotations

import re

from doc_examples import EXAMPLES, ROOT, as_block, assert_page_shows, run_example

SHOP = EXAMPLES / "shop"


def test_readme_shows_what_a_failure_looks_like(tmp_path):
    output = run_example(SHOP, tmp_path, "-q", "tests/test_stock.py")
    assert_page_shows(ROOT / "README.md", as_block(output[output.index("=") :], "text"))


def test_shop_has_one_leak_of_each_kind(tmp_path):
    output = run_example(SHOP, tmp_path)
    assert "hygiene: 9 leaks in 9 tests" in output
    assert "closed for the tests: 1 streamed response, 1 upload" in output
    found = re.findall(r"^ +1 test +([\w-]+) ", output, re.MULTILINE)
    kinds = ["context", "cycle", "event-loop", "file", "file", "socket", "sqlite", "subprocess", "tempdir"]
    assert sorted(found) == kinds


def test_shop_passes_without_the_plugin(tmp_path):
    output = run_example(SHOP, tmp_path, "--hygiene=off", "-q")
    assert "failed" not in output
    assert "hygiene" not in output
