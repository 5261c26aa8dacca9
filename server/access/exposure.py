"""When the API may be reached from other machines (pure)."""

from __future__ import annotations

from ipaddress import ip_address

from config.settings import HttpSettings


def exposure_problem(http: HttpSettings) -> str:
    """Why the server must not start like that; empty when it may.

    Tokens are asked for everywhere; on a network that others can read they need TLS around them.
    """
    if bool(http.certificate) != bool(http.private_key):
        return "http.certificate: it and http.private_key belong together; give both or none"
    if reachable_from_outside(http.address) and not http.certificate:
        return (
            f"http.address: {http.address} is reachable from other machines, and tokens would cross the "
            "network in clear; give http.certificate and http.private_key, "
            'or set http.address = "127.0.0.1" and use a tunnel'
        )
    return ""


def reachable_from_outside(address: str) -> bool:
    """A name that is none of localhost's counts as an address of the network."""
    try:
        return not ip_address(address).is_loopback
    except ValueError:
        return address != "localhost"
