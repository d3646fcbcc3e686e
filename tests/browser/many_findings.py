"""Report data with many findings, without a run that makes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

KINDS = ("sqlite", "file", "socket", "subprocess", "thread")


def many_findings(folder: Path, findings: int, sites: int) -> tuple[dict[str, Any], dict[str, str]]:
    """What ``report_data()`` would make of it, and the files that it names."""
    files = {}
    per_file = 100
    for number in range(-(-sites // per_file)):
        path = folder / "shop" / f"module_{number}.py"
        path.parent.mkdir(exist_ok=True)
        source = "".join(
            f"def view_{n}(path):\n    log(path)\n    g.file_{n} = open(path)\n    return g.file_{n}\n\n"
            for n in range(per_file)
        )
        path.write_text("import os\n\n" + source, "utf-8")
        files[f"shop/module_{number}.py"] = str(path)
    made = [_finding(number, number % sites, per_file) for number in range(findings)]
    counts = {
        "leaks": findings,
        "tests": findings,
        "outside_tests": 0,
        "allowed": 0,
        "closed_responses": 12,
        "closed_uploads": 0,
        "library_cycles": {"flask/app.py wsgi_app.error": 120},
        "upstream_leaks": {},
        "of_libraries": {},
        "stopped_early": 0,
        "faults": 0,
    }
    cost = {"seconds": 12.3, "share": 0.04, "parts": {"start-up": 0.1}}
    return {"version": 1, "findings": made, "stale": [], "counts": counts, "cost": cost}, files


def _finding(number: int, site: int, per_file: int) -> dict[str, Any]:
    nodeid = f"tests/test_part_{number // 50}.py::TestPart::test_view_{number}[param-{number}]"
    file = f"shop/module_{site // per_file}.py"
    in_file = site % per_file
    kind = KINDS[site % len(KINDS)]
    return {
        "kind": kind,
        "state": "dropped",
        "outcome": "failed",
        "leak": True,
        "nodeid": nodeid,
        "nodeids": [nodeid],
        "when": "call",
        "message": f"/var/data/report-{number}.csv",
        "happened": "opened here and dropped without close()",
        "advice": "use a with block: with open(...) as file:",
        "owner": {"scope": "test", "name": f"test_view_{number}", "path": "tests/test_part.py", "line": 3},
        "site": [
            {
                "path": "tests/test_part.py",
                "line": number + 3,
                "function": f"test_view_{number}",
                "code": f'assert client.get("/view/{number}").status_code == 200',
            },
            {"path": "shop/views.py", "line": 7, "function": "view", "code": "return render(view)"},
            {
                "path": file,
                "line": 5 * in_file + 5,
                "function": f"view_{in_file}",
                "code": f"g.file_{in_file} = open(path)",
            },
        ],
        "count": 1,
        "allowed_by": None,
        "holder": None,
        "first_use": None,
        "variable": None,
        "library": None,
        "chain": {
            "nodes": [
                {"kind": "module", "text": f"module shop.module_{site}", "path": file, "line": 3},
                {"kind": "object", "text": "dict", "path": None, "line": None},
                {"kind": "resource", "text": "TextIOWrapper", "path": None, "line": None},
            ],
            "edges": [".kept", f"['{site}']"],
        },
    }
