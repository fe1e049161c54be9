"""What every room uses: errors, HTTP, queues, the journal, configuration, clock, ids, DynamoDB."""
