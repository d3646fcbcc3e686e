"""Time as it passes, also where a test has stopped it.

freezegun replaces functions of ``time`` in every module that has a name for them; it looks into no class.
A loop that waits must end all the same if the clock stands (time-machine stops the function itself).
"""

from __future__ import annotations

import time
from typing import Final


class Clock:
    """Seconds, as Python gave them when the plugin was loaded."""

    monotonic: Final = staticmethod(time.monotonic)
    sleep: Final = staticmethod(time.sleep)
