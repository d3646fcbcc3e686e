"""What a plugin does wrong that names resources by the hook ``pytest_hygiene_resources``."""

from __future__ import annotations

import functools
import os

import pytest
from named_resources import CONNECTION, LIB, run_with_types


@pytest.fixture
def run(run_suite):
    return functools.partial(run_with_types, run_suite)


WRONG = {
    "None, a string": ("'redis'", "it returned 'redis', and not a list of pytest_flask_hygiene.ResourceType"),
    "a number": ("3", "it returned 3, and not a list of *"),
    "a list of others": ("[3]", "it returned 3, which is not a pytest_flask_hygiene.ResourceType"),
    "one, not in a list": (
        CONNECTION[1:-1],
        "it returned <ResourceType 'lib connection' *, and not a list *",
    ),
    "an error": ("1 / 0", "ZeroDivisionError: division by zero"),
    "a missing argument": (
        "[ResourceType('x', lib.Plain)]",
        "*missing 1 required positional argument: 'is_open'",
    ),
    "no name": ("[ResourceType('', lib.Plain, bool)]", "ResourceType: name='' is not a name"),
    "no class": (
        "[ResourceType('x', 3, bool)]",
        "ResourceType 'x': type=3 is neither a class nor a function *",
    ),
    "no function": ("[ResourceType('x', lib.Plain, 3)]", "ResourceType 'x': is_open=3 can't be called"),
    "no text": ("[ResourceType('x', lib.Plain, bool, 3)]", "ResourceType 'x': advice=3 is not a string"),
    "of C": (
        "[ResourceType('x', __import__('zlib').compressobj().__class__, bool)]",
        "ResourceType 'x': * can't be *name *",
    ),
    "of C, with weak references": (
        "[ResourceType('x', __import__('collections').deque, bool)]",
        "ResourceType 'x': collections.deque can't be watched, for it is written in C: name a Python * or *",
    ),
    "without weak references": (
        "[ResourceType('x', lib.Slotted, bool)]",
        "ResourceType 'x': instances of lib.Slotted can't be referred to weakly: add '__weakref__' to its *",
    ),
    "one of ours": (
        "[ResourceType('x', __import__('socket').socket, bool)]",
        "ResourceType 'x': socket.socket is watched already, as kind 'socket'",
    ),
    "an inner function": (
        "[ResourceType('x', lambda: lib.Plain(), bool)]",
        "ResourceType 'x': conftest.*lambda* is not found in its module under that name: *",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_usage_error_names_the_plugin(run, what):
    types, message = WRONG[what]
    result = run("def test_it(): pass", types=types, subprocess=True)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    lines = [line for line in result.errlines if "pytest_hygiene_resources" in line]
    assert len(lines) == 1
    see = "(see docs/messages.md in pytest-flask-hygiene)"
    result.stderr.fnmatch_lines([f"ERROR: pytest_hygiene_resources of conftest.py: {message} {see}"])
    result.stderr.no_fnmatch_line("*Traceback*")


def test_a_usage_error_of_a_directorys_conftest(run_suite):
    files = {"part/conftest.py": "def pytest_hygiene_resources():\n    return 3", "part/test_part.py": ""}
    result = run_suite("def test_it(): pass", files=files, subprocess=True)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    path = f"part{os.sep}conftest.py"
    result.stderr.fnmatch_lines([f"ERROR: pytest_hygiene_resources of {path}: it returned 3, and *"])
    result.stdout.no_fnmatch_line("*UsageError*")


BAD_ANSWERS = {
    "raises": ("lambda c: c.missing", "is_open raised AttributeError: *missing*"),
    "exits": ("lambda c: exit(3)", "is_open raised SystemExit: 3"),
    "gives no bool": ("lambda c: [c]", "is_open returned list, and neither True nor False"),
    "takes nothing": ("lambda: True", "is_open raised TypeError: *"),
}


@pytest.mark.parametrize("what", BAD_ANSWERS)
def test_a_wrong_is_open_is_the_plugins_fault_and_told_once(run, what):
    function, message = BAD_ANSWERS[what]
    suite = """
    kept = []

    def test_drops():
        for _ in range(3):
            lib.Connection()

    def test_keeps():
        kept.append(lib.Connection())
    """
    result = run(suite, types=f"[ResourceType('lib connection', lib.Connection, {function})]")
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines([f"pytest_hygiene_resources of conftest.py: 'lib connection': {message}"])
    text = result.stdout.str()
    assert text.count("pytest_hygiene_resources of ") == 1
    assert "a fault of pytest-flask-hygiene itself" not in text


def test_a_function_whose_results_have_no_weak_references(run):
    result = run("def test_it(): lib.tuples()", types="[ResourceType('x', lib.tuples, bool)]")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["pytest_hygiene_resources of conftest.py: 'x': it was given builtins.tuple, which can't be *"]
    )


def test_a_function_that_makes_instances_of_a_class_of_c(run):
    """When they are dropped can't be seen, but what is left open can."""
    suite = """
    import collections

    kept = []

    def test_drops():
        lib.make()

    def test_keeps():
        kept.append(lib.make())
    """
    types = "[ResourceType('x', lib.make, lambda c: True)]"
    lib = LIB + "\nimport collections\n\ndef make():\n    return collections.deque()\n"
    result = run(suite, types=types, files={"lib.py": lib})
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["still open after their owners ended: 1 *", "*1 x other *"])


def test_unusable_answer_of_a_plugin_that_comes_after_collection_is_not_lost(run_suite):
    source = """
        import pytest

        class Late:
            def pytest_hygiene_resources(self):
                return "nonsense"

        def test_it(request):
            with pytest.raises(pytest.UsageError, match="pytest_hygiene_resources"):
                request.config.pluginmanager.register(Late(), "late")
    """
    run_suite(source).assert_outcomes(passed=1)
