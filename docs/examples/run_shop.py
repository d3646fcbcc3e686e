"""Runs the leaky shop's tests. Succeeds if they pass without the plugin and the plugin finds their leaks."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOUND = re.compile(r"hygiene: [1-9]\d* leaks? in [1-9]\d* tests?")


def run_pytest(*options):
    # Not "python -m pytest": that would import the plugin from the current directory, not the installed one.
    pytest = shutil.which("pytest", path=sysconfig.get_path("scripts"))
    environ = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    result = subprocess.run(
        [pytest, "-p", "no:cacheprovider", "docs/examples/shop", *options],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    print(result.stdout, flush=True)
    return result


def main():
    without = run_pytest("--hygiene=off", "-q")
    if without.returncode != 0:
        return f"run_shop: without the plugin the shop's tests must pass; pytest exited {without.returncode}"
    found = run_pytest()
    if found.returncode != 1 or not FOUND.search(found.stdout):
        return f"run_shop: the plugin must find the shop's leaks; pytest exited {found.returncode}"
    return 0


if __name__ == "__main__":
    sys.exit(main())
