"""What the server's processes have recorded, turned into findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from ..findings import Finding, Frame, Owner
from ..ledger import merge
from ..origin import FRAMEWORKS
from ..report.text import plural
from . import advice
from .events import Data, Event
from .report import HOOK, Report, When

if TYPE_CHECKING:
    from pathlib import Path

    from ..marks import AllowLeak
    from ..origin import OriginMap
    from ..settings import Settings
    from ..verdict import Verdict

#: So long Python itself waits for a child after a Ctrl-C (``subprocess.Popen.wait``), and kills it then.
_SIGINT_SECONDS: Final = 0.25
#: A wait for threads that nobody notices is no finding.
_MIN_SECONDS: Final = 0.1
_STILL_OPEN: Final = "opened here and still open"
_UNKNOWN: Final = "the process did not run all of its atexit hooks: what it held is not known"


class Judge:
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
        self.app = app
        self.start = start
        self.mode = settings.mode
        self._origin = origin
        self._verdict = verdict
        self._marks = marks
        self.on_accepted = on_accepted
        self._owner = Owner("server", "the development server", nodeid=nodeid)
        self._of_libraries: Counter[str] = Counter()

    def report(self, when: When, events: Iterable[Event], seconds: float, notes: list[str]) -> Report:
        """``notes``: why nothing can be known, if that is so."""
        events = list(events)
        ended = [event for event in events if event.name == "ended"]
        silent = {e.pid for e in events if e.name == "serving"} - {e.pid for e in ended}
        if silent and not notes:
            notes = [_UNKNOWN]
        if not all(event.data["recorded"] for event in ended):
            notes, ended = ["nothing was recorded: see --hygiene"], []
        faults = [event.data["fault"] for event in ended if "fault" in event.data]
        report = Report(self, when, seconds, is_known=not notes and not faults)
        report.notes += notes
        self._of_libraries.clear()
        found: list[Finding] = []
        # The parent's last: what the child did as well is one finding.
        for event in sorted(ended, key=lambda event: event.role != "child"):
            data = event.data
            if "fault" in data:
                faults.append(data["fault"])
                continue
            faults += data["faults"]
            if event.role == "child":
                report.warnings += data["warnings"]
                for finding in self._of_child(data, when):
                    merge(found, finding)
            else:
                known = {f.key for f in found}
                found += [f for f in self._of_waited(data, when) if f.key not in known]
            if when == "stop" and any(thread["seconds"] > _SIGINT_SECONDS for thread in data["waited"]):
                report.notes.append(
                    f"after a Ctrl-C in a terminal, Python would have waited {_SIGINT_SECONDS:g} s for the "
                    "child, and killed it before its atexit hooks ran"
                )
        if self._verdict.baseline is not None:
            self._verdict.baseline.report_begins()
        marks = tuple(self._marks())
        for finding in found:
            finding.outcome = self._verdict.decide(finding, marks)
        report.take(found)
        for event in events:
            if event.name == "imported":
                self._add_parents(report, event.data)
        for what, count in self._of_libraries.items():
            report.notes.append(f"opened by a library alone, and not closed: {plural(count, what)}")
        report.notes += dict.fromkeys(f"a fault of pytest-flask-hygiene itself: {fault}" for fault in faults)
        report.notes = list(dict.fromkeys(report.notes))
        return report

    def _of_child(self, data: Data, when: When) -> Iterable[Finding]:
        held = [*data["held"], *data["dropped"]]
        for birth in held:
            finding = self._finding(birth)
            if not finding.site.frames:
                self._note_library(finding)
                continue
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
            yield finding
        yield from self._of_waited(data, when)
        opened = {birth["thread"] for birth in held}
        for birth in data["threads"]:
            if self._starter(birth) != "reader":
                continue
            finding = self._of_thread(birth)
            finding.happened = "started here and still running when the process ended, which cut it off"
            finding.advice = advice.CUT_OFF
            # One that holds nothing may well be meant to be cut off.
            finding.listed_only = birth["text"] not in opened
            yield finding
        for hook in data["failed_hooks"]:
            finding = self._finding({"kind": HOOK, "state": "left_open", "text": hook["error"], **hook})
            finding.happened = f"registered here with atexit, and failed: {hook['hook']}"
            finding.advice = advice.advise_hook(hook["error"])
            yield finding

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

    def _note_library(self, finding: Finding) -> None:
        library = finding.site.library
        if library and library not in FRAMEWORKS:
            self._of_libraries[f"{finding.kind} of {library}"] += finding.count

    def _of_thread(self, birth: Data) -> Finding:
        finding = self._finding(birth)
        finding.thread = birth["text"]
        finding.message = f"thread {birth['text']!r}"
        return finding

    def _starter(self, birth: Data) -> str:
        return self._origin.starter_of_thread(birth["text"], (path for path, _, _ in birth["stack"]))

    def _finding(self, birth: Data) -> Finding:
        site = self._origin.site_of_frames(Frame(*frame) for frame in birth["stack"])
        # The others' texts only repeat the kind.
        text = birth["text"] if birth["kind"] in ("file", "tempdir", "other") or birth.get("engine") else ""
        if birth["kind"] == "file" and text.startswith("unclosed file"):
            text = ""
        return Finding(birth["kind"], birth["state"], self._owner, site, text, count=birth.get("count", 1))
