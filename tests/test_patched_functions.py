"""What a test puts in the place of Python's own functions: the plugin neither uses it nor depends on it."""

from __future__ import annotations

import pytest

COUNTS = """
    import os
    from unittest import mock

    def test_it(tmp_path):
        with mock.patch("os.{name}", wraps=os.{name}) as counted:
            with open(tmp_path / "file", "w"):
                pass
        counted.assert_not_called()
    """


@pytest.mark.parametrize("name", ["dup", "close"])
def test_a_function_that_a_test_counts_is_not_called_by_the_plugin(run_suite, name):
    result = run_suite(COUNTS.format(name=name))
    result.assert_outcomes(passed=1)


def test_descriptors_are_closed_where_a_test_has_replaced_what_closes_them(run_suite):
    result = run_suite(
        """
        import os
        from unittest import mock

        def test_it(tmp_path):
            with mock.patch("os.close"):
                with open(tmp_path / "first", "w") as first:
                    with open(tmp_path / "second", "w") as second:
                        assert second.fileno() == first.fileno() + 1
        """
    )
    result.assert_outcomes(passed=1)


FROZEN = """
    import sys
    import threading
    import time

    import pytest

    @pytest.fixture(scope="module", autouse=True)
    def frozen_time():
        # As freezegun does it.
        with pytest.MonkeyPatch.context() as patch:
            for name in ("monotonic", "perf_counter", "time"):
                real, frozen = getattr(time, name), lambda: 0.0
                for module in list(sys.modules.values()):
                    if module.__name__ == "time" or module.__name__.startswith("pytest_flask_hygiene"):
                        for attribute, value in list(vars(module).items()):
                            if value is real:
                                patch.setattr(module, attribute, frozen)
            yield

    done = threading.Event()

    def test_starts():
        threading.Thread(target=done.wait, name="waits").start()

    def test_ends():
        done.set()
    """


def test_a_thread_is_not_waited_for_until_a_frozen_clock_moves(run_suite):
    result = run_suite(FROZEN, "--hygiene-strict")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*thread 'waits'*"])


def test_a_frozen_clock_fails_nothing(run_suite):
    result = run_suite(FROZEN)
    result.assert_outcomes(passed=2)
