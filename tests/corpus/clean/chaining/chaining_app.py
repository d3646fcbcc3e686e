import json

from flask import Flask


class ConfigError(Exception):
    def __init__(self, path):
        super().__init__(f"cannot read {path.name}")


def load(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise ConfigError(path) from e
    except ValueError:
        raise ConfigError(path) from None


def create_app(path):
    app = Flask(__name__)
    app.config.update(load(path))

    @app.get("/reload")
    def reload():
        try:
            app.config.update(load(path))
        except ConfigError as e:
            return f"{e} ({type(e.__cause__).__name__})", 500
        return "reloaded"

    return app
