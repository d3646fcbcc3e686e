import pytest
from parcels.tariffs import price_of


@pytest.mark.parametrize(("kilos", "cents"), [(1, 95), (2, 450), (10, 790), (30, 1690)])
def test_price(client, kilos, cents):
    assert client.get(f"/price/{kilos}").json == cents


def test_too_heavy(app):
    with pytest.raises(ValueError, match="too heavy"):
        price_of(31, app.config["TARIFFS"])


def test_list(client):
    assert client.get("/tariffs").text.startswith("letter 1 95")
