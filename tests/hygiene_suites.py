"""Suites that use the fixture ``hygiene``, and a module ``shop`` that leaks."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent, indent
from typing import Any

import pytest

SHOP = {
    "shop.py": """
    import sqlite3
    from flask import Flask, send_file

    app = Flask("shop")

    def leak():
        open("left.txt", "w")

    def connect():
        sqlite3.connect("shop.db").execute("SELECT 1")

    def work():
        try:
            raise ValueError("no stock")
        except ValueError as e:
            error = e

    @app.get("/file")
    def file():
        return send_file("shop.py")
    """
}

HEAD = """
import pytest
import shop
from pytest_flask_hygiene import LeakError
"""


def in_test(*lines: str, after: str = "", fixtures: str = "hygiene") -> str:
    """One test that runs these lines."""
    body = "\n".join(lines)
    return f"def test_it({fixtures}):\n{indent(body, '    ')}\n{dedent(after)}"


def run_with_shop(
    run_suite: Callable[..., pytest.RunResult],
    source: str,
    *args: str,
    files: dict[str, str] | None = None,
    **options: Any,
) -> pytest.RunResult:
    """Run a suite that may use the module ``shop``."""
    return run_suite(HEAD + dedent(source), *args, files={**SHOP, **(files or {})}, **options)
