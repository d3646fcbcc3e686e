"""an exception that keeps itself alive (`error = e`) in the application"""

from errors import order


def test_leaks():
    assert order() == "sold out"


def test_innocent():
    pass
