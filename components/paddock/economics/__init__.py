"""Prices of placements. Pure."""

from paddock.economics.price import HOURS_PER_MONTH, Price, PriceLine, endpoints_price, price

__all__ = ["HOURS_PER_MONTH", "Price", "PriceLine", "endpoints_price", "price"]
