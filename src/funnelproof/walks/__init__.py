"""A person's own purchase through a test link, which the shop must send back."""
