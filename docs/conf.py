"""Sphinx's configuration.  The version is read from the source, so that nothing need be installed."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

_init = (ROOT / "pytest_flask_hygiene" / "__init__.py").read_text(encoding="utf-8")
_version = re.search(r'^__version__ = "(.+)"$', _init, re.MULTILINE)
assert _version is not None

project = "pytest-flask-hygiene"
author = "pytest-flask-hygiene contributors"
project_copyright = f"2026, {author}"
release = version = _version[1]

extensions = ["myst_parser"]
exclude_patterns = ["_build", "examples", "cost_remarks.md"]
nitpicky = True

# The pages of messages and of the configuration are lists of terms with explanations.
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"{project} {release}"
