"""The reference names what there is, with its signatures."""

from __future__ import annotations

import inspect
import re

import pytest
from doc_examples import ROOT

import pytest_flask_hygiene
from pytest_flask_hygiene import LeakError, ResourceType, plugin
from pytest_flask_hygiene.dev_server.errors import DevServerError
from pytest_flask_hygiene.dev_server.plugin import DevServerFactory
from pytest_flask_hygiene.dev_server.report import Report
from pytest_flask_hygiene.dev_server.server import DevServer
from pytest_flask_hygiene.findings import Finding, Frame, Owner, Site
from pytest_flask_hygiene.hygiene_fixture import Hygiene
from pytest_flask_hygiene.marks import make_allow

TEXT = (ROOT / "docs" / "api.md").read_text("utf-8")

FRAME = Frame(__file__, 1, "test_it")
EXAMPLES = {
    "Finding": Finding("file", "dropped", Owner("test", "test_it"), Site((FRAME,)), ""),
    "Owner": Owner("test", "test_it"),
    "Site": Site((FRAME,)),
    "Frame": FRAME,
}

#: What the types of the tables are in Python; a None is allowed for all that "or None" follows.
TYPES = {"str": str, "int": int, "Owner": Owner, "Site": Site, "Frame": Frame, "tuple of Frame": tuple}


def signature(function, *, of_method=True):
    """As it is shown: without types, and with the names that readers know."""
    parameters = list(inspect.signature(function).parameters.values())[of_method:]
    plain = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
    text = str(inspect.Signature(plain))
    return re.sub(r"<Signals\.(\w+): \d+>", r"signal.\1", text)


def rows(name):
    table = TEXT.partition(f"<!-- attributes of {name} -->\n\n")[2].partition("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \| ([\w ]+) \|", table, re.MULTILINE)


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_attribute_is_there_and_of_its_type(name):
    found = rows(name)
    assert found
    for attribute, type_ in found:
        value = getattr(EXAMPLES[name], attribute)
        if value is None:
            assert type_.endswith(" or None")
        else:
            assert isinstance(value, TYPES[type_.removesuffix(" or None")])


@pytest.mark.parametrize(
    ("name", "function", "of_method"),
    [
        ("hygiene.allow", Hygiene.allow, True),
        ("hygiene.check", Hygiene.check, True),
        ("dev_server", DevServerFactory.__call__, True),
        ("server.reload", DevServer.reload, True),
        ("server.stop", DevServer.stop, True),
        ("report.check", Report.check, True),
        ("ResourceType", ResourceType, False),
    ],
)
def test_signatures_are_those_of_the_code(name, function, of_method):
    assert f"`{name}{signature(function, of_method=of_method)}`" in TEXT


def test_marker_takes_what_the_page_says():
    assert "`@pytest.mark.allow_leak(*kinds, match=None, reason=None)`" in TEXT
    assert make_allow(("file",), match="x", reason="y").reason == "y"


def test_each_public_name_is_there():
    for name in set(pytest_flask_hygiene.__all__) - {"__version__"}:
        assert f"### {name}\n" in TEXT


def test_each_fixture_is_there():
    fixtures = {"hygiene", "hygiene_client", "dev_server"}
    assert all(f"### {name}\n" in TEXT and hasattr(plugin, name) for name in fixtures)
    marked = {
        name for name, value in vars(plugin).items() if type(value).__name__ == "FixtureFunctionDefinition"
    }
    assert marked == fixtures


def test_each_public_method_of_the_server_is_there():
    internal = {"close", "wait_until_serving"}
    table = TEXT.partition("### dev_server\n")[2].partition("\n## ")[0]
    for name in {name for name in vars(DevServer) if not name.startswith("_")} - internal:
        assert re.search(rf"`(server\.)?{name}[`(]", table), name


def test_errors_have_the_attributes_of_the_page():
    assert LeakError("", ()).findings == ()
    assert issubclass(LeakError, AssertionError)
    error = DevServerError("message")
    assert (error.output, error.report) == ("", None)
