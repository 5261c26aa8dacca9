"""Who may do what: passwords of the agents' phones."""
