import gc
import warnings

import pytest
from deliberate_warns_app import careful, careless


def test_careless_report_warns():
    with pytest.warns(ResourceWarning, match="unclosed report"):
        careless()


def test_careful_report_does_not():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        careful()


def test_dropped_file_warns(tmp_path):
    with pytest.warns(ResourceWarning, match="unclosed file"):
        open(tmp_path / "dropped.txt", "w")
        gc.collect()
