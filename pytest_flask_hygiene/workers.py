"""pytest-xdist: each worker sends its findings home, and the controller merges them into one summary.

What is new travels with each report, so that the findings of a worker that crashes are not lost.  At its end
a worker sends everything, which replaces what was known of it: so nothing is counted twice.

Loaded only where pytest-xdist is in use.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from typing import Any, Final

import pytest

from . import own_modules
from .faults import harmless
from .findings import Finding, Frame, Owner, Site
from .ledger import Ledger, distinct

#: Of our part of a report, and of a worker's output.
_KEY: Final = "flask_hygiene"
#: The lists of findings that a ledger has beside those of the tests.
_LISTS: Final = ("of_session", "pending")
_OWNER_FIELDS: Final = ("scope", "name", "nodeid", "path", "line", "inside", "class_name")

#: A ledger, a part of one, or one of its findings, as plain data.
State = dict[str, Any]


class Worker:
    """The plugin of a worker process: sends findings home."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._sent: dict[str, object] = {}
        """What was last sent, or how much of it there was."""

    # Only the data that is sent is changed: no plugin of the worker ever sees ours on a report.
    @pytest.hookimpl(wrapper=True)
    def pytest_report_to_serializable(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> Generator[None, dict[str, Any] | None, dict[str, Any] | None]:
        data = yield
        if data is not None and isinstance(report, pytest.TestReport):
            news = self._news()
            if news:
                data[_KEY] = news
        return data

    @harmless
    def session_ended(self, session: pytest.Session) -> None:
        """Leave everything, also what came after the last report, for the controller to fetch."""
        output: dict[str, Any] = session.config.workeroutput  # type: ignore[attr-defined]
        by_test = {nodeid: _dump(found) for nodeid, found in self.ledger.by_test.items()}
        state: State = {name: _dump(getattr(self.ledger, name)) for name in _LISTS}
        state |= {"by_test": by_test, "counts": _counts(self.ledger), "cost": self.ledger.cost.to_data()}
        what_ran = self.ledger.what_ran
        if what_ran is not None:
            used = self.ledger.verdict.used
            what_ran.note_used(used)
            state |= {"what_ran": what_ran.to_data(), "used": [key for key in used if isinstance(key, str)]}
        output[_KEY] = _to_text(state)

    @harmless
    def _news(self) -> str:
        """What is new since the last report, as text; empty if nothing is."""
        ledger, news = self.ledger, State()
        if ledger.changed:
            news["by_test"] = {nodeid: _dump(ledger.by_test.get(nodeid, ())) for nodeid in ledger.changed}
            ledger.changed.clear()
        for name in _LISTS:
            findings: list[Finding] = getattr(ledger, name)
            if self._is_new(name, (len(findings), sum(f.count for f in findings))):
                news[name] = _dump(findings)
        counts = _counts(ledger)
        if self._is_new("counts", counts):
            news["counts"] = counts
        return _to_text(news) if news else ""

    def _is_new(self, name: str, value: object) -> bool:
        if name in self._sent and self._sent[name] == value:
            return False
        self._sent[name] = value
        return True


class Controller:
    """The plugin of the process that has started the workers and prints the summary.  It runs no test."""

    def __init__(self, ledger: Ledger, *, each: bool) -> None:
        self.ledger = ledger
        self._each = each
        """``--dist each``: every worker runs every test."""
        self._states: dict[str, State] = {}
        """By the worker: what is known of its ledger."""
        self._ran_on: dict[str, str] = {}
        """By node id: the worker that has run the test last."""
        self._collected: Sequence[str] = ()
        """All node ids, in the order of the tests."""

    # First of all, so that no other plugin meets what a worker has sent.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None, object, object]:
        self._take(report)
        return (yield)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self._collected = ids

    # pytest-xdist may call it twice for the same worker.
    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self._finish(node)

    @harmless
    def _take(self, report: pytest.TestReport) -> None:
        worker = getattr(report, "worker_id", "")
        if report.when == "setup":
            self._ran_on[report.nodeid] = worker
        text = report.__dict__.pop(_KEY, "")
        if text:
            news = json.loads(text)
            state = self._states.setdefault(worker, {"by_test": {}})
            state["by_test"].update(news.pop("by_test", {}))
            state.update(news)

    @harmless
    def _finish(self, node: Any) -> None:
        # A worker that crashed has no output.
        text = getattr(node, "workeroutput", {}).get(_KEY)
        if text:
            self._states[node.workerinput["workerid"]] = json.loads(text)
        elif self.ledger.what_ran is not None:
            self.ledger.what_ran.worker_lost()

    @harmless
    def gather(self) -> None:
        """Enter what all workers have found in this process's own ledger."""
        ledger = self.ledger
        found = self._findings_by_test()
        order = {nodeid: number for number, nodeid in enumerate(self._collected)}
        for nodeid in sorted(found, key=lambda nodeid: order.get(nodeid, len(order))):
            ledger.add(nodeid, found[nodeid])
        for state in self._states.values():
            _unite(ledger.of_session, _load(state.get("of_session", ())))
            _add_counts(ledger, state.get("counts"))
            if "cost" in state:
                ledger.cost.add_data(state["cost"])
            if ledger.what_ran is not None and "what_ran" in state:
                ledger.what_ran.add_data(state["what_ran"])
                ledger.verdict.used.update(state["used"])
        # A worker that crashed will not end its fixtures of wider scopes.
        pending = [f for state in self._states.values() for f in _load(state.get("pending", ()))]
        known = {f.key for f in ledger.findings}
        for finding in distinct(pending):
            if finding.key not in known:
                ledger.charges.record(finding)

    def _findings_by_test(self) -> dict[str, list[Finding]]:
        found: dict[str, list[Finding]] = {}
        for worker, state in self._states.items():
            for nodeid, findings in state["by_test"].items():
                if self._each:
                    # Every worker has run the test: what several have found is one leak.
                    _unite(found.setdefault(nodeid, []), _load(findings))
                elif self._ran_on.get(nodeid, worker) == worker:
                    # Not those of a worker that crashed, if another has run the test again since.
                    found.setdefault(nodeid, []).extend(_load(findings))
        return found


def _unite(findings: list[Finding], others: Iterable[Finding]) -> None:
    """Add findings of one more worker; what several have found (an import, say) is one leak all the same."""
    known = {f.key: f for f in findings}
    for other in others:
        mine = known.get(other.key)
        if mine is None:
            findings.append(other)
        else:
            mine.count = max(mine.count, other.count)


def _counts(ledger: Ledger) -> State:
    return {
        "library_edges": dict(ledger.library_edges),
        "responses_closed": ledger.responses_closed,
        "uploads_closed": ledger.uploads_closed,
        "stopped_early": list(ledger.stopped_early),
        "faults": list(ledger.faults),
        "others_faults": list(ledger.others_faults),
    }


def _add_counts(ledger: Ledger, counts: State | None) -> None:
    if counts is None:
        return
    ledger.library_edges.update(Counter(counts["library_edges"]))
    ledger.responses_closed += counts["responses_closed"]
    ledger.uploads_closed += counts["uploads_closed"]
    ledger.stopped_early += counts["stopped_early"]
    ledger.faults += counts["faults"]
    ledger.others_faults += counts["others_faults"]


def _to_text(state: State) -> str:
    """As JSON: other plugins and execnet take plain text, but not every string that names a file."""
    return json.dumps(state, default=str)


# -- findings as plain data, and back ----------------------------------------------------------


def _dump(findings: Iterable[Finding]) -> list[State]:
    return [_dump_one(finding) for finding in findings]


def _dump_one(finding: Finding) -> State:
    owner = finding.owner
    data = {name: value for name, value in vars(finding).items() if name not in ("owner", "site", "chain")}
    data["chain"] = None if finding.chain is None else finding.chain.to_data()
    data["owner"] = {name: getattr(owner, name) for name in _OWNER_FIELDS}
    site = finding.site
    data["site"] = {
        "frames": [_dump_frame(frame) for frame in site.frames],
        "library": site.library,
        "innermost": None if site.innermost is None else _dump_frame(site.innermost),
    }
    return data


def _dump_frame(frame: Frame) -> State:
    return {"path": frame.path, "line": frame.line, "function": frame.function}


def _load(findings: Iterable[State]) -> list[Finding]:
    return [_load_one(data) for data in findings]


def _load_one(data: State) -> Finding:
    with own_modules():
        from .heap.chains import chain_from_data
    frames, innermost = data["site"]["frames"], data["site"]["innermost"]
    site = Site(
        tuple(Frame(**frame) for frame in frames),
        data["site"]["library"],
        Frame(**innermost) if innermost is not None else None,
    )
    finding = Finding(data["kind"], data["state"], Owner(**data["owner"]), site, data["message"])
    chain = chain_from_data(data["chain"]) if data["chain"] is not None else None
    vars(finding).update(data, owner=finding.owner, site=site, chain=chain)
    return finding
