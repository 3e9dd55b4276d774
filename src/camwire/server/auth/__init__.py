"""Who may do what: accounts, sessions, tokens, and the gate that every request passes."""
