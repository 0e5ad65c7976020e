"""A new stack file: answers, license gate, text."""
