"""Tests that make a great deal of something: they pass, and in about the memory they take without us."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once_a_python

SUITE = """
import gc, resource, sys
import pytest
from flask import Flask, request, send_file

def make_client(tmp_path):
    app = Flask(__name__)
    path = tmp_path / "file.txt"
    path.write_text("x" * 100)
    app.add_url_rule("/file", view_func=lambda: send_file(path), endpoint="file")
    @app.post("/upload")
    def upload():
        return str(len(request.files))
    return app.test_client()

def test_a_million_cycles():
    for _ in range(1_000_000):
        a = []
        a.append(a)

def test_uploads(tmp_path):
    import io
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    client = make_client(tmp_path)
    body = b"x" * 600_000
    for _ in range(400):
        assert client.post("/upload", data={"file": (io.BytesIO(body), "a.bin")}).text == "1"

def test_file_responses(tmp_path):
    client = make_client(tmp_path)
    for _ in range(5_000):
        assert client.get("/file").status_code == 200
"""

MEASURE = """
import json, resource, sys
import pytest

code = pytest.main(sys.argv[1:])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print("MEASURED " + json.dumps({"code": code, "peak": peak}))
"""


def measure(suite: Path, name: str, *args: str) -> dict[str, int]:
    command = [
        *(sys.executable, "-c", MEASURE, "-q", "-p", "no:cacheprovider", "-p", "no:randomly"),
        *("-p", "no:asyncio", "-p", "no:flask", "-p", "no:anyio", "-k", name, *args, str(suite)),
    ]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(
        command, cwd=suite.parent, capture_output=True, text=True, timeout=300, check=False, env=environment
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("MEASURED ")]
    measured: dict[str, int] = json.loads(line.removeprefix("MEASURED "))
    return measured


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits and peak memory as on Linux")
@pytest.mark.parametrize("name", ["test_a_million_cycles", "test_uploads", "test_file_responses"])
def test_stays_within_the_memory_it_takes_without_the_plugin(tmp_path, name):
    suite = tmp_path / "test_stress_suite.py"
    suite.write_text(SUITE, "utf-8")
    without = measure(suite, name, "-p", "no:flask_hygiene")
    with_plugin = measure(suite, name)
    assert without["code"] == with_plugin["code"] == 0
    assert with_plugin["peak"] <= 1.3 * without["peak"]
