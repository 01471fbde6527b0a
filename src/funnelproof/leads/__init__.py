"""Leads: what visitors fill into the forms of campaigns."""
