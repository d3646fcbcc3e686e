"""The fixture's factory, and what a failing test shows of its servers."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from ..origin import OriginMap
from ..raised_leaks import add_leaks, register
from ..settings import Settings, read_marks
from ..usage import with_page
from ..verdict import Verdict
from .events import ENVIRONMENT, Instructions
from .judge import Judge
from .process import ServerProcess
from .server import DevServer

if TYPE_CHECKING:
    from ..findings import Finding
    from ..run import Run

_NAME: Final = "flask_hygiene_dev_server"
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_servers_key: Final = pytest.StashKey[list[DevServer]]()

#: Variables of a server that pytest may run in, of pytest itself, and for HTTPS, which the client can't do.
_NOT_INHERITED: Final = (
    "WERKZEUG_RUN_MAIN",
    "WERKZEUG_SERVER_FD",
    "PYTEST_CURRENT_TEST",
    "PYTEST_VERSION",
    "FLASK_RUN_CERT",
    "FLASK_RUN_KEY",
    ENVIRONMENT,
)


class DevServerFactory:
    """What the fixture ``dev_server`` gives to a test; calling it starts a server."""

    def __init__(self, request: pytest.FixtureRequest, settings: Settings, run: Run | None) -> None:
        self._config = request.config
        self._node: pytest.Item = request.node
        self._directories: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
        self._settings = settings
        self._run = run
        self._verdict = Verdict(settings, self._config.rootpath) if run is None else run.ledger.verdict
        self._servers: list[DevServer] = request.node.stash.setdefault(_servers_key, [])
        if not self._config.pluginmanager.has_plugin(_NAME):
            self._config.pluginmanager.register(ServerOutput(), _NAME)
        register(self._config, run)

    def __call__(
        self,
        app: str | None = None,
        *,
        env: Mapping[str, str | None] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        extra_files: Iterable[str | os.PathLike[str]] = (),
        port: int = 0,
        interval: float = 0.1,
        timeout: float = 30.0,
        wait_for_threads: float = 5.0,
    ) -> DevServer:
        """Start ``flask --app APP run --debug``, and wait until it serves.

        ``app``: ``"module:app"``, ``"module:factory"`` or ``"module:factory('argument')"``, as for
        ``flask --app``; None: what ``FLASK_APP``, ``wsgi.py`` or ``app.py`` say.  ``env``: variables to add
        to the environment (None takes one away).  ``cwd``: the directory to start in, by default pytest's
        rootdir.  ``extra_files``: more files for the reloader to watch.  ``port``: by default any free one.
        ``interval``: seconds between two looks of the reloader.  ``timeout``: seconds for each of starting,
        answering a request, reloading and stopping.  ``wait_for_threads``: seconds after which the wait of
        an old process for its threads is interrupted.

        Raises :class:`~pytest_flask_hygiene.dev_server.errors.DevServerError` if it does not serve.
        """
        __tracebackhide__ = True
        directory = self._config.rootpath if cwd is None else Path(cwd)
        _check(app, directory, port, interval=interval, timeout=timeout, wait_for_threads=wait_for_threads)
        own = self._directories.mktemp("dev_server")
        marker, events = own / "marker", own / "events"
        marker.touch()
        events.touch()
        instructions = Instructions(
            events=str(events),
            marker=str(marker),
            interval=interval,
            record=self._run is not None and self._run.full,
            pytest_pid=os.getpid(),
        )
        command = _command(app, port, [os.path.abspath(directory / file) for file in extra_files])
        environment = self._environment(env or {}, instructions)
        process = ServerProcess(command, directory, environment, own / "output", events)
        name = f"dev_server({'' if app is None else repr(app)})"
        server = DevServer(name, process, self._judge(app), marker, timeout, wait_for_threads)
        self._servers.append(server)
        server.wait_until_serving()
        return server

    def _judge(self, app: str | None) -> Judge:
        return Judge(
            app or "the application",
            self._node.nodeid,
            OriginMap(self._config.rootpath) if self._run is None else self._run.origin,
            self._settings,
            self._verdict,
            partial(read_marks, self._node),
            self._config.invocation_params.dir,
            self._accepted,
        )

    def _environment(self, env: Mapping[str, str | None], instructions: Instructions) -> dict[str, str]:
        """pytest's own, with ``env`` and what the server's processes need."""
        environment = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
        # What tests can import, the server can.
        paths = [str(path) for path in self._config.getini("pythonpath")]
        if paths:
            inherited = environment.get("PYTHONPATH")
            environment["PYTHONPATH"] = os.pathsep.join([*paths, *([inherited] if inherited else [])])
        environment["PYTHONUNBUFFERED"] = "1"
        for name, value in env.items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = value
        environment[ENVIRONMENT] = instructions.to_text()
        return environment

    def _accepted(self, findings: list[Finding]) -> None:
        """What does not fail the test is counted in the summary."""
        add_leaks(self._run, self._node.nodeid, findings)

    def close(self) -> None:
        """End all servers of this test."""
        while self._servers:
            self._servers[-1].close()
            self._servers.pop()


def _command(app: str | None, port: int, watched: list[str]) -> list[str]:
    """What runs ``__main__.py`` as ``flask run`` is run; ``watched``: more files for the reloader."""
    command = [sys.executable, "-m", __name__.rpartition(".")[0]]
    if app is not None:
        command += ["--app", app]
    command += ["run", "--debug", "--reload", "--host", "127.0.0.1", "--port", str(port)]
    if watched:
        command += ["--extra-files", os.pathsep.join(watched)]
    return command


def _check(app: object, directory: Path, port: object, **seconds: object) -> None:
    """Raise TypeError or ValueError, with one line that names the argument, for what can't be used."""
    __tracebackhide__ = True
    if app is not None and not isinstance(app, str):
        raise TypeError(
            with_page(
                "dev_server: the application must be named ('module:app' or 'module:factory'), not given as "
                f"{type(app).__name__}: the server imports it in a process of its own"
            )
        )
    if not directory.is_dir():
        raise ValueError(with_page(f"dev_server: cwd={str(directory)!r} is not a directory"))
    if not isinstance(port, int) or not 0 <= port < 65536:
        raise ValueError(with_page(f"dev_server: port={port!r} is not a port number (0: any free one)"))
    for name, value in seconds.items():
        least = 0 if name == "wait_for_threads" else 0.001
        if not isinstance(value, (int, float)) or value < least:
            raise ValueError(
                with_page(f"dev_server: {name}={value!r} is not a number of seconds, at least {least}")
            )


class ServerOutput:
    """A plugin, registered with the first server: a failing test shows what its servers have printed."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.failed:
            for server in item.stash.get(_servers_key, ()):
                report.sections.append((f"output of {server.name}", _COLOURS.sub("", server.output)))
        return report
