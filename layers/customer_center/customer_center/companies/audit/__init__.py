"""The audit trail, and a person's data: reading, exporting, erasing."""
