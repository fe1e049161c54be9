"""What operators do to companies, and what the shop's backend reads."""
