"""JUnit XML: one test case with an error for each session finding, and for each stale decision.

pytest has written the file by then, before it ended the last fixtures, so it is written once more.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from _pytest.junitxml import bin_xml_escape, mangle_test_address, xml_key

from ..findings import Finding
from .failure import culprit, failure_repr
from .properties import properties
from .text import relative

if TYPE_CHECKING:
    from _pytest.junitxml import LogXML, _NodeReporter

    from ..decisions.stale import Stale


def add_to_xml(config: pytest.Config, findings: Sequence[Finding], stale: Sequence[Stale]) -> None:
    """Write the file of ``--junitxml`` anew, if there is one.  Findings of one name are numbered."""
    xml = config.stash.get(xml_key, None)
    if xml is None:
        return
    names: Counter[tuple[str, str]] = Counter()
    for finding in findings:
        group, name = _address(finding, config.rootpath)
        names[group, name] += 1
        number = names[group, name]
        _add_finding(xml, finding, group, f"{name} ({number})" if number > 1 else name, config)
    for each in stale:
        _add_stale(xml, each)
    _write(xml)


def _address(finding: Finding, root: Path) -> tuple[str, str]:
    """The case's class name, as pytest makes it of a node ID, and its name."""
    name = f"hygiene: {finding.kind} leaked by {culprit(finding, root)}"
    nodeid = finding.nodeid
    if nodeid is None:
        path = _path(finding)
        return (mangle_test_address(relative(path, root))[0] if path else "hygiene"), name
    return ".".join(mangle_test_address(nodeid)[:-1]), name


def _path(finding: Finding) -> str:
    """The file of its owner: the case is listed with the tests of that file."""
    frame = finding.site.frame
    return finding.owner.path or (frame.path if frame else "")


def _add_finding(xml: LogXML, finding: Finding, group: str, name: str, config: pytest.Config) -> None:
    case = _new_case(xml, group, name)
    path = _path(finding)
    if xml.family == "xunit1" and path:
        case.add_attribute("file", relative(path, config.rootpath))
        # pytest counts from 0 here.
        case.add_attribute("line", str(max(finding.owner.line - 1, 0)))
    for key, value in properties([finding], config.rootpath):
        case.add_property(key, value)
    text = failure_repr([finding], culprit(finding, config.rootpath), config.invocation_params.dir)
    message = text.reprcrash.message if text.reprcrash is not None else name
    _add_error(case, message, str(text))


def _add_stale(xml: LogXML, stale: Stale) -> None:
    case = _new_case(xml, "hygiene", f"hygiene: {stale.title}")
    _add_error(case, stale.title, "\n".join((stale.title, *stale.lines)))


def _new_case(xml: LogXML, group: str, name: str) -> _NodeReporter:
    case = xml.node_reporter(f"{group}::{name}")
    case.add_attribute("classname", f"{xml.prefix}.{group}" if xml.prefix else group)
    case.add_attribute("name", name)
    return case


def _add_error(case: _NodeReporter, message: str, text: str) -> None:
    error = ElementTree.Element("error", message=bin_xml_escape(message))
    error.text = bin_xml_escape(text)
    case.append(error)


def _write(xml: LogXML) -> None:
    """Have pytest write the file again; if that fails, it is as it was."""
    path = Path(xml.logfile)
    before = b""
    with contextlib.suppress(OSError):
        before = path.read_bytes()
    try:
        xml.pytest_sessionfinish()
    except Exception:
        # Half a file would be worse than one without our cases.
        if before:
            path.write_bytes(before)
        raise
