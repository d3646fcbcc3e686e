"""``python -m pytest_flask_hygiene.dev_server run ...`` is ``python -m flask run ...``, watched.

Runs in both of the reloader's processes, since the parent starts the child with its own command line.  What
differs from ``flask run`` are the arguments of ``werkzeug._reloader.run_with_reloader``: it notices a change
by looking at the files (``reloader_type="stat"``: watchdog need not be installed, and does not work
everywhere), also at a file of ours, and more often.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from .ending import Ending
from .events import ENVIRONMENT, EventWriter, Instructions, in_words

_LOOK_FOR_PYTEST_EVERY: Final = 0.5


def main() -> None:
    """Set up what watches this process, and run Flask's command line."""
    instructions = Instructions.from_text(os.environ[ENVIRONMENT])
    in_child = os.environ.get("WERKZEUG_RUN_MAIN") == "true"
    if in_child:
        # So that the application does not see it.  The parent keeps it, for it hands its environment on.
        del os.environ[ENVIRONMENT]
    events = EventWriter(instructions.events, "child" if in_child else "parent")
    ending = Ending(events)
    # A shell without job control starts a background process with SIGINT ignored, and Python leaves it so.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not in_child:
        _end_with_pytest(instructions.pytest_pid)
    import faulthandler

    # pytest ends a process that hangs by SIGABRT, so that it prints where.  The main thread only: on Python
    # 3.13.0 a look at the others may crash.
    faulthandler.enable(all_threads=False)
    if instructions.record:
        from .recorder import Recorder

        recorder = Recorder()
        recorder.start()
        ending.watch(recorder)
    events.write("started")

    import flask.cli

    _report_failed_imports(flask.cli, events)
    _steer_reloader(instructions, events, ending, in_child=in_child)
    flask.cli.cli.main(prog_name="flask")


def _report_failed_imports(module: Any, events: EventWriter) -> None:
    """Tell pytest, for the child does not end: Flask has it answer each request with the error."""
    original = module.ScriptInfo.load_app

    @wraps(original)
    def load_app(self: object) -> Any:
        try:
            return original(self)
        except Exception as error:
            events.write("import_failed", error=in_words(error))
            raise

    module.ScriptInfo.load_app = load_app


def _steer_reloader(
    instructions: Instructions, events: EventWriter, ending: Ending, *, in_child: bool
) -> None:
    """Have the reloader look at our file too, and tell pytest what it is about to do."""
    import werkzeug._reloader

    recorder = ending.recorder
    original = werkzeug._reloader.run_with_reloader

    @wraps(original)
    def run_with_reloader(serve: Callable[[], None], extra_files: Any = None, **options: Any) -> None:
        @wraps(serve)
        def serve_and_tell() -> None:
            if recorder is not None:
                recorder.ignore_thread(threading.current_thread())
            events.write("serving", port=serve.__self__.port)  # type: ignore[attr-defined]
            serve()

        if not in_child:
            events.write("imported", **({} if recorder is None else recorder.snapshot()))
        options.update(interval=instructions.interval, reloader_type="stat")
        try:
            original(serve_and_tell, extra_files=[*(extra_files or ()), instructions.marker], **options)
        finally:
            ending.main_thread_ends()

    werkzeug._reloader.run_with_reloader = run_with_reloader  # type: ignore[assignment]


def _end_with_pytest(pid: int) -> None:
    """Kill the server's processes when pytest is gone: if that was killed, nobody else would stop them."""
    if not hasattr(os, "killpg"):
        return

    def watch() -> None:
        while os.getppid() == pid:
            time.sleep(_LOOK_FOR_PYTEST_EVERY)
        os.killpg(0, signal.SIGKILL)

    import _thread

    _thread.start_new_thread(watch, ())


if __name__ == "__main__":
    main()
