"""Resources that a stack left in its AWS account: found by tag and by name, told apart from what is kept, never deleted."""
