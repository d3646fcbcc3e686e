"""Threads that the server's process has to wait for at its end: named, timed, and interrupted in the end."""

from __future__ import annotations

import sys

import pytest
from dev_server_suites import reload_of

pytestmark = pytest.mark.once_a_python


@pytest.fixture
def reload(run_suite, pytester):
    def reload(source, **options):
        return reload_of(run_suite, pytester.path, source, **options)

    return reload


def test_thread_that_python_waits_for_is_named_with_its_seconds(reload):
    told = reload(
        """
        import threading
        import time
        def poll():
            threading.main_thread().join()
            time.sleep(0.4)
        threading.Thread(target=poll, name="poller").start()
        """
    )
    assert told.found == [("thread", "left_open", 1, 6)]
    assert "'poller'" in told.said
    assert "waited for it for 0." in told.said
    assert "interrupted" not in told.said


def test_wait_for_a_thread_that_does_not_end_is_interrupted(reload):
    told = reload(
        """
        import threading
        class Worker:
            def __init__(self):
                self.wake = threading.Event()
                self.thread = threading.Thread(target=self.wake.wait, name="worker")
                self.thread.start()
        worker = Worker()
        """
    )
    assert told.found == [("thread", "left_open", 1, 6)]
    assert "was then interrupted" in told.said
    assert "daemon=True" in told.said


def test_executor_that_works_is_waited_for_and_interrupted(reload):
    told = reload(
        """
        from concurrent.futures import ThreadPoolExecutor
        import time
        pool = ThreadPoolExecutor(1)
        def view():
            pool.submit(time.sleep, 60)
            return "hi"
        """,
        requests=1,
    )
    assert told.found == [("thread", "left_open", 1, 5)]
    assert "a thread of an executor" in told.said
    assert "keep an executor's tasks short" in told.said


def test_timers_that_start_one_another_are_one_wait(reload):
    told = reload(
        """
        import os
        import threading
        def tick():
            threading.Timer(0.2, tick).start()
        if os.environ.get("WERKZEUG_RUN_MAIN"):
            tick()
        """
    )
    assert [(kind, line) for kind, _, _, line in told.found] == [("thread", 4)] * len(told.found)
    # Python 3.12 starts no threads any more when it ends.
    assert ("was then interrupted" in told.said) is (sys.version_info[:2] != (3, 12))
