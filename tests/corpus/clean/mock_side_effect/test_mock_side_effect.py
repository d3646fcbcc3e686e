from unittest.mock import Mock, patch

import pytest
from mock_side_effect_app import Declined, create_app


@pytest.fixture
def gateway():
    return Mock(spec=["charge"])


@pytest.fixture
def client(gateway):
    return create_app(gateway).test_client()


def test_paid(client, gateway):
    gateway.charge.return_value = "r-1"
    response = client.post("/pay", json={"amount": 5})
    assert response.status_code == 201
    assert response.json == {"receipt": "r-1"}


def test_declined(client, gateway):
    gateway.charge.side_effect = Declined("no funds")
    response = client.post("/pay", json={"amount": 5})
    assert response.status_code == 402
    assert response.json["error"] == "no funds"


def test_gateway_comes_back(client, gateway):
    gateway.charge.side_effect = [ConnectionError("reset"), "r-2"]
    assert client.post("/pay", json={"amount": 5}).status_code == 503
    assert client.post("/pay", json={"amount": 5}).json == {"receipt": "r-2"}


def test_patched_jsonify(client, gateway):
    gateway.charge.return_value = "r-3"
    with patch("mock_side_effect_app.jsonify", side_effect=TypeError("not serializable")):
        assert client.post("/pay", json={"amount": 5}).status_code == 500
