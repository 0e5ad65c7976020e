"""Pulumi plugins that no package registry serves, written small and found through PATH by the local cloud alone."""
