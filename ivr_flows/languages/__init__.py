"""What a language says: the names of keys, and how numbers, dates and sums are read."""
