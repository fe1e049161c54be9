"""Signed webhooks, as a sender makes them with the official package (Standard Webhooks)."""

from datetime import datetime

from standardwebhooks import Webhook

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_" + "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def signed(body: str | bytes, at: datetime, *secrets: str, webhook_id: str = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"):
    """Return the headers a sender puts on a body, signed with each of the secrets."""
    text = body if isinstance(body, str) else body.decode()
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(webhook_id, at, text) for secret in secrets or (SECRET,)),
    }
