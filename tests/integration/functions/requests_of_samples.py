"""Requests made from the sample events (events/) with one thing changed."""

import json
from datetime import UTC, datetime

from tests.builders.webhooks import SECRET as SECRET_OF_ERP
from tests.builders.webhooks import signed
from tests.integration.aws import event_of

BODIES = [
    "invitations/accept",
    "invitations/confirm_email",
    "users/request_user",
    "users/edit",
    "users/hand_over",
    "erp_contacts/invite",
]


WRITES = [
    *BODIES,
    "users/deactivate",
    "users/activate",
    "users/delete",
    "users/resend_invitation",
    "users/revoke_invitation",
]


# These require If-Match.
VERSIONED = ["users/edit", "users/delete", "users/revoke_invitation"]


GONE = object()


def with_raw(path, text, *, encoded=False):
    event = event_of(path)
    event["isBase64Encoded"] = encoded
    if text is None:
        del event["body"]
    else:
        event["body"] = text
    return event


def with_body(path, **changed):
    body = json.loads(event_of(path)["body"]) | changed
    return with_raw(path, json.dumps({name: value for name, value in body.items() if value is not GONE}))


def with_query(path, **query):
    event = event_of(path)
    event["queryStringParameters"] = query
    return event


def with_path(path, name, value):
    """Change a path parameter. The gateway decodes path and parameters, so a raw path may look like another route's."""
    event = event_of(path)
    event["rawPath"] = event["rawPath"].replace(event["pathParameters"][name], value)
    event["pathParameters"] = {name: value}
    return event


def with_header(event, name, value):
    event["headers"][name] = value
    return event


def as_user(user_id, event):
    if user_id is None:
        del event["requestContext"]["authorizer"]
    else:
        event["requestContext"]["authorizer"]["jwt"]["claims"]["username"] = user_id
    return event


def with_key(key, event):
    """Return the request with another client key."""
    return with_header(event, "authorization", f"Bearer {key}")


def signed_webhook(path, *, secrets=(SECRET_OF_ERP,), body=None, **headers):
    """Return the sample, signed now with these secrets, with another body or other headers."""
    event = event_of(path)
    if body is not None:
        event["body"] = body if isinstance(body, str) else json.dumps(body)
    webhook_id = event["headers"]["webhook-id"]
    event["headers"] |= signed(event["body"], datetime.now(UTC), *secrets, webhook_id=webhook_id)
    event["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
    return event
