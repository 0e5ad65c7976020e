"""Resources that a stack left in its AWS account: found by tag and name, told apart from kept ones, never deleted."""
