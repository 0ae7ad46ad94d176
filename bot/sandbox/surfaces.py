"""What people see besides channels, and what they touch."""

from __future__ import annotations

from bot.sandbox.workspace import Workspace


class Surfaces:
    """Sockets' tickets."""

    def __init__(self, workspace: Workspace):
        self.workspace = workspace
        self.socket_base = ""
        """`ws://127.0.0.1:PORT`, once the port is known."""
        self._tickets: set[str] = set()

    def socket_url(self) -> str:
        """A WebSocket address for one connection."""
        ticket = self.workspace.ids.secret(32)
        self._tickets.add(ticket)
        return f"{self.socket_base}/link/?ticket={ticket}&app_id={self.workspace.app_id}"

    def redeem(self, ticket: str) -> bool:
        """Whether a ticket is good; it is used up then."""
        if ticket not in self._tickets:
            return False
        self._tickets.discard(ticket)
        return True
