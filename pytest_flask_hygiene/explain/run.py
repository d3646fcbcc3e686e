"""``--hygiene-explain``: a run that keeps a journal of each test that is to be explained.

The run and its evidence are extended here, and the tables that births are entered in are replaced by ones
that pass on what is entered.  So a run without the option need not ask, at each birth, for a journal.

Loaded only where a test is to be explained.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import pytest

from .. import own_modules
from ..birth import Birth
from ..evidence import Evidence
from ..faults import harmless
from ..findings import Finding, Frame, Owner, State
from ..ledger import Attempt
from ..run import Run
from ..settings import Settings, read_marks
from .journal import Entry, Journal, filter_that_hides

if TYPE_CHECKING:
    from types import ModuleType

    from ..checks.bodies import Body
    from ..checks.contexts import ContextCheck
    from ..checks.cycle_judge import Judgement
    from ..stacks import Stack
    from .target import Explanations

#: So many tests are explained at most: a test that is named without its parameters may be many.
MAX_TESTS: Final = 5


class ExplainingRun(Run):
    """Keeps the journals, and hands them over to the plugin that prints the explanations."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        super().__init__(config, settings)
        with own_modules():
            from .target import Explanations
        self.explanations: Explanations = Explanations(config, settings.explain)
        config.pluginmanager.register(self.explanations, "flask_hygiene_explain")
        self.journals: dict[str, Journal] = {}
        """By node id."""
        self._now: Journal | None = None
        """The journal of the test that runs now, if it is to be explained."""
        births = self.births
        births.by_descriptor = _Table(self._opened, births.by_descriptor)
        births.by_path = _Table(self._named, births.by_path)
        births.by_id = _Table(self._opened, births.by_id)
        self.threads._known = _Table(self._thread_starts, self.threads._known)
        self.warnings._recorded = _Table(self._recorded, self.warnings._recorded)

    @cached_property
    def evidence(self) -> Evidence:
        return ExplainingEvidence(self)

    def journal_of(self, birth: Birth | None) -> Journal | None:
        """The journal that a resource is in, or the one that is being kept."""
        for journal in self.journals.values() if birth is not None else ():
            if journal.of_birth(birth) is not None:
                return journal
        return self._now

    # -- what is opened ------------------------------------------------------------------------

    def _opened(self, number: int, birth: Birth, before: Birth | None) -> None:
        if self._now is not None:
            self._now.born(birth, number, before)

    def _named(self, _: str, birth: Birth, __: Birth | None) -> None:
        if self._now is not None:
            self._now.born(birth)

    def _thread_starts(self, _: int, value: tuple[Any, Birth], __: object) -> None:
        if self._now is not None:
            self._now.born(value[1])

    def _recorded(self, _: int, value: tuple[str, Birth | None], __: object) -> None:
        entry = None if self._now is None else self._now.of_birth(value[1])
        if entry is not None:
            entry.fate = "recorded"

    def _context_check(self) -> ContextCheck:
        check = super()._context_check()
        if "_pushed" not in vars(check):
            original = check._pushed

            def pushed(context: Any, position: int, birth: Birth) -> None:
                original(context, position, birth)
                if self._now is not None:
                    self._now.born(birth)

            check._pushed = pushed  # type: ignore[method-assign]
        return check

    def _watch_responses(self, module: ModuleType) -> None:
        super()._watch_responses(module)
        self.responses._bodies = _Bodies(self._responded)  # type: ignore[union-attr]

    def _responded(self, body: Body) -> None:
        if self._now is not None:
            self._now.responded(body, weakref.ref(body))

    # -- one test ------------------------------------------------------------------------------

    @harmless
    def attempt_begins(self, item: pytest.Item) -> None:
        super().attempt_begins(item)
        attempt = self.ledger.attempt
        if attempt is None or not self.explanations.asks_for(attempt.nodeid):
            return
        # pytest-rerunfailures: the last attempt decides.
        self.journals.pop(attempt.nodeid, None)
        if len(self.journals) < MAX_TESTS:
            self._now = self.journals[attempt.nodeid] = Journal(attempt)
        elif attempt.nodeid not in self.explanations.too_many:
            self.explanations.too_many.append(attempt.nodeid)

    @harmless
    def setup_done(self) -> None:
        super().setup_done()
        self._phase_ends()

    def call_begins(self) -> None:
        super().call_begins()
        if self._now is not None:
            self._now.phase = "call"

    @harmless
    def call_done(self, passed: bool, own_finalizers: bool) -> None:
        super().call_done(passed, own_finalizers)
        self._phase_ends()
        if self._now is not None:
            self._now.phase = "teardown"

    @harmless
    def teardown_done(self, item: pytest.Item) -> None:
        # A test that was skipped, or whose setup failed, has no call.
        if self._now is not None:
            self._now.phase = "teardown"
        super().teardown_done(item)
        self._phase_ends()
        if self._now is not None:
            # One that can't be used, and that a fixture has added, is told of where a leak is judged.
            with suppress(pytest.UsageError):
                self._now.marks = read_marks(item)

    @harmless
    def test_ended(self) -> None:
        journal, attempt = self._now, self.ledger.attempt
        if journal is not None:
            journal.failed = attempt is not None and attempt.failed
            journal.close()
        super().test_ended()
        self._now = None

    @harmless
    def session_ends(self, session: pytest.Session) -> None:
        for journal in self.journals.values():
            journal.phase = "session"
        super().session_ends(session)
        for journal in self.journals.values():
            journal.look(self)
        self.explanations.add(self.journals.values(), self.ledger, self.settings, self.origin)

    def _phase_ends(self) -> None:
        if self._now is not None:
            self._now.look(self)


