"""What became of a process of the server, as findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, Literal

from ..findings import Finding, Frame, Owner, Site
from ..leak_error import LeakError
from ..ledger import merge
from ..report.failure import finding_lines, plural
from ..verdict import decide
from . import advice
from .events import Data, Event

if TYPE_CHECKING:
    from pathlib import Path

    from ..marks import AllowLeak
    from ..origin import OriginMap
    from ..settings import Settings

When = Literal["reload", "stop"]

#: So long Python itself waits for a child after a Ctrl-C (``subprocess.Popen.wait``), and kills it then.
_SIGINT_SECONDS: Final = 0.25
#: A wait for threads that nobody notices is no finding.
_MIN_SECONDS: Final = 0.1
_HOOK: Final = "other"


class Judge:
    """Turns what the server's processes have recorded into reports."""

    def __init__(
        self,
        app: str,
        origin: OriginMap,
        settings: Settings,
        marks: Callable[[], Iterable[AllowLeak]],
        start: Path,
        on_warned: Callable[[list[Finding]], None],
    ) -> None:
        self.app = app
        self.start = start
        self.settings = settings
        self._origin = origin
        self._marks = marks
        self.on_warned = on_warned
        self._owner = Owner("server", "the development server")

    def report(self, when: When, events: Iterable[Event], seconds: float, notes: list[str]) -> Report:
        events = list(events)
        ended = [event for event in events if event.name == "ended"]
        silent = {e.pid for e in events if e.name == "serving"} - {e.pid for e in ended}
        if silent and not notes:
            notes.append("the process did not run all of its atexit hooks: what it held is not known")
        is_known = not notes
        if not all(event.data["recorded"] for event in ended):
            notes.append("nothing was recorded: see --hygiene")
            is_known, ended = False, []
        found: list[Finding] = []
        warnings: list[str] = []
        # The parent's last: what the child did as well is one finding.
        for event in sorted(ended, key=lambda event: event.role != "child"):
            data = event.data
            notes += [f"a fault of pytest-flask-hygiene itself: {fault}" for fault in data["faults"]]
            if event.role == "child":
                warnings += data["warnings"]
                for finding in self._of_child(data, when):
                    merge(found, finding)
            else:
                known = {f.key for f in found}
                found += [f for f in self._of_waited(data, when) if f.key not in known]
            if when == "stop" and any(thread["seconds"] > _SIGINT_SECONDS for thread in data["waited"]):
                notes.append(
                    f"after a Ctrl-C in a terminal, Python would have waited {_SIGINT_SECONDS:g} s for the "
                    "child, and killed it before its atexit hooks ran"
                )
        for event in events:
            if event.name == "imported":
                for birth in (*event.data.get("held", ()), *event.data.get("threads", ())):
                    merge(found, self._of_parent(birth))
        marks = tuple(self._marks())
        for finding in found:
            finding.outcome = decide(finding, self.settings, marks)
        return Report(self, when, found, list(dict.fromkeys(notes)), warnings, seconds, is_known=is_known)

    def _of_child(self, data: Data, when: When) -> Iterable[Finding]:
        held = [*data["held"], *data["dropped"]]
        for birth in held:
            finding = self._finding(birth)
            if birth["state"] == "left_open":
                finding.happened = "opened here and still open when the process ended"
            if not birth["in_main_thread"]:
                name = (
                    "a thread that answered a request"
                    if birth["in_request"]
                    else f"thread {birth['thread']!r}"
                )
                finding.thread = birth["thread"]
                finding.message = ", ".join(filter(None, (finding.message, f"in {name}")))
            finding.advice = advice.advise(finding, birth)
            yield finding
        yield from self._of_waited(data, when)
        opened = {birth["thread"] for birth in held}
        for birth in data["threads"]:
            finding = self._finding(birth)
            files = [path for path, _, _ in birth["stack"]]
            if self._origin.starter_of_thread(birth["text"], files) != "reader":
                continue
            finding.thread = birth["text"]
            finding.message = f"thread {birth['text']!r}"
            finding.happened = "started here and still running when the process ended, which cut it off"
            finding.advice = advice.CUT_OFF
            # One that holds nothing may well be meant to be cut off.
            finding.listed_only = birth["text"] not in opened
            yield finding
        for hook in data["failed_hooks"]:
            finding = self._finding({"kind": _HOOK, "state": "left_open", "text": hook["error"], **hook})
            finding.happened = f"registered here with atexit, and failed: {hook['hook']}"
            finding.advice = advice.advise_hook(hook["error"])
            yield finding

    def _of_waited(self, data: Data, when: When) -> Iterable[Finding]:
        for birth in data["waited"]:
            if birth["seconds"] < _MIN_SECONDS:
                continue
            finding = self._finding(birth)
            finding.thread = birth["text"]
            finding.message = f"thread {birth['text']!r}"
            waited = f"the {when} waited for it for {birth['seconds']:.1f} s"
            waited += ", and was then interrupted" if birth["interrupted"] else ""
            finding.happened = f"started here, not a daemon, and still running: {waited}"
            finding.advice = advice.WAITED
            yield finding

    def _of_parent(self, birth: Data) -> Finding:
        finding = self._finding(birth)
        is_thread = birth["kind"] == "thread"
        finding.happened = (
            f"{'started' if is_thread else 'opened'} here once more by the reloader's parent process, which "
            "has no use for it"
        )
        if is_thread:
            finding.thread = birth["text"]
            finding.message = f"thread {birth['text']!r}: the parent will wait for it, too"
        finding.advice = advice.IN_PARENT
        finding.listed_only = True
        # Not the same finding as the child's.
        finding.variable = "parent"
        return finding

    def _finding(self, birth: Data) -> Finding:
        site: Site = self._origin.site_of_frames(Frame(*frame) for frame in birth["stack"])
        text = "" if birth["kind"] == "sqlite" and "SQLAlchemy" not in birth["text"] else birth["text"]
        return Finding(birth["kind"], birth["state"], self._owner, site, text, count=birth.get("count", 1))


