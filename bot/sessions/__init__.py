"""The domain: what a session is and what may happen in it. Imports nothing of ours."""
