def price_of(kilos, path):
    """In cents."""
    for line in open(path, encoding="utf-8"):
        _, most, cents = line.split()
        if kilos <= int(most):
            return int(cents)
    raise ValueError(f"{kilos} kg: too heavy")
