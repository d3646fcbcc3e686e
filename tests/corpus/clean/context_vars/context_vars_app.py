from contextvars import ContextVar

from flask import Flask, request
from werkzeug.local import LocalProxy

_tenant = ContextVar("tenant")
tenant = LocalProxy(_tenant, unbound_message="no tenant")


def create_app():
    app = Flask(__name__)

    @app.before_request
    def enter():
        request.tenant_token = _tenant.set(request.headers.get("X-Tenant", "public"))

    @app.teardown_request
    def leave(error):
        _tenant.reset(request.tenant_token)

    @app.get("/")
    def index():
        return str(tenant)

    return app
