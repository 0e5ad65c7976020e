"""What a placement costs. Pure."""

from paddock.economics.price import HOURS_PER_MONTH, Price, PriceLine, price

__all__ = ["HOURS_PER_MONTH", "Price", "PriceLine", "price"]
