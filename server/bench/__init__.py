"""What a server costs, measured from outside: loads, the bare minimum beside them, and the CPU both took."""