class Report:
    """What a process of the development server left behind when it ended.

    ``findings`` would fail ``check()``; ``noted`` are worth knowing, and fail with ``--hygiene-strict``;
    ``allowed`` are covered by an ``allow_leak`` mark.  ``seconds`` is the time from the change of a file
    until the new process served (``stop()``: until the last process ended).  ``warnings`` are the texts of
    the ResourceWarnings that the process emitted, whatever its filters say.  ``notes`` say what is not known.
    """

    def __init__(
        self,
        judge: Judge,
        when: When,
        found: list[Finding],
        notes: list[str],
        warnings: list[str],
        seconds: float,
        *,
        is_known: bool,
    ) -> None:
        self._is_known = is_known
        self._judge = judge
        self._when = when
        self.findings = [f for f in found if f.outcome == "failed"]
        self.noted = [f for f in found if f.outcome == "noted"]
        self.allowed = [f for f in found if f.outcome == "allowed"]
        self.notes = notes
        self.warnings = warnings
        self.seconds = seconds

    def check(self) -> None:
        """Fail the test if there are findings; with ``--hygiene=warn``, list them.

        Raises :class:`~pytest_flask_hygiene.leak_error.LeakError`.
        """
        __tracebackhide__ = True
        if not self.findings:
            return
        if self._judge.settings.mode == "warn":
            for finding in self.findings:
                finding.outcome = "noted"
            self._judge.on_warned(self.findings)
            return
        raise LeakError(str(self), self.findings)

    @property
    def title(self) -> str:
        if not self._is_known and not self.findings:
            return f"nothing is known of what {self._judge.app} left behind at the {self._when}"
        hooks = sum(f.kind == _HOOK for f in self.findings)
        resources = sum(f.count for f in self.findings) - hooks
        parts = [
            f"left {plural(resources, 'resource') if resources else 'nothing'} behind at the {self._when}"
        ]
        if hooks:
            parts.append(f"{plural(hooks, 'atexit hook')} failed")
        return f"{self._judge.app} {', '.join(parts)}"

    def __str__(self) -> str:
        lines = [f"hygiene: {self.title}"]
        for finding in self.findings:
            lines += ["", *finding_lines(finding, self._judge.start)]
        if self.noted:
            lines += ["", "worth knowing; --hygiene-strict fails it:"]
            for finding in self.noted:
                lines += ["", *finding_lines(finding, self._judge.start)]
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(lines)

    def __repr__(self) -> str:
        kinds: dict[str, Any] = {}
        for finding in self.findings:
            kinds[finding.kind] = kinds.get(finding.kind, 0) + finding.count
        counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "nothing"
        return f"<Report of the {self._when}: {counts} left behind, {self.seconds:.2f} s>"
