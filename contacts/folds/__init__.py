"""What the facts of a contact add up to, for one kind of reader each. Pure."""
