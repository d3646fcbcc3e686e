"""The page of the bundled leaky shop, for somebody who knows nothing of the plugin."""

from __future__ import annotations

import shutil

from doc_examples import EXAMPLES, ROOT, as_block, assert_page_shows, run_example
from parsed_pages import Element, parse

SHOP = EXAMPLES / "shop"

#: What the page tells them to change, done: by file, what is there and what the page's example makes of it.
MENDED = {
    "shop/db.py": (
        "def init_db():",
        (
            "def close_db(error=None):\n"
            '    db = g.pop("db", None)\n'
            "    if db is not None:\n"
            "        db.close()\n\n\n"
            "def init_db():"
        ),
    ),
    "shop/__init__.py": (
        "    return app\n",
        "    from .db import close_db\n\n    app.teardown_appcontext(close_db)\n    return app\n",
    ),
    "shop/reports.py": (
        '    return {row["sku"]: int(row["cents"]) for row in csv.DictReader(open(path, encoding="utf-8"))}',
        (
            '    with open(path, encoding="utf-8") as file:\n'
            '        return {row["sku"]: int(row["cents"]) for row in csv.DictReader(file)}'
        ),
        (
            '    folder = tempfile.TemporaryDirectory(prefix="prices-")\n'
            '    prices = Path(folder.name, "prices.csv")\n'
            '    prices.write_text("".join(price_lines()), encoding="utf-8")\n'
            "    archive = io.BytesIO()\n"
            '    with zipfile.ZipFile(archive, "w") as target:\n'
            "        target.write(prices, prices.name)\n"
            "    return archive.getvalue()\n"
        ),
        (
            '    with tempfile.TemporaryDirectory(prefix="prices-") as path:\n'
            '        prices = Path(path, "prices.csv")\n'
            '        prices.write_text("".join(price_lines()), encoding="utf-8")\n'
            "        archive = io.BytesIO()\n"
            '        with zipfile.ZipFile(archive, "w") as target:\n'
            "            target.write(prices, prices.name)\n"
            "        return archive.getvalue()\n"
        ),
    ),
    "shop/shipping.py": (
        'subprocess.Popen([*current_app.config["LABEL_PRINTER"], str(path)])',
        'subprocess.run([*current_app.config["LABEL_PRINTER"], str(path)], check=True)',
    ),
    "shop/suppliers.py": (
        "        socket.create_connection(address, timeout=2)\n",
        "        with socket.create_connection(address, timeout=2):\n            pass\n",
        "    loop = asyncio.new_event_loop()\n    return min(loop.run_until_complete(ask_all()))\n",
        "    return min(asyncio.run(ask_all()))\n",
        "            error = e\n",
        "            error = str(e)\n",
    ),
    "tests/test_catalogue.py": (
        '    app.app_context().push()\n    assert price_with_vat("kettle") == 4188\n',
        '    with app.app_context():\n        assert price_with_vat("kettle") == 4188\n',
    ),
    "tests/conftest.py": (
        (
            '    file = open(tmp_path / "prices.csv", "w+", encoding="utf-8")\n'
            '    file.write("sku,cents\\ntea,890\\n")\n'
            "    file.flush()\n"
            "    return file\n"
        ),
        (
            '    with open(tmp_path / "prices.csv", "w+", encoding="utf-8") as file:\n'
            '        file.write("sku,cents\\ntea,890\\n")\n'
            "        file.flush()\n"
            "        yield file\n"
        ),
    ),
}


def _told(group: Element) -> str:
    fix = group.one(of_class="fix")
    lines = [
        f"{group.one('h3').words}: {group.one(of_class='state').words}",
        *(f"    {p.words}" for p in fix.all("p")),
        *(f"        {line}".rstrip() for line in fix.one("pre").text.splitlines()),
    ]
    return "".join(f"{line}\n" for line in lines)


def test_docs_tell_what_the_page_says_of_each_finding(tmp_path):
    run_example(SHOP, tmp_path, "-p", "no:flask", "--hygiene-report=leaks.html")
    page = parse((tmp_path / "shop" / "leaks.html").read_text("utf-8"))
    text = "\n".join(map(_told, page.all("article")))
    assert_page_shows(ROOT / "docs" / "reports.md", as_block(text, "text"), "page")


def test_the_shop_mended_as_the_page_says_has_no_leaks(tmp_path):
    shop = tmp_path / "mended" / "shop"
    shutil.copytree(SHOP, shop, ignore=shutil.ignore_patterns("__pycache__"))
    for name, texts in MENDED.items():
        path = shop / name
        text = path.read_text("utf-8")
        for old, new in zip(texts[::2], texts[1::2], strict=True):
            assert text.count(old) == 1, (name, old)
            text = text.replace(old, new)
        path.write_text(text, "utf-8")
    output = run_example(shop, tmp_path, "-p", "no:flask")
    assert "hygiene: no leaks" in output
    assert "25 passed" in output
