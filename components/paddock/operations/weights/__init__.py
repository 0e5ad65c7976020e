"""Revisions of weights in their store: signed, listed, verified, compared, promoted, revoked and removed."""
