"""A conversation with the model of a stack: the way to its endpoint, requests, and how fast the answers come."""
