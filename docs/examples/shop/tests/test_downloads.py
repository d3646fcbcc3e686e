from io import BytesIO


def test_manual(client):
    response = client.get("/manual/kettle.txt")
    assert response.data.startswith(b"Kettle, 1.7 l")


def test_manual_closed(client):
    with client.get("/manual/kettle.txt") as response:
        assert response.data.startswith(b"Kettle, 1.7 l")


def test_no_such_manual(client):
    assert client.get("/manual/samovar.txt").status_code == 404


def test_prices(client):
    assert client.get("/prices.csv").text.splitlines()[-1] == "tea,890"


def test_small_photo(client):
    photo = BytesIO(b"\xff" * 1000)
    assert client.post("/photo/tea", data={"photo": (photo, "tea.jpg")}).json == {"bytes": 1000}


def test_large_photo(client):
    photo = BytesIO(b"\xff" * 600_000)
    assert client.post("/photo/tea", data={"photo": (photo, "tea.jpg")}).json == {"bytes": 600_000}
