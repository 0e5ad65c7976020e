"""Checks before anything bills: facts that are read from the account, and rows that are decided from them."""
