"""Our claims about speed and cost, and the code that measures them. See README.md."""
