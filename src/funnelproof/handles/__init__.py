"""Handles: the tenants, their time zone, currency and members."""
