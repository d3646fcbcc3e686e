import pytest
from shop.catalogue import price_with_vat


def test_index(client):
    assert b"Teapot, stoneware" in client.get("/").data


@pytest.mark.parametrize(("sku", "price"), [("tea", b"8.90"), ("kettle", b"34.90")])
def test_product(client, sku, price):
    assert price in client.get(f"/product/{sku}").data


@pytest.mark.parametrize("path", ["/product/samovar", "/no/such/page"])
def test_not_found(client, path):
    response = client.get(path)
    assert response.status_code == 404
    assert b"<h1>Not Found</h1>" in response.data


def test_error_page(app, client, monkeypatch):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr("shop.views.PRODUCTS", None)
    response = client.get("/")
    assert response.status_code == 500
    assert b"<h1>Internal Server Error</h1>" in response.data


def test_price_with_vat(app):
    with app.app_context():
        assert price_with_vat("tea") == 1068


def test_price_with_vat_pushed(app):
    app.app_context().push()
    assert price_with_vat("kettle") == 4188
