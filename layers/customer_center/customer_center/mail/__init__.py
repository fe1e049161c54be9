"""Mail templates and texts per language, rendering, and sending through SES."""
