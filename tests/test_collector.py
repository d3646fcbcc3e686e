"""The collector is an instrument: tests that use gc see what they would see, and it is left as it was."""

from __future__ import annotations

import json
import sys
from textwrap import dedent

import pytest

pytest_plugins = ["shared_runs"]

NODE = """
    import gc
    import sqlite3
    import weakref
    from gc import collect

    import pytest

    class Node:
        pass

    def cycle():
        node = Node()
        node.itself = node
        return node
    """

COLLECTS = {
    "gc.collect()": "gc.collect()",
    "gc.collect(2)": "gc.collect(2)",
    "gc.collect(generation=2)": "gc.collect(generation=2)",
    "gc.collect(1)": "gc.collect(1)",
    "gc.collect(0)": "gc.collect(0)",
    "from gc import collect": "collect()",
    "imported in the test": "__import__('gc').collect()",
}


@pytest.mark.parametrize("name", ["collect", "get_debug", "set_debug"])
def test_a_function_of_gc_can_be_pickled(run_suite, name):
    result = run_suite(
        f"""
        import gc, pickle

        def test_it():
            assert pickle.loads(pickle.dumps(gc.{name})) is gc.{name}
        """
    )
    result.assert_outcomes(passed=1)


AFTER_COLLECTING = (
    NODE
    + """
    def test_weak_reference():
        reference = weakref.ref(cycle())
        COLLECT
        assert reference() is None

    def test_count():
        gc.disable()
        cycle()
        found = COLLECT
        gc.enable()
        assert found > 0

    @pytest.mark.allow_leak("sqlite", reason="what this test is about")
    def test_lock():
        gc.disable()
        first = sqlite3.connect("shop.db")
        first.execute("create table stock (name)")
        first.commit()
        first.execute("insert into stock values ('tea')")
        del first
        COLLECT
        gc.enable()
        second = sqlite3.connect("shop.db", timeout=0)
        second.execute("insert into stock values ('milk')")
        second.close()

    def test_garbage():
        cycle()
        COLLECT
        assert gc.garbage == []
    """
)


@pytest.fixture(params=COLLECTS)
def after_collecting(request, run_once):
    return run_once(AFTER_COLLECTING.replace("COLLECT", COLLECTS[request.param]), "-rp")


def test_a_users_collection_lets_weak_references_die(after_collecting):
    after_collecting.stdout.fnmatch_lines(["PASSED *::test_weak_reference"])


def test_a_users_collection_counts_what_it_frees(after_collecting):
    after_collecting.stdout.fnmatch_lines(["PASSED *::test_count"])


def test_a_users_collection_releases_a_databases_lock(after_collecting):
    after_collecting.stdout.fnmatch_lines(["allowed: 1 leak", "PASSED *::test_lock"])


def test_gc_garbage_is_empty_after_a_users_collection(after_collecting):
    after_collecting.stdout.fnmatch_lines(["PASSED *::test_garbage"])


DIES_WITHOUT_COLLECTION = {
    "object": "kept = Node()",
    "exception": "try:\n            raise KeyError\n        except KeyError as e:\n            kept = Node()",
    "response": "kept = answer()",
}


@pytest.mark.parametrize("what", DIES_WITHOUT_COLLECTION)
def test_a_weak_reference_dies_with_the_last_reference(run_suite, what):
    result = run_suite(
        f"""{NODE}
    from flask import Flask

    def answer():
        app = Flask("shop")
        app.add_url_rule("/", "index", lambda: "ok")
        return app.test_client().get("/")

    def test_it():
        {DIES_WITHOUT_COLLECTION[what]}
        reference = weakref.ref(kept)
        del kept
        assert reference() is None
    """
    )
    result.assert_outcomes(passed=1)


def test_a_users_own_saveall_is_left_alone(run_suite):
    result = run_suite(
        f"""{NODE}
    def test_it():
        before = gc.get_debug()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            cycle()
            gc.collect()
            saved = [o for o in gc.garbage if type(o) is Node]
        finally:
            gc.set_debug(before)
            gc.garbage.clear()
        assert len(saved) == 1
    """
    )
    result.assert_outcomes(passed=1)


MANY_CYCLES = f"""{NODE}
    def test_many():
        for _ in range(30_000):
            cycle()

    def test_after():
        pass
    """


def test_too_many_cycles_pass(run_suite):
    run_suite(MANY_CYCLES).assert_outcomes(passed=2)


@pytest.mark.own_gc_settings("only what automatic collections have saved can be too much")
def test_too_many_cycles_are_said_to_stop_the_check(run_suite):
    result = run_suite(MANY_CYCLES)
    result.stdout.fnmatch_lines(["cycle check stopped early *: test_suite.py::test_many"])


