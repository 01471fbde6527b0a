"""Links that show one variant to the team: signed, for an hour, in a world of their own."""
