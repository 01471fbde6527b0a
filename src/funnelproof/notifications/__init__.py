"""Telling other systems what happened: webhooks, the outbox written beside the facts, and the courier."""
