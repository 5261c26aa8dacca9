"""Proof that recordings are what they were: signed manifests, and a log that can only grow."""
