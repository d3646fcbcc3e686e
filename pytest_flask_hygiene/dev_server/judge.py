"""What the server's processes have recorded, turned into findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from ..findings import Finding, Frame, Owner, Site
from ..ledger import merge
from ..origin import FRAMEWORKS
from ..report.text import plural
from . import advice
from .events import Data, Event
from .report import FailedHook, Report, When

if TYPE_CHECKING:
    from pathlib import Path

    from ..marks import AllowLeak
    from ..origin import OriginMap
    from ..settings import Settings
    from ..verdict import Verdict

#: Python itself waits so long for a child after a Ctrl-C (``subprocess.Popen._sigint_wait_secs``), and the
#: reloader's parent then kills it.
_SIGINT_SECONDS: Final = 0.25
#: A wait for threads that nobody notices is no finding.
_MIN_SECONDS: Final = 0.1
_STILL_OPEN: Final = "opened here and still open"
_UNKNOWN: Final = "the process did not run all of its atexit hooks: what it held is not known"
_NOT_RECORDED: Final = "nothing was recorded: see --hygiene"
_KILLED_AFTER_CTRL_C: Final = (
    f"after a Ctrl-C in a terminal, Python would have waited {_SIGINT_SECONDS:g} s for the child, and killed "
    "it before its atexit hooks ran"
)


class Judge:
    """Makes the reports of one server; its findings are those of the test that started it."""

    def __init__(
        self,
        app: str,
        nodeid: str,
        origin: OriginMap,
        settings: Settings,
        verdict: Verdict,
        marks: Callable[[], Iterable[AllowLeak]],
        start: Path,
        on_accepted: Callable[[list[Finding]], None],
    ) -> None:
        """``app``: what the reports call the application.  ``start``: where paths are shown relative to.

        ``marks``: the ``allow_leak`` marks of the test.  ``on_accepted``: is told of findings that a report
        lists without failing the test, when the test has asked for them.
        """
        self.app = app
        self.start = start
        self.mode = settings.mode
        self._origin = origin
        self._verdict = verdict
        self._marks = marks
        self.on_accepted = on_accepted
        self._owner = Owner("server", "the development server", nodeid=nodeid)

    def report(self, when: When, events: Iterable[Event], seconds: float, notes: list[str]) -> Report:
        """``events``: those of the processes that have ended, and ``imported``, where the parent goes on.

        ``notes``: why nothing can be known, if that is so.
        """
        events = list(events)
        # The child's first: what both processes waited for is the child's.
        ended = sorted((e for e in events if e.name == "ended"), key=lambda event: event.role != "child")
        silent = {e.pid for e in events if e.name == "serving"} - {e.pid for e in ended}
        if not all(event.data["recorded"] for event in ended):
            notes, ended = [_NOT_RECORDED], []
        elif silent and not notes:
            notes = [_UNKNOWN]
        faults = [event.data["fault"] for event in ended if "fault" in event.data]
        report = Report(self, when, seconds, is_known=not notes and not faults)
        looked = [event for event in ended if "fault" not in event.data]
        libraries: Counter[str] = Counter()
        report.take(self._decide(self._found(looked, when, libraries)))
        for event in looked:
            faults += event.data["faults"]
            if event.role == "child":
                report.warnings += event.data["warnings"]
        for event in events:
            if event.name == "imported":
                self._add_parents(report, event.data)
        report.notes = list(dict.fromkeys((*notes, *_notes(looked, when, libraries, faults))))
        return report

    def _decide(self, found: list[Finding]) -> list[Finding]:
        if self._verdict.baseline is not None:
            self._verdict.baseline.report_begins()
        marks = tuple(self._marks())
        for finding in found:
            finding.outcome = self._verdict.decide(finding, marks)
        return found

    def _found(self, ended: Iterable[Event], when: When, libraries: Counter[str]) -> list[Finding]:
        """``libraries``: counts what no line of the reader's opened."""
        found: list[Finding] = []
        for event in ended:
            if event.role == "child":
                for finding in self._of_child(event.data, when, libraries):
                    merge(found, finding)
            else:
                known = {f.key for f in found}
                found += [f for f in self._of_waited(event.data, when) if f.key not in known]
        return found

    def _of_child(self, data: Data, when: When, libraries: Counter[str]) -> Iterable[Finding]:
        births = [*data["held"], *data["dropped"]]
        for birth in births:
            finding = self._finding(birth)
            if finding.site.frames:
                self._describe(finding, birth)
                yield finding
            elif finding.site.library and finding.site.library not in FRAMEWORKS:
                libraries[f"{finding.kind} of {finding.site.library}"] += finding.count
        yield from self._of_waited(data, when)
        opened = {birth["thread"] for birth in births}
        for birth in data["threads"]:
            if self._starter(birth) == "reader":
                yield self._of_daemon(birth, holds_something=birth["text"] in opened)
        for hook in data["failed_hooks"]:
            yield self._of_hook(hook)

    def _describe(self, finding: Finding, birth: Data) -> None:
        """Say what became of what was held when the process ended, or dropped before, and how to mend it."""
        left_open = birth["state"] == "left_open"
        if left_open:
            verb = "started here and still running" if birth["kind"] == "subprocess" else _STILL_OPEN
            finding.happened = f"{verb} when the process ended"
        if not birth["in_main_thread"]:
            name = f"thread {birth['thread']!r}"
            where = "a thread that answered a request" if birth["in_request"] else name
            finding.thread = birth["thread"]
            finding.message = ", ".join(filter(None, (finding.message, f"in {where}")))
        # A library's pool goes with the process, and nobody loses anything.
        of_pool = birth["engine"] or (birth["kind"] == "socket" and finding.site.library)
        finding.listed_only = bool(of_pool and (left_open or birth.get("pool_held")))
        finding.advice = advice.advise(finding, birth)

    def _of_daemon(self, birth: Data, *, holds_something: bool) -> Finding:
        """Of a thread that Python does not wait for."""
        finding = self._of_thread(birth)
        finding.happened = "started here and still running when the process ended, which cut it off"
        finding.advice = advice.CUT_OFF
        # One that holds nothing may well be meant to be cut off.
        finding.listed_only = not holds_something
        return finding

    def _of_hook(self, hook: Data) -> FailedHook:
        finding = FailedHook("other", "left_open", self._owner, self._site(hook), hook["error"])
        finding.happened = f"registered here with atexit, and failed: {hook['hook']}"
        finding.advice = advice.advise_hook(hook["error"])
        return finding

    def _of_waited(self, data: Data, when: When) -> Iterable[Finding]:
        """One for each place: timers that start one another are one wait."""
        found: dict[object, tuple[Finding, Data]] = {}
        for birth in data["waited"]:
            finding = self._of_thread(birth)
            if birth["seconds"] < _MIN_SECONDS or not finding.site.frames:
                continue
            _, longest = found.setdefault(finding.key, (finding, birth))
            longest["seconds"] = max(longest["seconds"], birth["seconds"])
            longest["interrupted"] = longest["interrupted"] or birth["interrupted"]
        for finding, birth in found.values():
            waited = f"the {when} waited for it for {birth['seconds']:.1f} s"
            waited += ", and was then interrupted" if birth["interrupted"] else ""
            what = "a thread of an executor" if birth["executor"] else "not a daemon"
            finding.happened = f"started here, {what}, and still running: {waited}"
            finding.advice = advice.WAITED_FOR_EXECUTOR if birth["executor"] else advice.WAITED
            yield finding

    def _add_parents(self, report: Report, data: Data) -> None:
        """Held for nothing; worth a line, and never a failure."""
        for birth in (*data.get("held", ()), *data.get("threads", ())):
            finding = self._of_thread(birth) if birth["kind"] == "thread" else self._finding(birth)
            if finding.site.frames:
                finding.advice = advice.IN_PARENT
                merge(report.in_parent, finding)

    def _of_thread(self, birth: Data) -> Finding:
        finding = self._finding(birth)
        finding.thread = birth["text"]
        finding.message = f"thread {birth['text']!r}"
        return finding

    def _starter(self, birth: Data) -> str:
        """Whose code started a thread: the reader's, a library's, ..."""
        return self._origin.starter_of_thread(birth["text"], (path for path, _, _ in birth["stack"]))

    def _site(self, data: Data) -> Site:
        return self._origin.site_of_frames(Frame(*frame) for frame in data["stack"])

    def _finding(self, birth: Data) -> Finding:
        # The others' texts only repeat the kind.
        text = birth["text"] if birth["kind"] in ("file", "tempdir", "other") or birth.get("engine") else ""
        if birth["kind"] == "file" and text.startswith("unclosed file"):
            text = ""
        count = birth.get("count", 1)
        return Finding(birth["kind"], birth["state"], self._owner, self._site(birth), text, count=count)


def _notes(
    ended: Iterable[Event], when: When, libraries: Counter[str], faults: Iterable[str]
) -> Iterator[str]:
    waited = (thread["seconds"] for event in ended for thread in event.data["waited"])
    if when == "stop" and any(seconds > _SIGINT_SECONDS for seconds in waited):
        yield _KILLED_AFTER_CTRL_C
    for what, count in libraries.items():
        yield f"opened by a library alone, and not closed: {plural(count, what)}"
    for fault in faults:
        yield f"a fault of pytest-flask-hygiene itself: {fault}"
