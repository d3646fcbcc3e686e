"""Usage errors: one line each, which names the page that explains it."""

from __future__ import annotations

from typing import Final

import pytest

#: The page that explains all messages but the findings, which name the pages of their kinds.
MESSAGES: Final = "docs/messages.md in pytest-flask-hygiene"


def usage_error(text: str) -> pytest.UsageError:
    """An error for what the user can't have meant: pytest prints the line, and exits with status 4."""
    return pytest.UsageError(f"{text} (see {MESSAGES})")
