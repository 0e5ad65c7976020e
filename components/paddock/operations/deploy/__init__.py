"""A stack from an empty account to its first answer, step by step, resumed where it was cut off."""
