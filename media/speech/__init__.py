"""Speech: text to sound, and sound to text in worker processes."""
