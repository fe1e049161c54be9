"""Systems as callers: the signature on their request proves who they are."""

from typing import override

from customer_center.platform.http import Caller, Request, Security
from customer_center.webhooks.kinds import FORMATS, Formats


class SignatureCaller(Caller):
    """A system that signs its requests. `receive_event` checks the signature, because the check needs the body."""

    problems = ("signature-invalid",)
    names_requests = True

    def __init__(self, formats: Formats) -> None:
        schemes = {each.scheme.name: each.scheme for each in formats.values()}.values()
        described = (scheme for scheme in schemes if scheme.security_scheme)
        self.security = tuple(Security(scheme.security_name, scheme.security_scheme) for scheme in described)
        # A header is required in the document only if every scheme requires it.
        self.parameters = {
            name: header | {"required": all(other.parameters.get(name, {}).get("required") for other in schemes)}
            for scheme in schemes
            for name, header in scheme.parameters.items()
        }

    @override
    def admit(self, request: Request) -> None:
        """Accept every request; `receive_event` checks it later."""


SIGNATURE: Caller = SignatureCaller(FORMATS)
