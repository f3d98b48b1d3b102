"""Who may do what: tokens and sessions, scopes of routes, and which hosts and origins are answered."""
