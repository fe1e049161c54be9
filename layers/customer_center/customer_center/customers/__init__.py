"""The Customer List: one record per customer of an account, in step with the account's products and the shop's ERP."""
