"""The same outcomes with other plugins at work, and nothing left patched behind."""

from __future__ import annotations

import sys
from textwrap import dedent

import pytest
from reading_runs import failed

SUITE = """
    import pytest

    import shop

    def test_leaks():
        open("left.txt", "w")

    def test_cycle():
        shop.work()

    def test_clean():
        assert shop.app.test_client().get("/").status_code == 200
    """
FILES = {
    "shop.py": """
    from flask import Flask

    app = Flask("shop")

    @app.get("/")
    def index():
        return "ok"

    def work():
        try:
            raise ValueError("no stock")
        except ValueError as e:
            error = e
    """,
    "conftest.py": """
    import pytest

    import shop

    @pytest.fixture
    def app():
        return shop.app
    """,
}

#: The plugin's name, the module that it needs, and what switches it on.
PLUGINS = {
    "pytest-flask": ("flask", "pytest_flask", ()),
    "pytest-cov": ("pytest_cov", "pytest_cov", ("--cov=shop", "--cov-report=")),
    "pytest-rerunfailures": ("rerunfailures", "pytest_rerunfailures", ("--reruns=1",)),
    "pytest-randomly": ("randomly", "pytest_randomly", ("--randomly-seed=1",)),
    "pytest-asyncio": ("asyncio", "pytest_asyncio", ("--asyncio-mode=auto",)),
    "hypothesis": ("hypothesispytest", "hypothesis", ()),
    "pytest-xdist": ("xdist", "xdist", ("-n1",)),
}


def test_a_hypothesis_test(run_suite):
    pytest.importorskip("hypothesis")
    suite = """
    from hypothesis import given, settings, strategies

    @settings(max_examples=5, database=None)
    @given(strategies.integers())
    def test_leaks(number):
        open("left.txt", "w")

    @settings(max_examples=5, database=None)
    @given(strategies.integers())
    def test_clean(number):
        pass
    """
    result = run_suite(suite, with_plugins=("hypothesispytest",), subprocess=True)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["FAILED test_suite.py::test_leaks *"])


UNDONE = """
    import gc
    import json
    import sys
    import threading
    import warnings

    import flask.ctx
    import flask.testing
    import pytest
    import werkzeug.test

    def state():
        return [
            repr(part)
            for part in (
                werkzeug.test.run_wsgi_app, flask.testing.FlaskClient.__enter__, flask.ctx.AppContext.push,
                threading.Thread.start, warnings._showwarnmsg, gc.collect, sys.unraisablehook,
                gc.callbacks, gc.garbage, gc.get_debug(), gc.get_freeze_count() > 1_000, gc.isenabled(),
                [type(f).__name__ for f in sys.meta_path],
                getattr(sys, "_pytest_flask_hygiene_audit", None) or {},
            )
        ]

    before = state()
    code = pytest.main(["-p", "no:cacheprovider", *sys.argv[1:]])
    after = state()
    assert before == after, [pair for pair in zip(before, after) if pair[0] != pair[1]]
    assert code == 1, code
    print("all undone")
    """


@pytest.fixture(scope="module")
def _known():
    return {}


@pytest.fixture(params=PLUGINS)
def run_with_a_plugin(request, pytester, _known):
    """One run with each of the plugins, for all that is said of it below."""
    plugin = request.param
    _, module, args = PLUGINS[plugin]
    pytest.importorskip(module)
    if plugin in _known:
        return _known[plugin]
    # One at a time: what several do to each other is not what these tests are about.
    others = {name for name, _, _ in PLUGINS.values()} - {PLUGINS[plugin][0]}
    switched_off = [arg for name in sorted(others) for arg in ("-p", f"no:{name}")]
    for name, text in {**FILES, "test_suite.py": SUITE, "run_it.py": UNDONE}.items():
        (pytester.path / name).write_text(dedent(text), "utf-8")
    _known[plugin] = pytester.run(sys.executable, "run_it.py", *switched_off, *args)
    return _known[plugin]


@pytest.mark.own_gc_settings("shares the runs of the next test")
def test_the_same_tests_fail_with(run_with_a_plugin):
    run_with_a_plugin.assert_outcomes(failed=2, passed=1)
    assert sorted(line.split(" - ")[0] for line in failed(run_with_a_plugin)) == [
        "FAILED test_suite.py::test_cycle",
        "FAILED test_suite.py::test_leaks",
    ]


@pytest.mark.own_gc_settings("compares them before and after")
def test_everything_is_undone_after_a_run_with(run_with_a_plugin):
    run_with_a_plugin.stdout.fnmatch_lines(["all undone"])
