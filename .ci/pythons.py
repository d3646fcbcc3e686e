"""Prints, as JSON, the versions of Python that a built wheel says it supports.

``python .ci/pythons.py dist/*.whl`` prints ``["3.10", "3.11"]``: the matrix of the tests on GitHub.
"""

import json
import re
import sys
import zipfile


def pythons(metadata):
    """From the text of the wheel's METADATA."""
    versions = re.findall(r"^Classifier: Programming Language :: Python :: (3\.\d+)$", metadata, re.MULTILINE)
    return sorted(versions, key=lambda version: int(version.partition(".")[2]))


def main():
    (wheel,) = sys.argv[1:]
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = archive.read(name).decode("utf-8")
    sys.stdout.write(json.dumps(pythons(metadata)) + "\n")


if __name__ == "__main__":
    main()
