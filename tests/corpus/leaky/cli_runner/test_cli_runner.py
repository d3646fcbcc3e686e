import pytest
from cli_runner_app import create_app


@pytest.fixture
def runner():
    return create_app().test_cli_runner()


def test_import(runner, tmp_path):
    path = tmp_path / "items.json"
    path.write_text('["tea", "milk"]', encoding="utf-8")
    result = runner.invoke(args=["import", str(path)])
    assert result.exit_code == 0
    assert "2 items" in result.output


def test_missing_file(runner):
    result = runner.invoke(args=["import", "no-such-file.json"])
    assert result.exit_code == 2
    assert "does not exist" in result.output


def test_usage_error(runner):
    assert "say --yes" in runner.invoke(args=["drop"]).output


def test_command_raises(runner):
    result = runner.invoke(args=["drop", "--yes"])
    assert result.exit_code == 1
    assert isinstance(result.exception, RuntimeError)
    assert result.exc_info[0] is RuntimeError


def test_not_caught(runner):
    with pytest.raises(RuntimeError, match="nothing to drop"):
        runner.invoke(args=["drop", "--yes"], catch_exceptions=False)
