"""Who calls, and what they may: people, sessions, tokens, roles, the table of routes and its guard."""
