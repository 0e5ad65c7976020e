"""Programs and state files that are right or wrong on AWS, and what the policy pack and the proof must say of each."""
