"""pytest-xdist: each worker sends its findings home, and the controller merges them into one summary.

What is new travels with each report, so that the findings of a worker that crashes are not lost.  What
arrives replaces what was known of that worker, and so nothing is counted twice.

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

_KEY: Final = "flask_hygiene"
_LISTS: Final = ("of_session", "pending")
_OWNER_FIELDS: Final = ("scope", "name", "nodeid", "path", "line", "inside", "class_name")

#: A part of the ledger as plain data: ``by_test``, ``of_session``, ``pending``, ``counts``.
State = dict[str, Any]


class Worker:
    """In a worker process."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._sent: dict[str, object] = {}

    # Only what goes over the wire is changed: no plugin of the worker ever sees it on a report.
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
        """All of it, once more: also what came after the last report."""
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
    """In the process that prints the summary; it runs no test itself."""

    def __init__(self, ledger: Ledger, *, each: bool) -> None:
        self.ledger = ledger
        self._each = each
        """``--dist each``: every worker runs every test."""
        self._states: dict[str, State] = {}
        self._ran_on: dict[str, str] = {}
        self._collected: Sequence[str] = ()

    # First of all, so that no other plugin meets what a worker has sent.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None, object, object]:
        self._take(report)
        return (yield)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self._collected = ids

    # May be called twice for the same worker.
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
        # One that crashed has no output.
        text = getattr(node, "workeroutput", {}).get(_KEY)
        if text:
            self._states[node.workerinput["workerid"]] = json.loads(text)
        elif self.ledger.what_ran is not None:
            self.ledger.what_ran.worker_lost()

    @harmless
    def gather(self) -> None:
        """What all workers have found, into this process's own ledger."""
        ledger, states = self.ledger, self._states
        found: dict[str, list[Finding]] = {}
        for worker, state in states.items():
            for nodeid, findings in state["by_test"].items():
                # A worker crashed in a rerun, and another ran the test again: the last attempt decides.
                if self._each:
                    # Every worker has run it, and is one witness more.
                    _unite(found.setdefault(nodeid, []), _load(findings))
                elif self._ran_on.get(nodeid, worker) == worker:
                    found.setdefault(nodeid, []).extend(_load(findings))
        order = {nodeid: number for number, nodeid in enumerate(self._collected)}
        for nodeid in sorted(found, key=lambda nodeid: order.get(nodeid, len(order))):
            ledger.add(nodeid, found[nodeid])
        for state in states.values():
            _unite(ledger.of_session, _load(state.get("of_session", ())))
            _add_counts(ledger, state.get("counts"))
            if "cost" in state:
                ledger.cost.add_data(state["cost"])
            if ledger.what_ran is not None and "what_ran" in state:
                ledger.what_ran.add_data(state["what_ran"])
                ledger.verdict.used.update(state["used"])
        # A worker that crashed will not end its wider fixtures.
        pending = [f for state in states.values() for f in _load(state.get("pending", ()))]
        known = {f.key for f in ledger.findings}
        for finding in distinct(pending):
            if finding.key not in known:
                ledger.charges.record(finding)


def _unite(findings: list[Finding], others: Iterable[Finding]) -> None:
    """Every worker imports the same files: found by several, it is one leak all the same."""
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
        from .chains import chain_from_data
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
