import logging

from logging_handlers_app import create_app, log_to, rotating


def test_warning_is_written(tmp_path):
    app = create_app("logging_handlers")
    with log_to(app, tmp_path / "app.log"):
        app.test_client().get("/warn/careful")
    assert (tmp_path / "app.log").read_text(encoding="utf-8") == "WARNING careful\n"


def test_rollover(tmp_path):
    logger = logging.getLogger("logging_handlers.rollover")
    handler = rotating(tmp_path / "big.log")
    logger.addHandler(handler)
    for n in range(20):
        logger.warning("line %d of many which fill the file", n)
    logger.removeHandler(handler)
    handler.close()
    assert {path.name for path in tmp_path.iterdir()} == {"big.log", "big.log.1", "big.log.2"}
