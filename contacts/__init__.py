"""What happens to one customer, from ring to wrap-up: ids, facts, outcomes, and the contact core. Pure."""
