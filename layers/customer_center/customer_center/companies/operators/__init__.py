"""What operators change, and what the shop's backend reads."""
