def order():
    error = None
    try:
        raise ValueError("sold out")
    except ValueError as e:
        error = e
    return str(error)
