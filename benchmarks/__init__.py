"""What we claim about speed and cost, and the code that measures it: README.md."""
