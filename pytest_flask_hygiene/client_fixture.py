"""The fixture ``hygiene_client``, and what a test is told that has no fixture ``app`` for it.

Loaded only where a test uses the fixture.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final

import pytest

from . import own_modules
from .usage import MESSAGES

if TYPE_CHECKING:
    from flask.testing import FlaskClient

NAME: Final = "hygiene_client"
_PLUGIN: Final = "flask_hygiene_missing_app"
_EXAMPLE: Final = f"""\

    # conftest.py
    import pytest
    from shop import create_app

    @pytest.fixture
    def app():
        return create_app()

    # test_shop.py
    def test_index(hygiene_client):
        assert hygiene_client.get("/").status_code == 200

see: {MESSAGES}
"""


def make_client(app: Any) -> FlaskClient:
    """The test client of the suite's own ``app``.  Fails the test if that has no ``test_client()``."""
    __tracebackhide__ = True
    if not callable(getattr(app, "test_client", None)):
        what = "None (is a return missing?)" if app is None else f"a {type(app).__name__}"
        text = f"hygiene_client: the fixture 'app' gave {what}, and not a Flask application\n{_EXAMPLE}"
        pytest.fail(text, pytrace=False)
    client: FlaskClient = app.test_client()
    return client


def register(config: pytest.Config) -> None:
    """Register the plugin, once for each pytest run."""
    if not config.pluginmanager.has_plugin(_PLUGIN):
        config.pluginmanager.register(MissingApp(), _PLUGIN)


class MissingApp:
    """Explains what is wrong where there is no fixture ``app``.

    The fixture ``hygiene_client`` has ``app`` as an argument, so that pytest sees the parameters of a suite's
    ``app``, and pytest-flask that it is used.  So pytest itself reports that there is none, and would show
    our source and the names of all fixtures.
    """

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.failed and call.excinfo is not None and _lacks_app(call.excinfo.value):
            with own_modules():
                from .report.failure import repr_at
            text = f"hygiene_client: there is no fixture 'app' that it could ask for a client\n{_EXAMPLE}"
            message = "hygiene_client: there is no fixture 'app'"
            report.longrepr = repr_at(str(item.path), (item.location[1] or 0) + 1, message, text)
        return report


def _lacks_app(error: BaseException) -> bool:
    """Whether it is ours that asked for a fixture ``app`` in vain."""
    if not isinstance(error, pytest.FixtureLookupError) or error.argname != "app":
        return False
    return bool(error.fixturestack) and error.fixturestack[-1].argname == NAME
