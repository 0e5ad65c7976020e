"""AWS, as far as paddock needs it, without AWS: a moto server extended with what moto lacks, and a Pulumi provider on it."""
