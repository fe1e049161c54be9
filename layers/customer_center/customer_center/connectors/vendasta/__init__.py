"""Vendasta's Customer List (Customer API v1): products whose customers are in Vendasta. See README.md."""
