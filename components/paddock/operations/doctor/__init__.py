"""Diagnosis of a stack that stands: what is wrong in one sentence, and the facts behind it. Reads only."""
