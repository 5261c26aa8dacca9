"""Sockets, connections and names: bytes in, bytes out, nothing about calls."""
