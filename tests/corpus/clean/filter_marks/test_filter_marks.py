import pytest
from filter_marks_app import answer, first_line


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("one\ntwo\n", encoding="utf-8")
    return path


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_category(path):
    assert first_line(path) == "one\n"


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_message(path):
    assert first_line(path) == "one\n"


@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
def test_database():
    assert answer() == 42


@pytest.mark.filterwarnings("ignore::ResourceWarning")
class TestWholeClass:
    def test_both(self, path):
        assert (first_line(path), answer()) == ("one\n", 42)
