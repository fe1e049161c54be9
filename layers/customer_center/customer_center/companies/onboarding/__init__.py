"""Getting in: activation, accepting an invitation, confirming a new e-mail."""
