"""What README shows is what running it prints.

``UPDATE_DOCS=1 pytest tests/test_docs.py`` writes the output anew.
"""

from __future__ import annotations

import json
import os
import re
from xml.etree import ElementTree

import pytest
from doc_blocks import commands_of
from doc_examples import EXAMPLES, ROOT, as_block, assert_page_shows, run_example

from pytest_flask_hygiene.heap.chains import chain_from_data
from pytest_flask_hygiene.report.chain_svg import chain_svg

pytestmark = pytest.mark.once_a_python

SHOP = EXAMPLES / "shop"


def test_readme_shows_what_a_failure_looks_like(tmp_path):
    output = run_example(SHOP, tmp_path, "-q", "tests/test_stock.py")
    assert_page_shows(ROOT / "README.md", as_block(output[output.index("=") :], "text"))


def test_docs_show_what_an_explained_test_looks_like(tmp_path):
    (command,) = commands_of("docs/explain.md", "pytest")
    # A plugin of the environment's may push a context; what libraries open differs from version to version.
    output = run_example(SHOP, tmp_path, "-q", "-p", "no:flask", *command.split()[1:])
    text = re.search(r"^=+ hygiene: explain .*?(?=^opened by|^=+ short)", output, re.MULTILINE | re.DOTALL)
    page = ROOT / "docs" / "explain.md"
    assert_page_shows(page, as_block(text[0].rstrip() + "\n", "text"), "explain")


def json_report(tmp_path):
    run_example(SHOP, tmp_path, "tests/test_stock.py", "--hygiene-report=leaks.json")
    return json.loads((tmp_path / "shop" / "leaks.json").read_text("utf-8"))


def test_docs_show_what_is_in_the_json_report(tmp_path):
    data = json_report(tmp_path)
    data["cost"] = {"seconds": 0.012345, "share": 0.0432, "parts": {"start-up": 0.006789}}
    assert_page_shows(
        ROOT / "docs" / "reports.md", as_block(json.dumps(data, indent=2) + "\n", "json"), "json"
    )


def test_docs_explain_every_field_of_the_json_report(tmp_path):
    data = json_report(tmp_path)
    finding = data["findings"][0]
    parts = {
        "a finding": finding,
        "an owner": finding["owner"],
        "a frame": finding["site"][0],
        "counts": data["counts"],
        "cost": data["cost"],
    }
    text = (ROOT / "docs" / "reports.md").read_text("utf-8")
    for name, part in parts.items():
        table = text.partition(f"<!-- fields of {name} -->\n\n")[2].partition("\n\n")[0]
        assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(part)


def test_docs_show_the_page_of_a_report(tmp_path):
    """How it looks is for ``test_html_page.py``; here the command alone."""
    (command,) = commands_of("docs/reports.md", "pytest")
    run_example(SHOP, tmp_path, "tests/test_stock.py", *command.split()[1:])
    assert "shop/db.py" in (tmp_path / "shop" / "leaks.html").read_text("utf-8")


def test_docs_show_the_properties_of_a_case(tmp_path):
    run_example(SHOP, tmp_path, "tests/test_stock.py", "--junit-xml=junit.xml")
    (found,) = ElementTree.parse(tmp_path / "shop" / "junit.xml").iter("properties")
    ElementTree.indent(found)
    text = ElementTree.tostring(found, "unicode").rstrip() + "\n"
    assert_page_shows(ROOT / "docs" / "reports.md", as_block(text, "xml"), "properties")


def test_docs_show_an_annotation(tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    output = run_example(
        SHOP, tmp_path, "-q", "-p", "no:pytest_github_actions_annotate_failures", "tests/test_stock.py"
    )
    (line,) = re.findall(r"^::error .*$", output, re.MULTILINE)
    text = line.partition("%0A")[0] + "%0A...\n"
    assert_page_shows(ROOT / "docs" / "reports.md", as_block(text, "text"), "annotation")


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


def test_page_of_cycles_shows_the_picture_of_its_example(tmp_path):
    run_example(EXAMPLES / "kinds" / "cycle", tmp_path, "test_failing.py", "--hygiene-report=found.json")
    (finding,) = json.loads((tmp_path / "cycle" / "found.json").read_text("utf-8"))["findings"]
    nodes = [n | {"path": n["path"] or "", "line": n["line"] or 0} for n in finding["chain"]["nodes"]]
    chain = chain_from_data({"nodes": nodes, "edges": finding["chain"]["edges"]})
    picture = chain_svg(chain, tmp_path, dot=False) + "\n"
    image = ROOT / "docs" / "images" / "cycle.svg"
    if os.environ.get("UPDATE_DOCS"):
        image.write_text(picture, "utf-8")
    assert image.read_text("utf-8") == picture
    assert "](../images/cycle.svg)" in (ROOT / "docs" / "kinds" / "cycle.md").read_text("utf-8")
