"""The ERP's events, contacts and customer numbers."""
