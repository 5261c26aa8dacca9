"""The administration port."""
