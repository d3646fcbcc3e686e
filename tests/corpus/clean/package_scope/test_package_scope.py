from .package_scope_app import read_notes


def test_add_note(client):
    assert client.post("/notes", data={"text": "second"}).status_code == 204
    assert client.get("/notes").json[-1] == "second"


def test_context_is_there(app):
    assert "first" in read_notes()
