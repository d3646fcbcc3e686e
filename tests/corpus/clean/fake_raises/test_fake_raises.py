from fake_raises_app import create_app


class FakeMailer:
    def __init__(self, error=None):
        self.error = error
        self.sent = []

    def send(self, address, subject):
        if self.error is not None:
            raise self.error
        self.sent.append((address, subject))


def test_invitation_is_sent():
    mailer = FakeMailer()
    response = create_app(mailer).test_client().post("/invite", data={"address": "a@example.org"})
    assert response.text == "sent"
    assert mailer.sent == [("a@example.org", "Welcome")]


def test_mail_server_down():
    mailer = FakeMailer(error=ConnectionRefusedError("down"))
    response = create_app(mailer).test_client().post("/invite", data={"address": "a@example.org"})
    assert response.status_code == 202
    assert mailer.sent == []
