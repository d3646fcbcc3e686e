import asyncio
import socket


def is_reachable(address):
    try:
        socket.create_connection(address, timeout=2)
    except OSError:
        return False
    return True


def quotes(sku, suppliers):
    async def ask_all():
        return await asyncio.gather(*(supplier(sku) for supplier in suppliers))

    loop = asyncio.new_event_loop()
    return min(loop.run_until_complete(ask_all()))


def order(sku, send, attempts=3):
    error = None
    for _ in range(attempts):
        try:
            return send(sku)
        except ConnectionError as e:
            error = e
    return f"not ordered: {error}"
