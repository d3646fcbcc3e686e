"""Where Python and its distributions are installed, and what lies there."""

from __future__ import annotations

import os
import re
import site
import sys
from functools import cache, lru_cache
from importlib import metadata
from typing import Final, Literal

#: Where distributions are installed, by the name of the directory.
_PACKAGES: Final = frozenset(("site-packages", "dist-packages"))
#: The name of a directory on the way to everything that belongs to Python itself.
_PYTHONS_OWN: Final = _PACKAGES | {f"python{sys.version_info[0]}.{sys.version_info[1]}", "Lib"}


def is_installed(path: str) -> bool:
    """Whether a file belongs to an installed distribution."""
    return path.startswith(install_prefixes(tuple(sys.path))) or by_sysconfig(path) == "library"


def is_plainly_stdlib(path: str) -> bool:
    """Whether it lies in the standard library's directory, and in no other one that could say more."""
    for prefix in _stdlib_prefixes():
        if path.startswith(prefix):
            below = path[len(prefix) :].split(os.sep)
            others = (entry + os.sep for entry in sys.path if len(entry) >= len(prefix))
            return (
                _PACKAGES.isdisjoint(below)
                and not path.startswith(tuple(others))
                and not _holds_distributions(prefix.rstrip(os.sep))
            )
    return False


def by_sysconfig(path: str) -> Literal["library", "stdlib", "app"]:
    """Whose a file is by :mod:`sysconfig`, which takes long to load.

    It knows of more directories than :mod:`site` and ``sys.path`` do: ``platstdlib`` in a virtualenv, those
    of a distributor.  They have the same names, so that most files can be told to be in none of them.
    """
    if _PYTHONS_OWN.isdisjoint(path.split(os.sep)) and not path.startswith(_stdlib_prefixes()):
        return "app"
    install, stdlib = _sysconfig_prefixes()
    if path.startswith(install):
        return "library"
    return "stdlib" if path.startswith((*stdlib, *_stdlib_prefixes())) else "app"


@cache
def _sysconfig_prefixes() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where distributions are installed, and where the standard library lies."""
    import sysconfig

    paths = sysconfig.get_paths()
    install, stdlib = (
        tuple(p + os.sep for name in names for p in {paths[name], os.path.realpath(paths[name])})
        for names in (("purelib", "platlib"), ("stdlib", "platstdlib"))
    )
    return install, stdlib


@cache
def _stdlib_prefixes() -> tuple[str, ...]:
    found = {os.path.dirname(os.path.abspath(os.__file__))}
    zipped = [p for p in sys.path if re.fullmatch(r"python3\d+\.zip", os.path.basename(p))]
    return tuple(p + os.sep for base in (*found, *zipped) for p in {base, os.path.realpath(base)})


@lru_cache(maxsize=8)
def install_prefixes(path: tuple[str, ...]) -> tuple[str, ...]:
    """Directories (and archives) on ``sys.path`` that distributions are installed into."""
    found = {site.getusersitepackages(), *site.getsitepackages()}
    found.update(p for p in path if os.path.basename(p) in _PACKAGES)
    prefixes = {p + os.sep for base in found if base for p in (base, os.path.realpath(base))}
    for entry in path:
        # "pip install --target", zip archives: what a distribution's RECORD lists is installed,
        # the reader's own modules beside it are not.
        if (
            entry
            and not entry.startswith(tuple(prefixes))
            and entry not in found
            and _holds_distributions(entry)
        ):
            for distribution in metadata.distributions(path=[entry]):
                if distribution.read_text("RECORD"):
                    prefixes.update(_files_of(distribution))
    return tuple(prefixes)


@lru_cache(maxsize=256)
def _holds_distributions(entry: str) -> bool:
    """Whether there may be a RECORD; asking :mod:`importlib.metadata` takes far longer."""
    try:
        return any(name.lower().endswith(".dist-info") for name in os.listdir(entry))
    except NotADirectoryError:
        return True
    except OSError:
        return False


def distribution_prefixes(name: str) -> list[str]:
    """What a distribution has installed, as :func:`_files_of` gives it; empty if it is not installed."""
    try:
        return _files_of(metadata.distribution(name))
    except (metadata.PackageNotFoundError, ValueError):
        return []


def _files_of(distribution: metadata.Distribution) -> list[str]:
    """The packages (as directories) and modules that a distribution installed."""
    tops: dict[str, None] = {}
    for file in distribution.files or ():
        if (
            file.suffix == ".py"
            and not file.parts[0].endswith((".dist-info", ".data"))
            and file.parts[0] != ".."
        ):
            base = str(distribution.locate_file(file.parts[0]))
            tops[base + os.sep if len(file.parts) > 1 else base] = None
    return list(tops)


def library_name(filename: str) -> str:
    """The top-level package that a library's file belongs to, for a summary line."""
    path = os.path.abspath(filename)
    prefix = _longest_prefix(path)
    if not prefix:
        return os.path.basename(filename)
    rest = path[len(prefix) :] if prefix.endswith(os.sep) else os.path.basename(prefix)
    return (rest or os.path.basename(prefix.rstrip(os.sep))).split(os.sep)[0].removesuffix(".py")


def short_path(filename: str) -> str:
    """A library's file below its install directory: ``flask/app.py``."""
    path = os.path.abspath(filename)
    prefix = _longest_prefix(path, os.sep)
    return path[len(prefix) :].replace(os.sep, "/") if prefix else filename


def _longest_prefix(path: str, ending: str = "") -> str:
    """The innermost directory of installed code that a path lies in, or the module that it is."""
    prefixes = (*install_prefixes(tuple(sys.path)), *_stdlib_prefixes())
    found = [prefix for prefix in prefixes if path.startswith(prefix) and prefix.endswith(ending)]
    if not found and not _PYTHONS_OWN.isdisjoint(path.split(os.sep)):
        install, stdlib = _sysconfig_prefixes()
        found = [prefix for prefix in (*install, *stdlib) if path.startswith(prefix)]
    return max(found, key=len, default="")
