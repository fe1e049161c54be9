"""Products that are told of changes by a webhook of ours, signed according to Standard Webhooks 1.0.0."""
