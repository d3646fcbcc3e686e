from unittest.mock import ANY, Mock

from mock_logger_app import Importer


def test_good_rows_are_not_logged():
    log = Mock()
    assert Importer(log).run([("tea", "3.50"), ("milk", "1")]) == 2
    log.error.assert_not_called()


def test_bad_price_is_logged():
    log = Mock()
    assert Importer(log).run([("tea", "3.50"), ("milk", "free")]) == 1
    log.error.assert_called_once_with("bad price for %s: %s", "milk", ANY)
    assert isinstance(log.error.call_args.args[2], ValueError)


def test_every_bad_price_is_logged():
    importer = Importer(Mock(name="log"))
    importer.run([("a", "x"), ("b", "y"), ("c", "1")])
    assert [call.args[1] for call in importer.log.error.call_args_list] == ["a", "b"]
