"""How people get access: activation, accepting an invitation, confirming a new e-mail."""
