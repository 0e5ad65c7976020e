"""Predicates of privacy: pure functions on the inputs of a resource, for constructors, the policy pack and the proof.

Each takes a Pulumi type token and plain inputs and lists what it finds; a type that it does not check gives nothing.
`UNKNOWN` marks what a preview cannot know. No Pulumi import, here or below.
"""
