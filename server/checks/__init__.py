"""What is wrong with a machine or its settings, found before a server runs."""