class ExplainingEvidence(Evidence):
    """Notes in the journals which finding is about which resource, and what happened without one."""

    def __init__(self, run: ExplainingRun) -> None:
        super().__init__(
            run.settings, run.ledger, run.origin, run.owners, lambda text: run.warnings.silenced(text)
        )
        self._run: Final = run
        self._about: Entry | None = None
        """The response that a finding without a birth is about."""

    def _report(self, finding: Finding, birth: Birth | None = None) -> None:
        journal = self._run.journal_of(birth)
        if journal is not None:
            entry = journal.of_birth(birth) or self._about
            (journal.findings if entry is None else entry.findings).append((finding, journal.phase))
        super()._report(finding, birth)

    def of_dropped(self, birth: Birth, text: str) -> None:
        if self._silenced(text):
            entry = self._entry(birth)
            if entry is not None:
                entry.fate, entry.hidden_by = "silenced", filter_that_hides(entry)
        super().of_dropped(birth, text)

    def _of_response(
        self, birth: Birth | None, owner: Owner, request: Stack, sender: Frame | None, state: State
    ) -> None:
        entry = None
        if birth is None or not birth.reported:
            journal = self._run.journal_of(birth)
            entry = None if journal is None else journal.of_birth(birth) or journal.of_response(request)
        if entry is not None:
            entry.fate = "given_up" if state == "dropped" else "closed_for_test"
        self._about = entry
        try:
            super()._of_response(birth, owner, request, sender, state)
        finally:
            self._about = None

    def of_closed_upload(self, birth: Birth) -> None:
        entry = self._entry(birth)
        if entry is not None:
            entry.fate = "upload"
        super().of_closed_upload(birth)

    def of_cycles(self, judgement: Judgement, attempt: Attempt) -> None:
        journal = self._run.journals.get(attempt.nodeid)
        if journal is not None and judgement.library_edge:
            journal.library_edges.append(judgement.library_edge)
        super().of_cycles(judgement, attempt)

    def _entry(self, birth: Birth) -> Entry | None:
        journal = self._run.journal_of(birth)
        return None if journal is None else journal.of_birth(birth)


class _Table(dict[Any, Any]):
    """A dictionary that passes on what is entered, with what was there before."""

    def __init__(self, entered: Callable[[Any, Any, Any], None], content: dict[Any, Any]) -> None:
        super().__init__(content)
        self._entered = entered

    def __setitem__(self, key: Any, value: Any) -> None:
        before = self.get(key)
        super().__setitem__(key, value)
        self._entered(key, value, before)


class _Bodies(weakref.WeakValueDictionary[int, "Body"]):
    """The bodies of responses; passes on each that is entered."""

    def __init__(self, entered: Callable[[Body], None]) -> None:
        super().__init__()
        self._entered = entered

    def __setitem__(self, key: int, value: Body) -> None:
        super().__setitem__(key, value)
        self._entered(value)
