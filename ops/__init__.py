"""Commands that operators run against AWS: before, for and after a deploy."""
