"""Companies, users, roles, budgets, invitations and activation (seeds 000 and 001)."""
