"""AWS without AWS, as far as paddock needs it: a moto server that knows more, and a Pulumi provider on it."""
