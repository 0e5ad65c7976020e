"""Reading a checkpoint of one's own where it is, and writing its figures into a stack file."""
