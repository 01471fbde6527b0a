"""Asking destinations whether they answer and keep the ctx: off unless the installation allows it."""
