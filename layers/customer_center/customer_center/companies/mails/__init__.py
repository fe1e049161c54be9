"""The mails of this room: sending them, limiting them, and noting that one was not delivered."""
