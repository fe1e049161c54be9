"""The mails of this room: sending them, limiting their number, and recording undelivered ones."""
