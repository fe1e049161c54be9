"""Customer Center: a shop's business customers run their own accounts, kept consistent with the ERP."""

import gc

# Loading a function makes 75,000 objects that stay; looking for garbage among them takes 6 % of a cold start. What
# requests leave behind is still collected, in larger portions (docs/decisions.md).
gc.set_threshold(100_000)
