"""A SIP softphone as a process of its own, driven by JSON lines: the people of demonstration and tests."""
