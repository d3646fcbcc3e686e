import shop_queue

from pytest_flask_hygiene import ResourceType


def pytest_hygiene_resources():
    return [
        ResourceType(
            "queue connection",
            shop_queue.Connection,
            is_open=lambda connection: not connection.closed,
            advice="call connection.close()",
        ),
    ]
