"""What is kept: capture, catalogue and transcripts."""
