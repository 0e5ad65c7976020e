"""Making a smaller checkpoint of a published one, by a Job on a GPU of the plan."""
