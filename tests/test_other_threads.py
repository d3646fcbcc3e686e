"""Threads that act while a test ends, or while the plugin looks at what it has left."""

from __future__ import annotations

from textwrap import dedent

import pytest

IMPORTS = """\
import gc, io, os, pathlib, socket, sqlite3, subprocess, sys, threading, time
import pytest

"""


@pytest.fixture
def run_threads(run_suite):
    def run(source, *args, **kwargs):
        # An audit hook stays for the rest of the process; so may a thread.
        return run_suite(suite(source), *args, subprocess=True, **kwargs)

    return run


def suite(source: str) -> str:
    return IMPORTS + dedent(source)


def test_a_cycle_is_found_while_another_thread_collects(run_threads):
    """``gc.collect()`` does nothing then."""
    result = run_threads(
        """
        collecting = threading.Event()

        class Slow:
            def __del__(self):
                collecting.set()
                time.sleep(0.3)

        def collect():
            slow = Slow()
            slow.itself = slow
            del slow
            gc.collect()

        class Holder:
            pass

        def test_drops():
            threading.Thread(target=collect).start()
            assert collecting.wait(30)
            holder = Holder()
            holder.itself, holder.file = holder, open(__file__)
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: test_drops left 1 resource open"])


def test_a_collection_that_does_not_end_is_waited_for_once(run_threads):
    result = run_threads(
        """
        collecting, stop = threading.Event(), threading.Event()

        class Endless:
            def __del__(self):
                collecting.set()
                stop.wait(100)

        def collect():
            endless = Endless()
            endless.itself = endless
            del endless
            gc.collect()

        @pytest.fixture(scope="module")
        def thread():
            began = time.monotonic()
            thread = threading.Thread(target=collect)
            thread.start()
            assert collecting.wait(30)
            yield
            stop.set()
            thread.join()
            assert time.monotonic() - began < 50

        @pytest.mark.parametrize("number", range(100))
        def test_innocent(thread, number):
            pass
        """
    )
    result.assert_outcomes(passed=100)
