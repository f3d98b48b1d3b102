"""Rules: who is notified of what, where, when and how often. Pure decisions; times come from outside."""
