"""What the user can't have meant, in one line; and the page that explains each message."""

from __future__ import annotations

from typing import Final

import pytest

#: Of all messages but the findings, which have pages of their kinds.
MESSAGES: Final = "docs/messages.md in pytest-flask-hygiene"


def usage_error(text: str) -> pytest.UsageError:
    """One line, which names the page that has a paragraph on it."""
    return pytest.UsageError(f"{text} (see {MESSAGES})")
