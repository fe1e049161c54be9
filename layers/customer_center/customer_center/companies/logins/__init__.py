"""Keeping the logins in line with the records."""
