"""Telling people by mail or chat: a funnel that broke or works again, a verdict that changed, the week that was."""
