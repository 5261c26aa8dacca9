"""What flows ask of the world outside: web services, conversation partners, webhooks."""
