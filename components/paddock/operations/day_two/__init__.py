"""Day two: what an `up` would change on a stack that stands, and for how long the model is away."""
