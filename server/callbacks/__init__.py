"""Calls that customers are promised: the promise, the dialling, and what must outlive a kill."""
