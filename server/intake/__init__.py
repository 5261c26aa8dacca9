"""Calls taken: one caller from ring to hang-up, and what their flow orders."""
