"""Train the networks: one loop for embedders, the proposal net and the follow net."""
