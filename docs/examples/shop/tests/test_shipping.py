from shop.shipping import print_label


def test_print_label(app, tmp_path):
    with app.app_context():
        assert print_label(tmp_path / "label.pdf") == "label.pdf"
