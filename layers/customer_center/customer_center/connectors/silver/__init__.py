"""The ERP behind silver.eShop's Web.Connector."""
