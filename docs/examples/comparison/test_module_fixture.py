"""a module fixture that never closes its file; the last test does not use it"""

import pytest


@pytest.fixture(scope="module")
def prices():
    return open(__file__)


def test_leaks(prices):
    assert prices.read()


def test_innocent():
    pass
