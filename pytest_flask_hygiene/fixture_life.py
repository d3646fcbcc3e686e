"""A fixture's life, from its setup to its last finalizer: what it opens in between, and its cycles."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from . import own_modules
from .faults import harmless
from .findings import Owner
from .ledger import Attempt, Ledger
from .owners import OwnerTracker, is_xunit, owner_of_fixture, tears_down
from .settings import read_marks

if TYPE_CHECKING:
    from .collector import Collector
    from .origin import OriginMap


class FixtureLife:
    """``ends`` is called before a fixture's own finalizers, ``ended`` behind them.

    ``collector``: None where exception cycles are not looked for.
    """

    def __init__(
        self,
        ledger: Ledger,
        owners: OwnerTracker,
        origin: OriginMap,
        collector: Collector | None,
        ends: Callable[[Owner], None],
        ended: Callable[[Owner], None],
        function_fixtures_done: Callable[[], None],
    ) -> None:
        self.ledger = ledger
        self._owners = owners
        self._origin = origin
        self._collector = collector
        self._ends = ends
        self._ended = ended
        self._function_fixtures_done = function_fixtures_done
        self._alive: dict[Owner, pytest.FixtureDef[Any]] = {}
        """Fixtures of wider scopes that have begun and not ended."""
        self._before: list[Owner] = []
        """Who was at work before each finalization that is under way."""

    @harmless
    def begins(self, fixturedef: pytest.FixtureDef[Any], item: pytest.Item | None) -> Owner:
        attempt = self.ledger.attempt
        test = attempt.owner if attempt is not None else None
        owner = owner_of_fixture(fixturedef, test)
        if attempt is not None:
            self._begins_in(attempt, owner, item)
        if owner.outlives_test:
            self._alive[owner] = fixturedef
        fixturedef.addfinalizer(partial(self._last_finalizer, owner))
        return owner

    def _begins_in(self, attempt: Attempt, owner: Owner, item: pytest.Item | None) -> None:
        if item is not None and not attempt.fixtures:
            # The item's first finalizer runs after those of all its function fixtures.
            item.addfinalizer(self._function_fixtures_done)
        if owner.scope == "function":
            attempt.fixtures.append(owner)
            owner.marks = attempt.owner.marks
        elif item is not None:
            node = _node_of_scope(item, owner.scope)
            owner.marks = None if node is None else partial(read_marks, node)

    @harmless
    def is_set_up(self, fixturedef: pytest.FixtureDef[Any], owner: Owner) -> None:
        fixturedef.addfinalizer(partial(self._first_finalizer, owner))

    @harmless
    def wider_begins(self) -> None:
        """A wider fixture is about to be set up or torn down: the cycles made so far are not its own."""
        attempt, at_work = self.ledger.attempt, self._owners.current
        if attempt is None:
            return
        if at_work.is_fixture:
            if self._origin.is_reader(at_work.path):
                self._sweep_for(attempt, at_work)
        elif attempt.call_begun:
            self._sweep_for(attempt, attempt.owner)
        else:
            self.sweep_setup(attempt)

    @harmless
    def wider_stands_back(self, owner: Owner) -> None:
        """It has been set up or torn down: the test that runs is not to blame for the cycles that it made."""
        attempt = self.ledger.attempt
        if attempt is not None and self._origin.is_reader(owner.path):
            self._sweep_for(attempt, owner)
            attempt.wider_swept = True

    def sweep_setup(self, attempt: Attempt) -> bool:
        """Look for what the function fixtures have made so far.  False if there are none of the reader's."""
        maker = self.maker_of_cycles(attempt)
        if maker is not None:
            self._sweep_for(attempt, maker)
        return maker is not None

    def maker_of_cycles(self, attempt: Attempt) -> Owner | None:
        """Who is charged with cycles made by function fixtures: the only one, or the test for them all."""
        readers = [f for f in attempt.fixtures if self._origin.is_reader(f.path)]
        if not readers:
            return None
        return readers[0] if len(readers) == 1 else attempt.owner

    def _sweep_for(self, attempt: Attempt, owner: Owner) -> None:
        if self._collector is None:
            return
        attempt.cycles_of = owner
        try:
            self._collector.sweep(young=True)
            if attempt.call_begun:
                # What the test has made so far, and may still drop, is not young any more.
                self._collector.phase_goes_on()
            else:
                self._collector.phase_begins()
        finally:
            attempt.cycles_of = attempt.owner

    @harmless
    def _first_finalizer(self, owner: Owner) -> None:
        if owner.outlives_test and self._origin.is_reader(owner.path):
            self.wider_begins()
        self._before.append(self._owners.current)
        self._owners.current = owner
        self._ends(owner)

    @harmless
    def _last_finalizer(self, owner: Owner) -> None:
        if owner.outlives_test:
            self.wider_stands_back(owner)
        if self._before:
            self._owners.current = self._before.pop()
        self._alive.pop(owner, None)
        if not owner.is_test:
            self._ended(owner)

    def which_holds(self, thing: object, item: pytest.Item | None) -> Owner | None:
        """The wider fixture that goes on and from whose value ``thing`` can be reached.

        What a fixture opens when it is first used is the fixture's, which may close it at its end.
        """
        if thing is None or not self._alive:
            return None
        with own_modules():
            from .heap.reach import reaches
        for owner, fixturedef in self._alive.items():
            if not (owner.ended or owner.failed) and reaches(_values_of(fixturedef, owner, item), thing):
                return owner
        return None


def _values_of(fixturedef: pytest.FixtureDef[Any], owner: Owner, item: pytest.Item | None) -> list[Any]:
    """What the fixture gives to tests, and what runs when it ends: its own function, if that has yielded."""
    if is_xunit(fixturedef):
        # ``setup_module`` and the like keep things in the module's globals, ``setUpClass`` in the class.
        holder = getattr(item, "cls" if owner.scope == "class" else "module", None)
        if holder is None or not tears_down(fixturedef):
            return []
        attributes = type.__dict__["__dict__"].__get__(holder) if owner.scope == "class" else vars(holder)
        return list(attributes.values())
    result = fixturedef.cached_result
    finalizers = list(fixturedef._finalizers)
    return finalizers if result is None else [result[0], *finalizers]


def _node_of_scope(item: pytest.Item, scope: str) -> pytest.Item | pytest.Collector | None:
    """Whose marks are those of a wider fixture: which of its tests ends it depends on the order."""
    if scope == "class":
        return item.getparent(pytest.Class) or item
    return item.getparent(pytest.Module) if scope == "module" else None
