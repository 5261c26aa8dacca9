"""What callers hear: the flow language and its engine."""
