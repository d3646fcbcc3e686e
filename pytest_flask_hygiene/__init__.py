"""Finds every resource that a Flask test suite leaks, and blames the line that opened it."""

from ._version import __version__

__all__ = ["__version__"]
