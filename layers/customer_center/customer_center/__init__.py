"""Customer Center: a shop's business customers run their own accounts in step with the ERP."""
