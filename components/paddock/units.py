"""Bytes: binary units for memory and disks, the decimal one for what vendors and networks count in."""

MIB = 2**20
GIB = 2**30
GB = 10**9
MIB_PER_GIB = GIB // MIB
