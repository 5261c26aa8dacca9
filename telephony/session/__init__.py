"""One dialog's talk from its first message to its last (pure): sessions, offers, referrals, refresh."""
