"""Every fact of a contact, in order and durable."""
