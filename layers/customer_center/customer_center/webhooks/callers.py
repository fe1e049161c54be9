"""Systems as callers: the signature on their request proves who they are."""

from typing import override

from customer_center.platform.http import Caller, Request, Security
from customer_center.webhooks.sources import SOURCES, Sources


class SignatureCaller(Caller):
    """A system that signs. `receive_event` checks the signature, because it needs the body, and refuses strangers."""

    problems = ("signature-invalid",)
    names_requests = True

    def __init__(self, sources: Sources) -> None:
        schemes = {source.format.scheme.name: source.format.scheme for source in sources.values()}
        self.security = tuple(Security(it.security_name, it.security_scheme) for it in schemes.values())
        self.parameters = {name: header for scheme in schemes.values() for name, header in scheme.parameters.items()}

    @override
    def admit(self, request: Request) -> None:
        """Let every request through."""


SIGNATURE: Caller = SignatureCaller(SOURCES)
