"""The users of a company, as their main contact administers them."""
