"""The journal sent on to other systems over HTTP, signed, in order, and never given up for a short outage."""
