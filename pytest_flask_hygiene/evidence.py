"""What the checks have seen, turned into findings, each with its owner and its site."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from . import own_modules
from .birth import Birth
from .findings import UNKNOWN_OWNER, Finding, Frame, Kind, Owner, Site, State
from .stacks import Stack, importing_module, inside_request, made_in_request, was_sent

if TYPE_CHECKING:
    from .checks.bodies import LeftResponse
    from .checks.cycle_graph import Cycle
    from .checks.cycle_judge import Judgement
    from .checks.resource_warnings import Emission
    from .heap.holders import Holder, HolderFinder
    from .ledger import Attempt, Ledger
    from .origin import OriginMap
    from .owners import OwnerTracker
    from .settings import Settings

_MULTIPROCESSING: Final = tuple(os.path.join("multiprocessing", name) for name in ("heap.py", "util.py"))
_FLASK_APP: Final = os.path.join("flask", "app.py")


class Evidence:
    """The checks call one of the ``of_...`` methods with what they have seen.

    ``silenced``: whether the user's warning filters would hide a warning of this text.
    """

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        origin: OriginMap,
        owners: OwnerTracker,
        silenced: Callable[[str], bool],
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._origin = origin
        self._owners = owners
        self._silenced = silenced

    def of_birth(self, birth: Birth, state: State, text: str = "") -> None:
        """A resource whose opening was seen.

        It is reported once; and once more if it was noted as left open, and has been dropped since.

        ``text``: what to call it where the birth has no name for it.
        """
        known = birth.finding
        if birth.reported:
            if known is None or known.outcome != "noted" or known.is_leak or state != "dropped":
                return
            self._ledger.charges.withdraw(known)
        birth.reported, birth.finding = True, None
        if birth.owner.outlives_test and birth.owner.failed:
            return
        owner, site = owner_of_birth(birth), self._origin.site(birth.stack)
        if known is not None and known.owner.scope == "held":
            owner, site = known.owner, known.site
        finding = Finding(birth.kind, state, owner, site, birth.describe(text))
        self._note_upstream(finding, birth)
        birth.explain(finding)
        self._report(finding, birth)

    def of_left_open(self, birth: Birth, thing: object, holders: HolderFinder) -> None:
        """A resource that is open although its owner has ended; ``thing`` is its object, if that is known."""
        if _is_settled(birth):
            return
        site = self._origin.site(birth.stack)
        if not site.frames or _is_of_multiprocessing(birth.stack):
            # A tool has opened it for itself.
            return
        if birth.kind == "thread":
            files = (code.co_filename for code, _ in birth.stack)
            starter = self._origin.starter_of_thread(str(birth.path), files)
            if starter == "stdlib":
                return
            if starter == "library":
                # The library has to end it: a site without frames charges nobody.
                site = Site((), site.library, site.innermost)
        text = f"thread {birth.path!r}" if birth.kind == "thread" else birth.describe()
        finding = Finding(birth.kind, "left_open", owner_of_birth(birth), site, text)
        self._note_upstream(finding, birth)
        if thing is not None and site.frames:
            self._name_holder(finding, holders.find(thing, site.frames))
        birth.explain(finding)
        self._report(finding, birth)
        if birth.reported:
            # Nobody held it: the search for a holder has collected it, and it was recorded as dropped.
            self._ledger.charges.withdraw(finding)
        else:
            birth.reported, birth.finding = True, finding

    def _note_upstream(self, finding: Finding, birth: Birth) -> None:
        with own_modules():
            from .upstream import known_upstream_leak
        upstream = known_upstream_leak(birth.kind, birth.stack, self._origin)
        if upstream is not None:
            finding.upstream = upstream.describe()

    def _name_holder(self, finding: Finding, holder: Holder | None) -> None:
        """Say what holds it.

        What a cache, a global of the application or a library's pool holds is charged to that one: its first
        user is named, and not to blame.
        """
        if holder is None:
            return
        finding.holder, finding.chain = holder.text, holder.chain
        frames = self._frames_of_holder(holder, finding.site.frames)
        if not frames or finding.owner.scope in ("import", "collection", "unknown"):
            return
        first = finding.owner
        finding.first_use = first.nodeid or first.describe()
        finding.owner = Owner("held", holder.text, path=frames[-1].path, line=frames[-1].line)
        finding.owner.marks, finding.owner.allows = first.marks, first.allows
        finding.site = Site(frames, finding.site.library, finding.site.innermost)

    def _frames_of_holder(self, holder: Holder, frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
        """The part of a site that is not its first user's; empty if that itself has put it there."""
        if holder.kind == "cache" and holder.code is not None:
            cached = holder.code.co_filename, holder.code.co_name
            for position, frame in enumerate(frames):
                if (frame.path, frame.function) == cached:
                    return frames[position:]
        elif holder.kind in ("global", "library") and not holder.in_tests:
            return tuple(frame for frame in frames if self._origin(frame.path) == "app")
        return ()

    def of_warning(self, emission: Emission) -> None:
        """A ResourceWarning that Python has emitted."""
        if emission.birth is not None:
            self._of_warned_birth(emission.birth, emission)
        elif emission.kind == "other":
            site = self._origin.site(emission.stack)
            self._record("other", "dropped", self._owners.get(), site, emission.text)
        else:
            # Opened before the plugin was loaded, or out of its sight: nobody can be charged.
            self._record(emission.kind, "dropped", UNKNOWN_OWNER, Site(), emission.text)

    def _of_warned_birth(self, birth: Birth, emission: Emission) -> None:
        if birth.was_sent:
            # In a cycle, or by an extension, before the response has ended: whether the test closes that,
            # will tell.
            birth.served = "dropped"
        elif _sent_and_replaced(birth, emission):
            self.of_replaced_file(birth)
        elif self._ledger.faults and was_sent(birth.stack):
            # Our own fault may be why nobody has closed it.
            self._ledger.responses_closed += 1
        elif birth.served == "upload":
            self.of_closed_upload(birth)
        else:
            self.of_birth(birth, "dropped")

    def of_dropped(self, birth: Birth, text: str) -> None:
        """A resource that was dropped, and about which this version of Python does not warn.

        ``text``: the warning's, if there were one.
        """
        if self._silenced(text):
            # As garbage that is not freed yet, it would be taken for something left open.
            birth.reported = True
        else:
            self.of_birth(birth, "dropped")

    def of_left_response(self, left: LeftResponse) -> None:
        """A streamed response that had to be closed for the test."""
        sender = None
        if left.birth is not None:
            if self._settings.strict:
                # Not what made the request: a static file is sent by no view of the reader's.
                sender = self._origin.site(inside_request(left.birth.stack)).frame
        elif left.generator is not None and self._origin.is_reader(left.generator.co_filename):
            code = left.generator
            sender = Frame(code.co_filename, code.co_firstlineno, code.co_name)
        self._of_response(
            left.birth, left.owner, left.stack, sender, "dropped" if left.dropped else "left_open"
        )

    def _of_response(
        self, birth: Birth | None, owner: Owner, request: Stack, sender: Frame | None, state: State
    ) -> None:
        """``birth``: of the sent file, if there is one; ``request``: the stack around the client's call.

        That is the site, and not the view, for it is the test that has to close the response.
        """
        if birth is not None:
            if birth.reported:
                return
            birth.reported = True
        self._ledger.responses_closed += 1
        if self._settings.strict:
            text = "a streamed body" if birth is None else f"the sent file {birth.describe()}"
            if sender is not None:
                text += f", from {sender.function}()"
            self._record("response", state, owner, self._origin.site(request), text)

    def of_replaced_file(self, birth: Birth) -> None:
        """A sent file that an extension dropped, whose response the test may have closed."""
        if not birth.reported:
            birth.reported = True
            self._ledger.responses_closed += 1

    def of_closed_upload(self, birth: Birth) -> None:
        """The temporary file of a large upload, which was closed for the test or by its own finalizer."""
        if birth.reported:
            return
        birth.reported = True
        self._ledger.uploads_closed += 1

    def of_cycles(self, judgement: Judgement, attempt: Attempt) -> None:
        """Exception cycles that one sweep found."""
        for cycle in judgement.cycles:
            owner = _fixture_that_closes(cycle, attempt) or attempt.cycles_of
            self._of_cycle(cycle, self._owners.within(owner, cycle.frames))
        edge = judgement.library_edge
        if edge:
            self._ledger.library_edges[edge] += 1
        if edge and self._settings.framework_cycles_fail:
            finding = Finding("cycle", "cycle", attempt.cycles_of, Site(), f"closed by {edge}", variable=edge)
            self._report(finding)

    def _of_cycle(self, cycle: Cycle, owner: Owner) -> None:
        frame = cycle.frames[-1]
        text = f"{cycle.exception} is kept alive by {cycle.variable} in {frame.function}"
        finding = Finding("cycle", "cycle", owner, Site(cycle.frames), text, variable=cycle.variable)
        finding.in_tests, finding.chain = cycle.closed_by == "test", cycle.chain
        self._report(finding)

    def _record(self, kind: Kind, state: State, owner: Owner, site: Site, message: str) -> None:
        self._report(Finding(kind, state, owner, site, message))

    def _report(self, finding: Finding, birth: Birth | None = None) -> None:  # noqa: ARG002
        """``birth``: of the resource, if its opening was seen, which ``explain/`` makes use of."""
        self._ledger.charges.record(finding)


