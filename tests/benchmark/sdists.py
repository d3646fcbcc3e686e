"""Real projects' own tests, from the source distributions of the very versions that are installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from importlib import metadata
from pathlib import Path

from .measure import RefusedError, say


def unpacked(project: str, work: Path) -> Path:
    """The project's directory, downloaded once.  The version is the installed one: pyproject.toml pins it."""
    wanted = f"{project}=={metadata.version(project)}"
    target = work / "projects" / wanted.replace("==", "-")
    if target.is_dir():
        return target
    say(f"downloading {wanted}")
    download = work / "download"
    shutil.rmtree(download, ignore_errors=True)
    # pip asks the index that the user has configured, and checks the file against it.
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "download", "--no-deps", "--no-binary", ":all:", "--dest", str(download / "sdist"), wanted],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RefusedError(f"pip could not download {wanted}: {done.stdout.strip()}")
    (archive,) = (download / "sdist").iterdir()
    with tarfile.open(archive) as tar:
        # Nothing outside the directory, no devices, no odd permissions.
        tar.extractall(download / "unpacked", filter="data")
    (root,) = (download / "unpacked").iterdir()
    target.parent.mkdir(parents=True, exist_ok=True)
    root.rename(target)
    shutil.rmtree(download)
    return target


def copy_of(project: str, work: Path) -> Path:
    """A fresh copy to run in.  Without src: the tests must import what is installed."""
    target = work / "suites" / project
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(unpacked(project, work), target, ignore=shutil.ignore_patterns("src", "docs", "examples"))
    return target
