"""The same outcomes with other plugins at work, and nothing left patched behind."""

from __future__ import annotations

import sys
from textwrap import dedent

import pytest

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
    "pytest-randomly, seed 1": ("randomly", "pytest_randomly", ("--randomly-seed=1",)),
    "pytest-randomly, seed 2": ("randomly", "pytest_randomly", ("--randomly-seed=2",)),
    "pytest-randomly, seed 3": ("randomly", "pytest_randomly", ("--randomly-seed=3",)),
    "pytest-asyncio": ("asyncio", "pytest_asyncio", ("--asyncio-mode=auto",)),
    "hypothesis": ("hypothesispytest", "hypothesis", ()),
    "pytest-xdist": ("xdist", "xdist", ("-n1",)),
}


@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_same_tests_fail_with(run_suite, plugin):
    name, module, args = PLUGINS[plugin]
    pytest.importorskip(module)
    result = run_suite(SUITE, *args, files=FILES, with_plugins=(name,), subprocess=True)
    result.assert_outcomes(failed=2, passed=1)
    lines = [line for line in result.outlines if line.startswith(("FAILED ", "ERROR "))]
    assert sorted(line.split(" - ")[0] for line in lines) == [
        "FAILED test_suite.py::test_cycle",
        "FAILED test_suite.py::test_leaks",
    ]


ASYNC = """
    import pytest

    {mark}
    async def test_leaks():
        open("left.txt", "w")

    {mark}
    async def test_clean():
        pass
    """


@pytest.mark.parametrize(
    ("plugin", "module", "mark", "conftest"),
    [
        ("asyncio", "pytest_asyncio", "@pytest.mark.asyncio", ""),
        (
            "anyio",
            "anyio",
            "@pytest.mark.anyio",
            '@pytest.fixture\ndef anyio_backend():\n    return "asyncio"\n',
        ),
        ("anyio", "trio", "@pytest.mark.anyio", '@pytest.fixture\ndef anyio_backend():\n    return "trio"\n'),
    ],
    ids=["pytest-asyncio", "anyio on asyncio", "anyio on trio"],
)
def test_an_async_test_is_charged_like_any_other(run_suite, plugin, module, mark, conftest):
    pytest.importorskip(module)
    suite = dedent(ASYNC.format(mark=mark))
    files = {"conftest.py": "import pytest\n\n" + conftest}
    result = run_suite(suite, files=files, with_plugins=(plugin,), subprocess=True)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["FAILED test_suite.py::test_leaks *"])


@pytest.mark.parametrize(("condition", "outcome"), [("True", "failed"), ("False", "passed")])
def test_a_hypothesis_test(run_suite, condition, outcome):
    pytest.importorskip("hypothesis")
    suite = f"""
    from hypothesis import given, settings, strategies

    @settings(max_examples=5, database=None)
    @given(strategies.integers())
    def test_it(number):
        if {condition}:
            open("left.txt", "w")
    """
    result = run_suite(suite, with_plugins=("hypothesispytest",), subprocess=True)
    result.assert_outcomes(**{outcome: 1})


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


@pytest.mark.own_gc_settings("compares them before and after")
@pytest.mark.parametrize("plugin", [name for name in PLUGINS if "seed" not in name or "seed 1" in name])
def test_everything_is_undone_after_a_run_with(pytester, plugin):
    _, module, args = PLUGINS[plugin]
    pytest.importorskip(module)
    # One at a time: what several do to each other is not what this test is about.
    others = {name for name, _, _ in PLUGINS.values()} - {PLUGINS[plugin][0]}
    switched_off = [arg for name in sorted(others) for arg in ("-p", f"no:{name}")]
    for name, text in {**FILES, "test_suite.py": SUITE, "run_it.py": UNDONE}.items():
        (pytester.path / name).write_text(dedent(text), "utf-8")
    result = pytester.run(sys.executable, "run_it.py", *switched_off, *args)
    result.stdout.fnmatch_lines(["all undone"])