def _is_settled(birth: Birth) -> bool:
    """Whether it is reported already, or may be held by the traceback of a failed test."""
    return birth.reported or birth.owner.failed


def _fixture_that_closes(cycle: Cycle, attempt: Attempt) -> Owner | None:
    """The fixture whose own frame is part of the cycle: it is garbage only when the fixture has ended."""
    functions = {(frame.path, frame.function) for frame in cycle.frames}
    for owner in (*attempt.fixtures, *attempt.ended):
        if owner.code is not None and (owner.code.co_filename, owner.code.co_name) in functions:
            return owner
    return None


def owner_of_birth(birth: Birth) -> Owner:
    """The birth's owner; or the import, if a module opened it while it was imported."""
    module = importing_module(birth.stack)
    if not module:
        return birth.owner
    owner = Owner("import", module, path=module, line=1, inside=birth.owner.inside)
    owner.allows = birth.owner.allows
    return owner


def _is_of_multiprocessing(stack: Stack) -> bool:
    """Whether it is multiprocessing's heap or temporary directory, which end with the process."""
    return any(code.co_filename.endswith(_MULTIPROCESSING) for code, _ in stack)


def _sent_and_replaced(birth: Birth, emission: Emission) -> bool:
    """A file that a view sent, in a response whose body an extension (one that compresses, say) replaced.

    A response that the view itself throws away is dropped while the view runs, and is the reader's.
    """
    if not (was_sent(birth.stack) and made_in_request(birth.stack)):
        return False
    return not any(
        code.co_name == "dispatch_request" and code.co_filename.endswith(_FLASK_APP)
        for code, _ in emission.stack
    )
