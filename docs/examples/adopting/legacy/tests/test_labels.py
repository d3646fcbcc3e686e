def test_label(client):
    assert client.post("/label/1").text == "printed"


def test_label_again(client):
    client.post("/label/1")
    assert client.post("/label/1").text == "printed"
