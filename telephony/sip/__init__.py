"""The SIP core: messages, transactions and dialogs without sockets or clocks (RFC 3261)."""
