"""Any number of products of the Customer List that are told of changes by webhook."""
