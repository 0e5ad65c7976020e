"""Fixtures of all tests."""

from hypothesis import settings

# The first example of a property fills the catalog's caches and takes a hundred times as long as the others.
settings.register_profile("paddock", deadline=None)
settings.load_profile("paddock")
