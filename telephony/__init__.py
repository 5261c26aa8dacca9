"""The phone line: SIP, SDP, trunks, registrar and calls."""
