from io import BytesIO
from zipfile import ZipFile

from shop.reports import price_archive, price_lines, read_prices


def test_price_lines():
    assert list(price_lines())[1] == "kettle,3490\n"


def test_read_prices(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text("sku,cents\ntea,890\n", encoding="utf-8")
    assert read_prices(path) == {"tea": 890}


def test_price_file(price_file):
    price_file.seek(0)
    assert price_file.readlines()[1] == "tea,890\n"


def test_price_archive():
    with ZipFile(BytesIO(price_archive())) as archive:
        assert archive.namelist() == ["prices.csv"]
