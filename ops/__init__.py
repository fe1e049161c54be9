"""What ops run against AWS: before a deploy, after it, and what it costs."""
