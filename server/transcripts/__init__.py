"""Recordings turned into words."""
