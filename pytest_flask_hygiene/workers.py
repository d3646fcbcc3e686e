"""pytest-xdist: each worker sends its findings home, and the controller merges them into one summary.

Loaded only where pytest-xdist is in use.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import pytest

from .findings import Finding, Frame, Owner, Site
from .ledger import Ledger, merge

if TYPE_CHECKING:
    from .run import Run

_KEY: Final = "flask_hygiene"


class Worker:
    """In a worker process."""

    def __init__(self, run: Run) -> None:
        self._run = run

    # Registered before the hooks that end the session, and so called after them; still inside xdist's
    # own wrapper, which sends the results.
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output: dict[str, Any] = session.config.workeroutput  # type: ignore[attr-defined]
        output[_KEY] = dump(self._run.ledger)


class Controller:
    """In the process that prints the summary; it runs no test itself."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        # A worker that crashed has no output; its reports have arrived all the same.
        data = getattr(node, "workeroutput", {}).get(_KEY)
        if data is not None:
            load(data, self._run.ledger)


def dump(ledger: Ledger) -> dict[str, Any]:
    """The ledger as plain data that execnet can send."""
    return {
        "by_test": {nodeid: [_dump(f) for f in found] for nodeid, found in ledger.by_test.items()},
        "of_session": [_dump(f) for f in ledger.of_session],
        "library_edges": dict(ledger.library_edges),
        "upstream": dict(ledger.upstream),
        "responses_closed": ledger.responses_closed,
        "uploads_closed": ledger.uploads_closed,
        "stopped_early": ledger.stopped_early,
        "faults": ledger.faults,
    }


def load(data: dict[str, Any], ledger: Ledger) -> None:
    for nodeid, found in data["by_test"].items():
        ledger.by_test.setdefault(nodeid, []).extend(_load(f) for f in found)
    for finding in data["of_session"]:
        merge(ledger.of_session, _load(finding))
    ledger.library_edges.update(data["library_edges"])
    ledger.upstream.update(data["upstream"])
    ledger.responses_closed += data["responses_closed"]
    ledger.uploads_closed += data["uploads_closed"]
    ledger.stopped_early += data["stopped_early"]
    ledger.faults += data["faults"]


def _dump(finding: Finding) -> dict[str, Any]:
    owner = finding.owner
    data = {name: value for name, value in vars(finding).items() if name not in ("owner", "site")}
    data["owner"] = {name: getattr(owner, name) for name in ("scope", "name", "nodeid", "path", "line")}
    data["site"] = asdict(finding.site)
    data["site"]["frames"] = list(data["site"]["frames"])
    return data


def _load(data: dict[str, Any]) -> Finding:
    data = dict(data)
    owner = data.pop("owner")
    site = data.pop("site")
    innermost = site["innermost"]
    return Finding(
        owner=Owner(owner.pop("scope"), owner.pop("name"), **owner),
        site=Site(
            tuple(Frame(**frame) for frame in site["frames"]),
            site["library"],
            Frame(**innermost) if innermost is not None else None,
        ),
        **data,
    )
