"""Systems as callers: the signature on their request proves who they are."""

from typing import override

from customer_center.platform.http import Caller, Request, Security
from customer_center.webhooks.sources import SOURCES, Sources


class SignatureCaller(Caller):
    """A system that signs its requests. `receive_event` checks the signature, because the check needs the body."""

    problems = ("signature-invalid",)
    names_requests = True

    def __init__(self, sources: Sources) -> None:
        schemes = {source.format.scheme.name: source.format.scheme for source in sources.values()}.values()
        self.security = tuple(Security(scheme.security_name, scheme.security_scheme) for scheme in schemes)
        # A header is required in the document only if every scheme requires it.
        self.parameters = {
            name: header | {"required": all(other.parameters.get(name, {}).get("required") for other in schemes)}
            for scheme in schemes
            for name, header in scheme.parameters.items()
        }

    @override
    def admit(self, request: Request) -> None:
        """Accept every request; `receive_event` checks it later."""


SIGNATURE: Caller = SignatureCaller(SOURCES)
