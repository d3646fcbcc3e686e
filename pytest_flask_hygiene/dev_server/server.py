"""One server, as a test sees it: requests, reloads, the stop."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..clock import Clock
from .client import Requests, client_of
from .errors import DevServerError
from .events import Event
from .judge import Judge
from .process import ServerProcess
from .report import Report, When

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

#: Seconds after which the marker is changed again, if the reloader has not noticed.
_CHANGE_AGAIN_AFTER: Final = 0.5
#: Seconds within which the reloader's parent ends after its child.
_FOLLOWS_WITHIN: Final = 0.5
#: Seconds that a server which the test has not stopped is given to end by itself.
_POLITE_SECONDS: Final = 3.0
_KILLED_BY_SIGTERM: Final = (
    "on SIGTERM Werkzeug's parent process kills the child before its atexit hooks have run: what it held is "
    "not known"
)


class DevServer(Requests):
    """A development server that runs until the test ends; made by the fixture ``dev_server``.

    ``get``, ``post`` and the other methods take what Flask's test client takes, and return what it returns:
    ``status_code``, ``text``, ``json``, ``headers``.  ``url`` is its address, ``pid`` that of the process
    that serves at present, ``output`` what the server has printed.
    """

    def __init__(
        self,
        name: str,
        process: ServerProcess,
        judge: Judge,
        marker: Path,
        timeout: float,
        wait_for_threads: float,
    ) -> None:
        self.name = name
        self._process = process
        self._judge = judge
        self._marker = marker
        self._timeout = timeout
        self._wait_for_threads = wait_for_threads
        self._stopped = False
        self._reported = 0
        """How many events earlier reports are about."""
        self._serving: Event | None = None
        """Of the process that the next report will be about."""

    def wait_until_serving(self) -> None:
        """Raises :class:`DevServerError` if that does not happen."""
        __tracebackhide__ = True
        serving = self._process.wait_for(partial(self._find, "serving"), self._timeout)
        if serving is None:
            if self._process.is_running():
                self._process.abort(self._newest_pid())
                raise self._error(
                    f"not served within {self._timeout:g} s; its output ends with where it hung"
                )
            raise self._process.error(f"{self.name}: not served")
        self._serving = serving
        self.port: int = serving.data["port"]
        self.url = f"http://127.0.0.1:{self.port}"
        self._client = client_of(self.port, self._timeout)

    @property
    def pid(self) -> int:
        """Of the process that serves at present; 0 before the first one does."""
        serving = [event.pid for event in self._process.events if event.name == "serving"]
        return serving[-1] if serving else 0

    def _find(self, name: str, *, not_by: int = 0, by: int = 0) -> Event | None:
        """The newest event of this name that no report was about; ``by``: of this process only."""
        for event in reversed(self._process.events[self._reported :]):
            if event.name == name and event.pid != not_by and by in (0, event.pid):
                return event
        return None

    def _error(self, text: str, report: Report | None = None) -> DevServerError:
        """With the name of the server, and what it has printed by now."""
        return DevServerError(f"{self.name}: {text}", self.output, report)

    def _refuse_if_stopped(self) -> None:
        __tracebackhide__ = True
        if self._stopped:
            raise self._error("has been stopped")

    def _newest_pid(self) -> int:
        started = [event.pid for event in self._process.events if event.name == "started"]
        return started[-1] if started else self._process.pid

    def _settled(self) -> int | None:
        """The child that serves, unless it is about to be followed by another."""
        of_newest = [e for e in self._process.events if e.role == "child" and e.pid == self._newest_pid()]
        names = {event.name for event in of_newest}
        return of_newest[0].pid if "serving" in names and "ending" not in names else None

    # -- requests ------------------------------------------------------------------------------

    def open(self, path: str = "/", **options: Any) -> TestResponse:
        """Send a request; the arguments are those of :class:`werkzeug.test.EnvironBuilder`.

        Raises :class:`DevServerError` if there is no answer.
        """
        __tracebackhide__ = True
        self._refuse_if_stopped()
        options.setdefault("base_url", self.url)
        try:
            return self._client.open(path, **options)
        except DevServerError as error:
            # If the child has died, its parent follows.
            if self._process.wait_until_ended(_FOLLOWS_WITHIN):
                raise self._process.error(f"{self.name}: {error.args[0]}") from None
            raise self._error(error.args[0]) from None

    @property
    def output(self) -> str:
        """What the server has printed, at most the last 30,000 characters."""
        return self._process.output

    # -- the processes -------------------------------------------------------------------------

    def reload(self, timeout: float | None = None) -> Report:
        """Have the reloader notice a change, and wait until the new process serves.

        ``timeout``: seconds; by default that of the fixture.  Threads that the old process waits for are
        interrupted before, after ``wait_for_threads`` seconds.

        Raises :class:`DevServerError` if the new process does not come, or can't import the application; its
        ``report`` then is that of the old process.
        """
        __tracebackhide__ = True
        seconds = self._timeout if timeout is None else timeout
        self._refuse_if_stopped()
        assert self._serving is not None
        old, began = self._serving.pid, Clock.monotonic()
        end = began + seconds
        ending = partial(self._find, "ending", by=old)
        while ending() is None and self._process.is_running() and Clock.monotonic() < end:
            self._change_marker()
            self._process.wait_for(ending, min(_CHANGE_AGAIN_AFTER, end - Clock.monotonic()))
        self._wait_for_end_of(old, end, self._wait_for_threads)
        serving = self._process.wait_for(partial(self._find, "serving", not_by=old), end - Clock.monotonic())
        took = Clock.monotonic() - began
        report = self._make_report("reload", took, 0 if serving is None else serving.pid)
        if serving is None:
            raise self._no_reload(old, seconds, report)
        self._serving = serving
        failed = self._find("import_failed", by=serving.pid)
        if failed is not None:
            raise self._error(f"can't be imported after the reload: {failed.data['error']}", report)
        return report

    def _change_marker(self) -> None:
        """A whole second newer each time, for file systems that keep no fractions."""
        newer = max(self._marker.stat().st_mtime + 1, time.time())
        os.utime(self._marker, (newer, newer))

    def _wait_for_end_of(self, pid: int, end: float, patience: float) -> None:
        """``patience``: seconds after which its wait for threads that do not end is interrupted."""
        ending = self._process.wait_for(partial(self._find, "ending", by=pid), end - Clock.monotonic())
        gone = partial(self._gone, pid)
        patience = min(patience, end - Clock.monotonic())
        if ending is not None and ending.data["waits_for"] and not self._process.wait_for(gone, patience):
            # As a developer would, by Ctrl-C.  The process then goes on to its atexit hooks.
            self._process.send(pid, signal.SIGINT)
        self._process.wait_for(gone, end - Clock.monotonic())

    def _gone(self, pid: int) -> Event | None:
        """An event that shows that a process is at its end: its own, or the start of the next child."""
        events = self._process.events
        last = max((n for n, event in enumerate(events) if event.pid == pid), default=-1)
        if last >= 0 and events[last].name == "ended":
            return events[last]
        return next((e for e in events[last + 1 :] if e.name == "started" and e.role == "child"), None)

    def _make_report(self, when: When, seconds: float, serving: int = 0, note: str = "") -> Report:
        """About all processes that have ended since the last report; ``serving`` goes on."""
        events = self._process.events
        goes_on = (serving, self._process.pid) if serving else ()
        upto = max((n + 1 for n, event in enumerate(events) if event.pid not in goes_on), default=0)
        about = events[self._reported : upto]
        self._reported = max(self._reported, upto)
        about = [event for event in about if event.name != "imported"]
        if serving:
            # What the parent has imported it goes on holding at every reload.
            about += [event for event in events if event.name == "imported"]
        return self._judge.report(when, about, seconds, [note] if note else [])

    def _no_reload(self, old: int, seconds: float, report: Report) -> DevServerError:
        if not self._process.is_running():
            error = self._process.error(f"{self.name}: no new process after the reload")
            error.report = report
            return error
        events = self._process.events
        ending = next((n for n, e in enumerate(events) if e.name == "ending" and e.pid == old), None)
        if ending is None:
            why = "the reloader did not notice the change, or the main thread does not end"
            hanging = old
        elif not any(e.name == "started" and e.role == "child" for e in events[ending:]):
            why = f"the old process did not end{self._hook_under_way(old)}"
            hanging = old
        else:
            why = "the new process does not serve"
            hanging = self._newest_pid()
        self._process.abort(hanging)
        self._stopped = True
        return self._error(
            f"no reload within {seconds:g} s: {why}; its output ends with where it hung", report
        )

    def _hook_under_way(self, pid: int) -> str:
        """The ``atexit`` hook that a process hangs in."""
        last = [event for event in self._process.events if event.pid == pid][-1:]
        if not last or last[0].name != "hook":
            return ""
        return f": its atexit hook {last[0].data['hook']} does not end"

    def stop(self, number: signal.Signals = signal.SIGINT, timeout: float | None = None) -> Report:
        """Stop the server, and report what its last process left behind.

        SIGINT: as by Ctrl-C.  SIGTERM: as by ``kill``; Werkzeug's parent process then kills the child, none
        of whose ``atexit`` hooks run.  ``timeout``: seconds; by default that of the fixture.

        Raises :class:`DevServerError` if the server does not end.
        """
        __tracebackhide__ = True
        seconds = self._timeout if timeout is None else timeout
        self._refuse_if_stopped()
        if not self._process.is_running():
            raise self._process.error(self.name)
        began = Clock.monotonic()
        end = began + seconds
        # A reload may be under way, after an edit.
        pid = self._process.wait_for(self._settled, seconds) or self._newest_pid()
        if number == signal.SIGTERM:
            self._process.send(self._process.pid, number)
            self._process.wait_until_ended(seconds)
        else:
            # A Ctrl-C reaches both processes, and the parent then kills a child that takes more than 0.25 s.
            # So the child alone gets it; the parent follows by itself.
            self._process.send(pid, number)
            self._wait_for_both(pid, end, self._wait_for_threads)
        self._stopped = True
        note = _KILLED_BY_SIGTERM if number == signal.SIGTERM else ""
        report = self._make_report("stop", Clock.monotonic() - began, note=note)
        if self._process.is_running():
            self._process.abort(pid)
            raise self._error(
                f"still running {seconds:g} s after {number.name}{self._hook_under_way(pid)}; "
                "its output ends with where it hung",
                report,
            )
        self._process.kill()
        return report

    def _wait_for_both(self, child: int, end: float, patience: float) -> None:
        self._wait_for_end_of(child, end, patience)
        self._wait_for_end_of(self._process.pid, end, patience)
        self._process.wait_until_ended(max(0.0, end - Clock.monotonic()))

    def close(self) -> None:
        """End the server, whatever it is doing; nothing is reported."""
        self._stopped = True
        try:
            pid = self._process.wait_for(self._settled, _FOLLOWS_WITHIN) if self.pid else None
            if pid is not None and self._process.is_running():
                self._process.send(pid, signal.SIGINT)
                self._wait_for_both(pid, Clock.monotonic() + _POLITE_SECONDS, patience=0)
        finally:
            self._process.kill()
