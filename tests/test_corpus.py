"""Idiomatic suites must stay silent; their twins with one leak must be blamed on the right line."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

CORPUS = Path(__file__).parent / "corpus"
CLEAN = sorted(path.name for path in (CORPUS / "clean").iterdir() if path.is_dir())
LEAKY = sorted(path.name for path in (CORPUS / "leaky").iterdir() if path.is_dir())
MARK = "# leak: "
#: An outer run's log handler would keep the log records of an inner one, and the frames they refer to.
LOGS_EXCEPTIONS = ("app_logger", "catch_all", "sqlalchemy_dispose")


def copy_suite(group: str, name: str, target: Path) -> None:
    shutil.copytree(CORPUS / group / name, target, dirs_exist_ok=True)


def marked_line(suite: Path) -> tuple[str, int, str]:
    """File, line and kind of the one line that is marked as the leak."""
    (mark,) = [
        (path.relative_to(suite).as_posix(), number, line.split(MARK)[1].strip())
        for path in sorted(suite.rglob("*.py"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if MARK in line
    ]
    return mark


@pytest.mark.parametrize("name", CLEAN)
def test_clean_suite_stays_silent(run_suite, pytester, name):
    copy_suite("clean", name, pytester.path)
    result = run_suite("")
    outcomes = result.parseoutcomes()
    assert result.ret == 0, outcomes
    assert not {"failed", "error", "errors"} & outcomes.keys()
    text = result.stdout.str()
    assert "hygiene: no leaks" in text
    assert "a fault of pytest-flask-hygiene" not in text


@pytest.mark.parametrize("name", LEAKY)
def test_leaky_twin_is_blamed_on_the_marked_line(run_suite, pytester, name):
    copy_suite("leaky", name, pytester.path)
    file, line, kind = marked_line(pytester.path)
    result = run_suite("", subprocess=name in LOGS_EXCEPTIONS)
    text = result.stdout.str()
    if "skipped" in result.parseoutcomes() and "hygiene: no leaks" in text:
        pytest.skip("the suite skips itself here")
    assert re.search(rf"^ +1 test +{kind} +{re.escape(file)}:{line}\b", text, re.MULTILINE)
    assert "hygiene: 1 leak in 1 test" in text
    outcomes = result.parseoutcomes()
    assert outcomes.get("failed", 0) + outcomes.get("errors", 0) == 1


def test_the_corpus_is_as_large_as_promised():
    assert len(CLEAN) >= 40
    assert len(LEAKY) >= 15
    assert set(LEAKY) <= set(CLEAN)
