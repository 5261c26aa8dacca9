"""Lines to carriers: targets, health, registration there, numbers."""