@pytest.mark.parametrize("setting", ["gc.set_threshold(1)", "gc.set_threshold(0)", "gc.disable()"])
def test_leaks_are_found_whatever_the_users_gc_settings(run_suite, setting):
    conftest = f"""
        import gc

        import pytest

        @pytest.fixture(autouse=True, scope="session")
        def users_settings():
            threshold = gc.get_threshold()
            {setting}
            yield
            gc.enable()
            gc.set_threshold(*threshold)
        """
    app = """
        def work():
            try:
                raise ValueError("no stock")
            except ValueError as e:
                error = e
        """
    suite = """
        import shop

        def test_leaks():
            held = [open("left.txt", "w")]
            held.append(held)

        def test_cycle():
            shop.work()

        def test_clean():
            pass
        """
    result = run_suite(suite, files={"conftest.py": conftest, "shop.py": app})
    result.assert_outcomes(failed=2, passed=1)


# -- the state of gc after a run

STATE = """
    import gc
    import json
    import sys

    import pytest

    builtin = gc.collect
    {before}

    def state():
        return {{
            "debug": gc.get_debug(),
            "threshold": gc.get_threshold(),
            "enabled": gc.isenabled(),
            # Python 3.12 freezes its immortal objects, a few hundred.
            "frozen": gc.get_freeze_count() > 1_000,
            "callbacks": [repr(callback) for callback in gc.callbacks],
            "collect": gc.collect is builtin,
            "garbage": len(gc.garbage),
        }}

    before = state()
    code = pytest.main(["-q", "-p", "pytest_flask_hygiene.plugin", "-p", "no:cacheprovider", *sys.argv[1:]])
    with open("state.json", "w") as file:
        json.dump({{"code": int(code), "before": before, "after": state()}}, file)
    """


@pytest.fixture
def state_around(pytester, monkeypatch):
    """The state of gc before and after a run in a fresh process, and the run's exit status."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(*args, before="", **files):
        for name, text in files.items():
            (pytester.path / f"{name}.py").write_text(dedent(text), "utf-8")
        script = pytester.path / "run_it.py"
        script.write_text(dedent(STATE.format(before=before)), "utf-8")
        pytester.run(sys.executable, script, *args)
        return json.loads((pytester.path / "state.json").read_text())

    return run


SUITE = """
    def test_leaks():
        held = [open("left.txt", "w")]
        held.append(held)

    def test_clean():
        pass
    """
RUNS = {
    "leaks": ((), {"test_suite": SUITE}, 1),
    "clean": (("-k", "clean"), {"test_suite": SUITE}, 0),
    "stopped": (("-x",), {"test_suite": SUITE}, 1),
    "off": (("--hygiene=off",), {"test_suite": SUITE}, 0),
    "too many cycles": ((), {"test_suite": MANY_CYCLES}, 0),
    "no tests": ((), {}, 5),
    "unknown option": (("--no-such-option",), {"test_suite": SUITE}, 4),
    "unknown mode": (("--hygiene=sometimes",), {"test_suite": SUITE}, 4),
    "unknown ini value": (("-o", "hygiene=sometimes"), {"test_suite": SUITE}, 4),
    "broken conftest": ((), {"test_suite": SUITE, "conftest": "1 / 0\n"}, 4),
    "broken module": ((), {"test_suite": "1 / 0\n"}, 2),
    "interrupted": ((), {"test_suite": "def test_it():\n    raise KeyboardInterrupt\n"}, 2),
    "collect only": (("--collect-only",), {"test_suite": SUITE}, 0),
}


@pytest.mark.own_gc_settings("compares them before and after")
@pytest.mark.parametrize("run", RUNS)
def test_gc_is_left_as_it_was_found_after(state_around, run):
    args, files, code = RUNS[run]
    found = state_around(*args, **files)
    assert found["code"] == code
    assert found["after"] == found["before"]


@pytest.mark.own_gc_settings("compares them before and after")
@pytest.mark.parametrize(
    ("run", "setting"),
    [
        ("leaks", "gc.disable()"),
        ("leaks", "gc.set_debug(gc.DEBUG_UNCOLLECTABLE)"),
        ("leaks", "gc.set_threshold(50, 5, 5)"),
        ("leaks", "gc.freeze()"),
        ("interrupted", "gc.disable()"),
        ("unknown mode", "gc.set_debug(gc.DEBUG_UNCOLLECTABLE)"),
    ],
)
def test_a_users_gc_setting_is_kept(state_around, run, setting):
    args, files, code = RUNS[run]
    found = state_around(*args, before=setting, **files)
    assert found["code"] == code
    assert found["after"] == found["before"]


def test_an_interrupt_that_arrives_in_a_collection_is_not_lost(run_suite):
    conftest = """
        import pytest
        from pytest_flask_hygiene.plugin import run_key

        @pytest.fixture
        def interrupted(request):
            collector = request.config.stash[run_key].collector
            before = collector._before

            def interrupt(generation):
                collector._before = before
                raise KeyboardInterrupt

            collector._before = interrupt
        """
    suite = """
        def test_interrupted(interrupted):
            pass

        def test_never_run():
            pass
        """
    result = run_suite(suite, files={"conftest.py": conftest}, subprocess=True)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes(passed=1)
    assert "ignored" not in result.stderr.str()
