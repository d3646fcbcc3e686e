import pytest

TOWNS = {1: "Bergen", 2: "Lyon", 3: "Porto", 4: "Graz"}


@pytest.mark.parametrize("number", TOWNS)
def test_town(client, number):
    assert client.get(f"/parcel/{number}").json["town"] == TOWNS[number]


@pytest.mark.parametrize("number", TOWNS)
def test_weight(client, number):
    assert client.get(f"/parcel/{number}").json["kilos"] > 0


@pytest.mark.parametrize("number", [0, 5, 99])
def test_unknown_parcel(client, number):
    assert client.get(f"/parcel/{number}").status_code == 404


@pytest.mark.parametrize("number", TOWNS)
def test_parcels_of_a_town(client, number):
    assert client.get(f"/parcels/{TOWNS[number]}").json == [number]


def test_town_without_parcels(client):
    assert client.get("/parcels/Oslo").json == []


def test_not_a_number(client):
    assert client.get("/parcel/one").status_code == 404


def test_index(client):
    assert client.get("/").text == "parcels"
