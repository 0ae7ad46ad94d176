"""The process: start, stop, what is due when, HTTP, health."""
