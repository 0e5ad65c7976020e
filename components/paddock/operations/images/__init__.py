"""Bringing the platform's images into the account's own registry, from outside the VPC.

`inventory` says what is needed, `resolve` reads it at the source, `plan` decides what to copy, `sync` copies. Only
`registry` and `ecr` talk to anything.
"""
