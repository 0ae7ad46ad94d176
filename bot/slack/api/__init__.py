"""How Slack is reached: sockets, calls, payloads, history, files, exports."""
