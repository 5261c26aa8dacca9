"""Phones of agents: who may register, and where they are reached."""
