"""The code that all rooms share: errors, HTTP, queues, the journal, configuration, clock, ids, DynamoDB."""
