"""`platform/http.py` for every route: preconditions, repeated requests, limits, bodies and answers."""

import base64
import json

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from pydantic import BaseModel

from customer_center.clients.texts import CLIENTS_TEXTS
from customer_center.platform.errors import RateLimit, Unauthorized
from customer_center.platform.frozen import frozen
from customer_center.platform.http import MAX_BODY_BYTES, NOBODY, PUBLIC, Answer, Api, Csv, Request
from customer_center.platform.wire import Output

CALLER = "usr_somebody"


@frozen(kw_only=True)
class Seen(Output):
    """The arguments of the handler."""

    value: str | int | None


class Asked(BaseModel):
    """The query of the handler."""

    value: str | int | None


def _event(route="POST /things/{name}", *, body=None, headers=None, query=None, **more):
    event = {
        "routeKey": route,
        "headers": headers or {},
        "requestContext": {"requestId": "request-1", "http": {"sourceIp": "203.0.113.7"}},
        "pathParameters": {"name": "one"},
        **more,
    }
    if body is not None:
        event["body"] = body
    if query is not None:
        event["queryStringParameters"] = query
    return event


def _asked(read, event):
    """Return the body that the handler got, or the problem that the request got."""
    api = Api()

    @api.route("POST /things/{name}", caller=PUBLIC)
    def thing(name: str, request: Request) -> Answer[Seen]:
        return Answer(Seen(value=read(request)))

    answer = api.handle(event, None)
    found = json.loads(answer["body"])
    return found["value"] if answer["statusCode"] == 200 else (answer["statusCode"], found["code"])


def test_a_route_that_nobody_declared_is_not_found():
    answer = Api().handle(_event("GET /elsewhere"), None)
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (404, "not-found")


def test_a_route_without_a_declared_kind_of_caller_refuses_everybody():
    api = Api()

    @api.route("POST /things/{name}")
    def thing(name: str) -> Answer[Seen]:
        return Answer(Seen(value=name))

    assert api.routes[0].caller is NOBODY
    assert api.handle(_event(), None)["statusCode"] == 403


def test_what_a_request_does_not_have_may_be_missing_or_null():
    """AWS leaves it out; the emulator says null."""
    api = Api()

    @api.route("POST /things", caller=PUBLIC)
    def things(query: Asked) -> Answer[Seen]:
        return Answer(Seen(value=query.value))

    for absent in ({"pathParameters": None, "queryStringParameters": None, "headers": None}, {}):
        event = {**_event("POST /things"), **absent}
        assert json.loads(api.handle(event, None)["body"])["errors"][0]["code"] == "required"


# If-Match (RFC 9110 §13.1.1, RFC 6585 §3)


@pytest.mark.parametrize(
    ("header", "versions"),
    [
        ('"3"', {3}),
        (' "12" ', {12}),
        ("*", None),
        ('"3", "99"', {3, 99}),
        ('"3","4"', {3, 4}),
        (', "3" ,\t, "4",', {3, 4}),
        ('W/"3", "4", "of another API", "5,6"', {4}),
    ],
)
def test_if_match_names_versions_or_any(header, versions):
    for read in (lambda request: request.if_match, lambda request: request.required_if_match):
        found = []
        _asked(lambda request: found.append(read(request)), _event(headers={"If-Match": header}))  # noqa: B023 # called at once
        assert found == [versions]


def test_without_if_match_any_version_will_do_unless_one_is_required():
    assert _asked(lambda request: request.if_match, _event()) is None
    assert _asked(lambda request: request.required_if_match, _event()) == (428, "precondition-required")


@pytest.mark.parametrize(
    "header",
    [
        "3",
        'W/"3"',
        'W/"3", W/"4"',
        'w/"3"',
        '"x"',
        "",
        ",",
        '"-1"',
        '"03"',
        '"٣"',
        '"12345678901"',
        '"3", 4',
        '"3", "4',
        '*, "3"',
        '"3,4"',
    ],
)
def test_a_tag_that_no_version_ever_had_does_not_match(header):
    event = _event(headers={"if-match": header})
    assert _asked(lambda request: request.required_if_match, event) == (412, "version-changed")


# Idempotency-Key


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "ümlaut", "new\nline"])
def test_an_unusable_idempotency_key_is_refused(key):
    event = _event(headers={"Idempotency-Key": key})
    assert _asked(lambda request: request.idempotency(CALLER).key, event) == (400, "idempotency-key-invalid")


def test_without_a_key_nothing_is_remembered():
    assert _asked(lambda request: request.idempotency(CALLER), _event()) is None


def _remembered_by(caller=CALLER, **event):
    headers = {"idempotency-key": event.pop("key", "key-1")}
    parts = lambda request: "{0.key} {0.request_hash}".format(request.idempotency(caller))  # noqa: E731
    return _asked(parts, _event(headers=headers, **event)).split()


def test_the_same_request_is_known_again():
    assert _remembered_by(body='{"a": 1}') == _remembered_by(body='{"a": 1}')


def test_another_caller_or_key_is_another_request():
    assert _remembered_by()[0] != _remembered_by(caller="usr_other")[0]
    assert _remembered_by()[0] != _remembered_by(key="key-2")[0]


@pytest.mark.parametrize("other", [{"body": "{}"}, {"pathParameters": {"name": "two"}}, {"query": {"dry_run": "true"}}])
def test_the_same_key_for_something_else_is_noticed(other):
    one, another = _remembered_by(body='{"a": 1}'), _remembered_by(**{"body": '{"a": 1}'} | other)
    assert one[0] == another[0]
    assert one[1] != another[1]


