"""Rules: who is told what, where, when and how often. Pure decisions; times come from outside."""
