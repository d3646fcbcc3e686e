"""What a user can't have meant: one line each, which names the page that explains it."""

from __future__ import annotations

from typing import Any, Final

import pytest

#: The page that explains all messages but the findings, which name the pages of their kinds.
MESSAGES: Final = "docs/messages.md in pytest-flask-hygiene"

#: Of the output of a pytest-xdist worker.
_KEY: Final = "flask_hygiene_usage_error"


def with_page(text: str) -> str:
    """The message, with the page that explains it, once."""
    end = f" (see {MESSAGES})"
    return text if text.endswith(end) else text + end


def usage_error(text: str) -> pytest.UsageError:
    """An error for what the user can't have meant: pytest prints the line, and exits with status 4."""
    return pytest.UsageError(with_page(text))


def tell_controller(config: pytest.Config, error: pytest.UsageError) -> None:
    """Send home what has ended the collection in a worker of pytest-xdist; nothing in another process.

    The controller has given out the tests by then, and would end with an internal error as nobody runs them.
    """
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output[_KEY] = str(error)


def raise_error_of_worker(node: Any) -> None:
    """Raise :class:`pytest.UsageError` if that is what has ended the collection in this worker."""
    text = getattr(node, "workeroutput", {}).get(_KEY)
    if text:
        raise pytest.UsageError(text)
