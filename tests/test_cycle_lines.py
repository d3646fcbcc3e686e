"""An exception cycle's site is the line that stored the exception: one that ran, where several store."""

from __future__ import annotations

import pytest

APP = """\
from contextlib import nullcontext

class Broken(ValueError):
    pass

class Service:
    error = None

def broken():
    raise Broken("no stock")

def call(function):
    try:
        return function()
    except Broken as e:
        return e

def fails(times=[0]):
    times[0] += 1
    if times[0] == 1:
        broken()

def nothing():
    return None

def work():
"""
SUITE = """\
import contextlib
from shop import Broken, work

def test_it():
    with contextlib.suppress(Broken, TypeError):
        work()
"""

BODIES = {
    "returned and raised": """
        rv = call(broken)  # stored
        if isinstance(rv, Broken):
            raise rv
        rv = rv()
        return rv
        """,
    "overwritten before": """
        rv = call(nothing)
        rv = call(broken)  # stored
        raise rv
        """,
    "raised in a branch": """
        rv = call(broken)  # stored
        if not isinstance(rv, Broken):
            rv = call(nothing)
        else:
            raise rv
        return rv
        """,
    "raised in a with block": """
        with nullcontext():
            rv = call(broken)  # stored
            if rv is not None:
                raise rv
            rv = rv()
        rv = call(nothing)
        """,
    "raised in a try": """
        try:
            rv = call(broken)  # stored
            if rv is not None:
                raise rv
            rv = rv()
        finally:
            nothing()
        rv = call(nothing)
        """,
    "raised in a loop": """
        for function in (nothing, broken):
            rv = call(function)  # stored
            if rv is not None:
                raise rv
            rv = call(nothing)
        """,
    "raised at the top of a loop": """
        rv = call(nothing)
        while True:
            if rv is not None:
                raise rv
            rv = call(broken)  # stored
        """,
    "one of two branches": """
        if broken:
            rv = call(broken)  # stored
        else:
            rv = nothing()
        raise rv
        """,
    "followed by a branch that did not run": """
        rv = call(  # stored
            broken
        )
        if rv is None:
            rv = nothing()
        raise rv
        """,
    "one of two branches, not raised": """
        if broken:
            rv = call(broken)  # stored
        else:
            rv = nothing()
        """,
    "returned early": """
        rv = call(broken)  # stored
        if isinstance(rv, Broken):
            return
        rv = rv()
        return rv
        """,
    "two names at once": """
        one, rv = 1, call(broken)  # stored
        if one:
            raise rv
        one, rv = rv()
        """,
    "handled": """
        try:
            broken()
        except Broken as e:
            error = e  # stored
        """,
    "handled, and returned": """
        try:
            broken()
        except Broken as e:
            error = e  # stored
            return
        error = nothing()
        """,
    "handled, with a branch behind": """
        try:
            broken()
        except Broken as e:
            error = e  # stored
        if nothing():
            error = 1
        return
        """,
    "handled, and raised again": """
        error = nothing()
        try:
            broken()
        except Broken as e:
            error = e  # stored
            raise
        error = nothing()
        """,
    "handled in a loop that then succeeds": """
        error = call(nothing)
        for _ in range(2):
            try:
                return fails()
            except Broken as e:
                error = e  # stored
        error = 1
        """,
    "handled, raised behind the loop": """
        error = call(nothing)
        for _ in range(2):
            try:
                return broken()
            except Broken as e:
                error = e  # stored
        raise error
        """,
    "one of two handlers": """
        try:
            broken()
        except KeyError as e:
            error = KeyError()
        except Broken as e:
            error = e  # stored
        """,
    "attribute": """
        self = Service()
        self.error = call(broken)  # stored
        if self.error is not None:
            raise self.error
        self.error = self.error()
        """,
    "attribute of another": """
        self, other = Service(), Service()
        self.error = call(broken)  # stored
        raise self.error
        other.error = 1
        """,
}


def source_of(body: str) -> tuple[str, int]:
    text = APP + "\n".join(row.removeprefix("    ") for row in BODIES[body].splitlines()[1:])
    return text, next(n for n, row in enumerate(text.splitlines(), 1) if row.endswith("# stored"))


@pytest.mark.parametrize("body", BODIES)
def test_the_site_is_the_line_that_stored_the_exception(run_suite, body):
    source, line = source_of(body)
    result = run_suite(SUITE, files={"shop.py": source})
    result.assert_outcomes(failed=1)
    (where,) = [row for row in result.outlines if row.startswith("    shop.py:") and " in work " in row]
    assert where.split()[0] == f"shop.py:{line}", where


def test_a_generators_line(run_suite):
    source = APP.replace("def work", "def rows") + (
        "    rv = call(broken)\n"
        "    yield 1\n"
        "    if rv is not None:\n"
        "        raise rv\n"
        "    rv = rv()\n"
        "\n"
        "def work():\n"
        "    return list(rows())\n"
    )
    result = run_suite(SUITE, files={"shop.py": source})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["    shop.py:* in rows *rv = call(broken)"])


@pytest.mark.parametrize(
    "kept", ["self.error = e", "self.errors.append(e)", "self.by_sku['tea'] = e", "self.note(e)"]
)
def test_of_several_methods_it_is_the_one_that_keeps_the_exception(run_suite, kept):
    app = f"""
    class Orders:
        def __init__(self):
            self.errors, self.by_sku = [], {{}}

        def run(self):
            try:
                self.send()
            except ValueError as e:
                {kept}

        def note(self, error):
            self.noted = error

        def send(self):
            self.connect()

        def connect(self):
            raise ValueError("no answer")
    """
    suite = "from shop import Orders\n\ndef test_it():\n    Orders().run()\n"
    result = run_suite(suite, files={"shop.py": app})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["cycle  ValueError: no answer is kept alive by self.* in run"])
