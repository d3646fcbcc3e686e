"""JUnit XML: one case with an error for each session finding, and for each stale decision.

pytest writes the file before the last fixtures have ended, so it is written once more.
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
    from _pytest.junitxml import LogXML

    from ..stale import Stale


def add_to_xml(config: pytest.Config, findings: Sequence[Finding], stale: Sequence[Stale]) -> None:
    xml = config.stash.get(xml_key, None)
    if xml is None:
        return
    names: Counter[tuple[str, str]] = Counter()
    for finding in findings:
        group, name = _address(finding, config.rootpath)
        names[group, name] += 1
        number = names[group, name]
        _add_case(xml, finding, group, f"{name} ({number})" if number > 1 else name, config)
    for each in stale:
        _add_stale(xml, each)
    _write(xml)


def _add_stale(xml: LogXML, stale: Stale) -> None:
    name = f"hygiene: {stale.title}"
    case = xml.node_reporter(f"hygiene::{name}")
    case.add_attribute("classname", f"{xml.prefix}.hygiene" if xml.prefix else "hygiene")
    case.add_attribute("name", name)
    error = ElementTree.Element("error", message=bin_xml_escape(stale.title))
    error.text = bin_xml_escape("\n".join((stale.title, *stale.lines)))
    case.append(error)


def _address(finding: Finding, root: Path) -> tuple[str, str]:
    """The case's class name, as pytest makes it of a node ID, and its name."""
    name = f"hygiene: {finding.kind} leaked by {culprit(finding, root)}"
    nodeid = finding.nodeid
    if nodeid is None:
        path = _path(finding)
        return (mangle_test_address(relative(path, root))[0] if path else "hygiene"), name
    return ".".join(mangle_test_address(nodeid)[:-1]), name


def _path(finding: Finding) -> str:
    frame = finding.site.frame
    return finding.owner.path or (frame.path if frame else "")


def _add_case(xml: LogXML, finding: Finding, group: str, name: str, config: pytest.Config) -> None:
    case = xml.node_reporter(f"{group}::{name}")
    attributes = {"classname": f"{xml.prefix}.{group}" if xml.prefix else group, "name": name}
    path = _path(finding)
    if xml.family == "xunit1" and path:
        attributes["file"] = relative(path, config.rootpath)
        # pytest counts from 0 here.
        attributes["line"] = str(max(finding.owner.line - 1, 0))
    for key, value in attributes.items():
        case.add_attribute(key, value)
    for label, told in properties([finding], config.rootpath):
        case.add_property(label, told)
    text = failure_repr([finding], culprit(finding, config.rootpath), config.invocation_params.dir)
    message = text.reprcrash.message if text.reprcrash is not None else name
    error = ElementTree.Element("error", message=bin_xml_escape(message))
    error.text = bin_xml_escape(str(text))
    case.append(error)


def _write(xml: LogXML) -> None:
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