# Limits


@pytest.mark.parametrize(
    ("claim", "read"),
    [("1795515330", 1795515330), (1795515330, 1795515330), (None, None), ("", None), ("soon", None), ("9" * 12, None)],
)
def test_when_a_person_proved_their_password_is_read_from_the_token(claim, read):
    event = _event()
    event["requestContext"]["authorizer"] = {"jwt": {"claims": {"auth_time": claim}}}

    def seconds(request):
        return request.authenticated_at and int(request.authenticated_at.timestamp())

    assert _asked(seconds, event) == read


def test_an_answer_tells_the_limits_it_was_counted_against():
    api = Api(CLIENTS_TEXTS)

    @api.route("POST /things/{name}", caller=PUBLIC)
    def thing(name: str, request: Request) -> Answer[Seen]:
        request.limits.append(RateLimit("mails", quota=200, window=3600, remaining=12, reset=60))
        request.limits.append(RateLimit("tries", quota=5, window=900, remaining=0, reset=9))
        if name == "refused":
            raise Unauthorized("unauthorized")
        return Answer(Seen(value=name))

    for name, status in (("one", 200), ("refused", 401)):
        answer = api.handle(_event(pathParameters={"name": name}), None)
        assert answer["statusCode"] == status
        assert answer["headers"]["RateLimit"] == '"mails";r=12;t=60, "tries";r=0;t=9'
        assert answer["headers"]["RateLimit-Policy"] == '"mails";q=200;w=3600, "tries";q=5;w=900'


def test_who_is_not_known_is_told_what_to_send():
    api = Api(CLIENTS_TEXTS)

    @api.route("POST /things/{name}", caller=PUBLIC)
    def thing(name: str) -> Answer[Seen]:
        raise Unauthorized("unauthorized")

    assert api.handle(_event(), None)["headers"]["WWW-Authenticate"] == "Bearer"


# Bodies that are no JSON, and tables


def _uploaded(event):
    api = Api()

    @api.route("POST /things/{name}", caller=PUBLIC, consumes="text/csv")
    def thing(name: str, body: bytes) -> Answer[Seen]:
        return Answer(Seen(value=body.decode()))

    answer = api.handle(event, None)
    return answer["statusCode"], json.loads(answer["body"])


def test_a_raw_body_is_handed_over_as_it_came():
    encoded = base64.b64encode("ä;b\r\n".encode()).decode()
    assert _uploaded(_event(body="ä;b\r\n")) == (200, {"value": "ä;b\r\n"})
    assert _uploaded(_event(body=encoded, isBase64Encoded=True)) == (200, {"value": "ä;b\r\n"})
    assert _uploaded(_event()) == (200, {"value": ""})


def test_a_body_beyond_the_limit_is_refused():
    assert _uploaded(_event(body="x" * (MAX_BODY_BYTES + 1)))[0] == 413


def test_a_table_is_answered_as_csv_with_its_own_headers():
    api = Api()

    @api.route("POST /things/{name}", caller=PUBLIC)
    def thing(name: str) -> Answer[Csv]:
        return Answer(Csv("a,b\r\n1,2\r\n"), headers={"Link": '</next>; rel="next"'})

    answer = api.handle(_event(), None)
    assert answer["body"] == "a,b\r\n1,2\r\n"
    assert answer["headers"]["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["headers"]["Link"] == '</next>; rel="next"'


def _aws_error(code, **more):
    return ClientError({"Error": {"Code": code, "Message": "secret text"}, **more}, "Query")


@pytest.mark.parametrize(
    "error",
    [
        *map(_aws_error, ("ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded")),
        *map(_aws_error, ("InternalServerError", "ServiceUnavailable", "TooManyRequestsException")),
        _aws_error("TransactionCanceledException", CancellationReasons=[{"Code": "ThrottlingError"}]),
        EndpointConnectionError(endpoint_url="https://x"),
        ReadTimeoutError(endpoint_url="https://x"),
    ],
    ids=str,
)
def test_aws_that_is_overloaded_is_asked_again_later(error):
    """Every call, not only our transactions: a read, a single write, a secret."""

    def read(request):
        raise error

    api = Api()

    @api.route("POST /things/{name}", caller=PUBLIC)
    def thing(name: str, request: Request) -> Answer[Seen]:
        return Answer(Seen(value=read(request)))

    answer = api.handle(_event(), None)
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (503, "overloaded")
    assert answer["headers"]["Retry-After"] == "5"
    assert "secret text" not in answer["body"]


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "ValidationException", "AccessDeniedException"])
def test_any_other_error_of_aws_stays_an_exception(code):
    def read(request):
        raise _aws_error(code)

    with pytest.raises(ClientError):
        _asked(read, _event())


@pytest.mark.parametrize("name", ["", " ", "\u200e", "x" * 501], ids=["empty", "blank", "invisible", "long"])
def test_a_path_that_names_nothing_is_not_found(name):
    """A table's key can be neither empty nor very long."""
    api = Api()

    @api.route("POST /things/{name}", caller=PUBLIC)
    def thing(name: str) -> Answer[Seen]:
        raise AssertionError(name)

    assert api.handle(_event(pathParameters={"name": name}), None)["statusCode"] == 404
