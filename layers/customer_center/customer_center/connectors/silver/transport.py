"""One call to the Web.Connector: a document goes out over HTTP, raw or in a SOAP envelope, and one comes back."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from xml.etree.ElementTree import Element, tostring

import requests
import urllib3
from requests.auth import HTTPBasicAuth

from customer_center.connectors.silver import soap
from customer_center.connectors.silver.documents import parse
from customer_center.connectors.silver.failures import faulty, malformed, timed_out, unavailable
from customer_center.connectors.silver.settings import Message, SilverSettings
from customer_center.platform.clock import Clock

MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
_CHUNK = 64 * 1024

type Session = requests.Session


class Transport:
    """Sends documents as the settings say. Without a session it makes its own at the first call and keeps it."""

    def __init__(self, settings: SilverSettings, session: Session | None, clock: Clock) -> None:
        self._settings = settings
        self._session = session
        self._clock = clock

    def call(self, message: Message, document: Element, seconds: float) -> Element:
        """Return the document that answers this one, within about that many seconds.

        Raises OutsideUnavailable (no connection, HTTP 429 or 5xx, SOAP fault), OutsideTimeout, and OutsideMalformed
        (another status, larger than MAX_ANSWER_BYTES, or not what was agreed).
        """
        if self._settings.transport == "xml":
            return parse(self._post(message, *self._raw(document), seconds))
        envelope = parse(self._post(message, *self._enveloped(message, document, seconds), seconds))
        return soap.read_answer(envelope, self._settings.not_found_erp_statuses)

    def _raw(self, document: Element) -> tuple[bytes, dict[str, str]]:
        body: bytes = tostring(document, encoding="utf-8", xml_declaration=True)
        return body, {"Content-Type": "application/xml; charset=utf-8"}

    def _enveloped(self, message: Message, document: Element, seconds: float) -> tuple[bytes, dict[str, str]]:
        settings = self._settings
        operation = settings.operation(message)
        body = soap.request(
            operation,
            document,
            namespace=settings.soap_namespace,
            user=settings.user,
            password=settings.password,
            timeout=seconds,
            as_text=message in settings.soap_text_messages,
        )
        action = f'"{settings.soap_namespace}#{operation}"'
        return body, {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": action}

    def _post(self, message: Message, body: bytes, headers: dict[str, str], seconds: float) -> bytes:
        settings = self._settings
        until = self._clock.now() + timedelta(seconds=seconds)
        with_basic = settings.transport == "xml" and settings.user != ""
        try:
            with self._open_session().post(
                settings.url.replace("{message}", message),
                data=body,
                # Compressed answers are not asked for: what a small one unpacks to could not be bounded.
                headers={"Accept-Encoding": "identity", **headers},
                auth=HTTPBasicAuth(settings.user.encode(), settings.password.encode()) if with_basic else None,
                timeout=seconds,
                verify=settings.ca_file or True,
                stream=True,
                allow_redirects=False,
            ) as response:
                _check_head(response)
                return self._read(response.raw, until)
        except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise timed_out("no-answer") from error
        except (requests.ConnectionError, urllib3.exceptions.HTTPError) as error:
            raise unavailable("no-connection") from error

    def _open_session(self) -> Session:
        if self._session is None:
            self._session = requests.Session()
            self._session.trust_env = False  # neither proxies nor netrc of the machine have a say
        return self._session

    def _read(self, stream: urllib3.HTTPResponse, until: datetime) -> bytes:
        """Read the body as it arrives: the timeout of `requests` starts anew with every piece of it."""
        body = bytearray()
        while piece := stream.read1(_CHUNK, decode_content=False):
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                raise malformed("too-large")
            if self._clock.now() >= until:
                raise timed_out("slow-answer")
        return bytes(body)


def _check_head(response: requests.Response) -> None:
    status = response.status_code
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        raise faulty(f"http-{status}")
    if status > HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        raise unavailable(f"http-{status}")
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise malformed(f"http-{status}")
    if response.headers.get("Content-Encoding", "identity").casefold() != "identity":
        raise malformed("content-encoding")
