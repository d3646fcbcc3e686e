"""What README and docs show is what running it prints.

``UPDATE_DOCS=1 pytest tests/test_docs.py`` writes the output anew.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHOP = ROOT / "docs" / "examples" / "shop"


def run_shop(target: Path, *args: str) -> str:
    """Run the shop's tests in a copy; the parts that differ from run to run are made the same."""
    shop = target / "shop"
    shutil.copytree(SHOP, shop, ignore=shutil.ignore_patterns("__pycache__"))
    switched_off = [arg for name in ("randomly", "asyncio", "cacheprovider") for arg in ("-p", f"no:{name}")]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environment["COLUMNS"] = "100"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *switched_off, *args],
        cwd=shop,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    text = re.sub(r"in \d+\.\d+s", "in 0.12s", done.stdout)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def shown(path: Path, name: str) -> tuple[str, str, str]:
    """The file, split around the block between two comments."""
    text = path.read_text("utf-8")
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
    before, _, rest = text.partition(begin)
    block, _, after = rest.partition(end)
    return before + begin, block, end + after


def test_readme_shows_what_a_failure_looks_like(tmp_path):
    output = run_shop(tmp_path, "-q", "tests/test_stock.py")
    block = "\n```text\n" + output[output.index("=") :] + "```\n\n"
    before, current, after = shown(ROOT / "README.md", "output")
    if os.environ.get("UPDATE_DOCS"):
        (ROOT / "README.md").write_text(before + block + after, "utf-8")
        current = block
    assert current == block


def test_docs_show_what_is_in_the_json_report(tmp_path):
    run_shop(tmp_path, "tests/test_stock.py", "--hygiene-report=leaks.json")
    data = json.loads((tmp_path / "shop" / "leaks.json").read_text("utf-8"))
    data["cost"] = {"seconds": 0.012345, "share": 0.0432, "parts": {"start-up": 0.006789}}
    block = "\n```json\n" + json.dumps(data, indent=2) + "\n```\n\n"
    path = ROOT / "docs" / "reports.md"
    before, current, after = shown(path, "json")
    if os.environ.get("UPDATE_DOCS"):
        path.write_text(before + block + after, "utf-8")
        current = block
    assert current == block


def test_docs_explain_every_field_of_the_json_report(tmp_path):
    run_shop(tmp_path, "tests/test_stock.py", "--hygiene-report=leaks.json")
    data = json.loads((tmp_path / "shop" / "leaks.json").read_text("utf-8"))
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


def test_shop_has_one_leak_of_each_kind(tmp_path):
    output = run_shop(tmp_path)
    assert "hygiene: 9 leaks in 9 tests" in output
    assert "closed for the tests: 1 streamed response, 1 upload" in output
    found = re.findall(r"^ +1 test +([\w-]+) ", output, re.MULTILINE)
    kinds = ["context", "cycle", "event-loop", "file", "file", "socket", "sqlite", "subprocess", "tempdir"]
    assert sorted(found) == kinds


def test_shop_passes_without_the_plugin(tmp_path):
    output = run_shop(tmp_path, "--hygiene=off", "-q")
    assert "failed" not in output
    assert "hygiene" not in output
