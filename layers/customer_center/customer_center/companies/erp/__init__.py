"""What the ERP has and tells: its events, contacts and customer numbers."""
