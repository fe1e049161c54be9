"""Outside systems as they behave, on this machine: one folder each."""
