import pytest

from pytest_flask_hygiene.dev_server.errors import DevServerError


def test_reload(dev_server):
    server = dev_server("shop:create_app")  # flask --app shop:create_app run --debug
    assert server.get("/").status_code == 200
    report = server.reload()  # as after an edit; returns when the new process serves
    report.check()  # fails with what the old process left open
    assert report.seconds < 5


def test_orders_survive_a_reload(dev_server, tmp_path):
    server = dev_server("shop:create_app", env={"SHOP_ORDERS": str(tmp_path / "orders.txt")})
    assert server.post("/orders", data={"sku": "tea"}).status_code == 201
    server.reload().check()
    assert server.get("/orders").json == ["tea"]


def test_stop(dev_server):
    server = dev_server("shop:create_app")
    assert server.get("/").text == "welcome"
    server.stop().check()


def test_missing_directory(dev_server, tmp_path):
    with pytest.raises(DevServerError) as info:
        dev_server("shop:create_app", env={"SHOP_ORDERS": str(tmp_path / "missing" / "orders.txt")})
    assert "SHOP_ORDERS: there is no directory" in info.value.output


def test_only_the_journal_is_left(dev_server):
    server = dev_server("legacy:app")
    report = server.reload()
    assert [finding.kind for finding in report.findings] == ["file"]


@pytest.mark.allow_leak("file", match="legacy", reason="the journal stays open until the process ends")
def test_legacy(dev_server):
    server = dev_server("legacy:app")
    server.reload().check()
