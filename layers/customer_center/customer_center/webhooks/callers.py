"""Systems as callers: known by the signature on the body they send."""

from customer_center.platform.http import Caller, Request


class SignatureCaller:
    """A system that signs. Its signature is checked where the body is at hand: `receive_event`."""

    security = "signature"

    def admit(self, request: Request) -> None:
        """Let the request on to where its signature is checked."""


SIGNATURE: Caller = SignatureCaller()
