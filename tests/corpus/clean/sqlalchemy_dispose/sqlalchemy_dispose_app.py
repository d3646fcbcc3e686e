from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class Item(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String, unique=True, nullable=False)


def create_app(uri):
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = uri
    db.init_app(app)

    @app.get("/items")
    def items():
        return [item.name for item in db.session.scalars(db.select(Item).order_by(Item.name))]

    @app.post("/items")
    def add():
        db.session.add(Item(name=request.form["name"]))
        db.session.commit()
        return "", 201

    @app.get("/health")
    def health():
        return "ok"

    return app
