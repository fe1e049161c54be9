"""HTTP calls to an outside system, with deadlines, maximum sizes, one retry of reads, and a circuit breaker.

One request of a person may need several calls, which share one deadline. Reads are tried twice, writes once. Answers
have a maximum size, redirects are not followed, and compressed answers are refused. While the breaker is open, calls
fail at once. A long answer can be handed on while it arrives (`read_stream`, `post_stream`); then its size has no limit
here. The first call imports `requests`, so that functions that rarely call start faster.
"""

import math
import random
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as ReadTimeoutError

from customer_center.platform.breaker import Breaker
from customer_center.platform.clock import Clock
from customer_center.platform.errors import OutsideMalformed, OutsideSystemError, OutsideTimeout, OutsideUnavailable
from customer_center.platform.log import logger

if TYPE_CHECKING:
    from requests import Response, Session

MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
_CHUNK = 64 * 1024
_JITTER_SECONDS = 0.2
_RETRY_AFTER = 10
"""Seconds after which a caller should retry while the breaker is closed."""

# The layer leaves out charset_normalizer, whose import takes 3 % of a cold start and which only `Response.text` needs.
# requests warns of that when it is imported.
warnings.filterwarnings("ignore", "Unable to find acceptable character detection")


class OutsideFault(OutsideUnavailable):
    """The system is reachable but answered with an error of its own (HTTP 500, SOAP fault).

    This error does not trip the breaker. Otherwise a caller whose input makes the system fail could block all callers.
    """


class Failures:
    """Makes the errors of calls to one outside system, with the system's own error codes.

    `system` is the system's name in log entries. `unavailable` and `fault` get the seconds after which a caller may
    retry. Notes are for the log: they are fixed words, without data from requests or answers.
    """

    def __init__(
        self,
        system: str,
        *,
        unavailable: Callable[[int], OutsideUnavailable],
        fault: Callable[[int], OutsideFault],
        timeout: Callable[[], OutsideTimeout],
        malformed: Callable[[], OutsideMalformed],
    ) -> None:
        self.system = system
        self._unavailable = unavailable
        self._fault = fault
        self._timeout = timeout
        self._malformed = malformed

    def fault(self, note: str) -> OutsideFault:
        """Return the error for a system that answered with an error of its own."""
        return _with_note(self._fault(_RETRY_AFTER), note)

    def unavailable(self, note: str) -> OutsideUnavailable:
        """Return the error for a system that could not be reached."""
        return _with_note(self._unavailable(_RETRY_AFTER), note)

    def offline(self, seconds: float) -> OutsideUnavailable:
        """Return the error for a system whose breaker stays open for that many seconds."""
        return self._unavailable(math.ceil(seconds))

    def timed_out(self, note: str) -> OutsideTimeout:
        """Return the error for an answer that did not arrive in time."""
        return _with_note(self._timeout(), note)

    def malformed(self, note: str) -> OutsideMalformed:
        """Return the error for an answer that cannot be parsed."""
        return _with_note(self._malformed(), note)


def _with_note[Error: Exception](error: Error, note: str) -> Error:
    error.add_note(note)
    return error


class Outbound:
    """Calls to one outside system. Not thread-safe.

    `timeout` limits one call, `deadline` limits all calls of one `use()`; both are in seconds. The breaker is told of a
    failure if the second try of a read finds the system unreachable or gets no answer in time; it decides for whom it
    opens. An answer that reports a failure or cannot be parsed is no such failure. `session` returns the HTTP session
    of the calls; by default the first call makes a session, and later calls reuse it. `chance` returns numbers from 0
    to 1 for the jitter.
    """

    def __init__(
        self,
        *,
        failures: Failures,
        timeout: float,
        deadline: float,
        breaker: Breaker,
        clock: Clock,
        session: "Callable[[], Session] | None" = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._failures = failures
        self._timeout = timeout
        self._seconds = deadline
        self._breaker = breaker
        self._clock = clock
        self._session = session or cache(new_session)
        self._chance = chance
        self._deadline: datetime | None = None

    @contextmanager
    def use(self) -> Iterator[None]:
        """Make all calls inside share one deadline, which starts now. A nested `use()` changes nothing."""
        outer = self._deadline
        self._deadline = outer or self._clock.now() + timedelta(seconds=self._seconds)
        try:
            yield
        finally:
            self._deadline = outer

    def read[Read](self, message: str, call: Callable[[float], Read], *, about: str = "") -> Read:
        """Return the result of `call`, which gets its time limit in seconds. Try twice, with a short random wait.

        `message` names the call in the log. `about` names the customer whose records are asked for, for the breaker.
        Raises OutsideUnavailable, OutsideTimeout and OutsideMalformed.
        """
        with self.use():
            self._check_breaker(about)
            try:
                return self._try(message, call)
            except (OutsideUnavailable, OutsideTimeout):
                wait = self._chance() * _JITTER_SECONDS
                if wait >= self._remaining():
                    raise
            self._clock.sleep(wait)
            try:
                return self._try(message, call)
            except (OutsideUnavailable, OutsideTimeout) as error:
                self._note_failure(error, about)
                raise

    def read_stream[Part](
        self, message: str, call: Callable[[float], Iterator[Part]], *, about: str = ""
    ) -> Iterator[Part]:
        """Like `read`, for an answer that is used while it arrives: yield its parts.

        It is tried again only as long as no part has arrived. The caller may stop at any part. The whole answer has the
        time of `use()`; `timeout` limits the wait for its beginning and for each piece.
        """
        with self.use():
            first, others = self.read(message, lambda seconds: _begun(call(seconds)), about=about)
            yield from first
            try:
                yield from others
            except OutsideSystemError as error:
                self._log(message, error)
                self._note_failure(error, about)
                raise

    def write[Written](self, message: str, call: Callable[[float], Written], *, about: str = "") -> Written:
        """Like `read`, but try only once. After an error the system may or may not have done the write."""
        with self.use():
            self._check_breaker(about)
            return self._try(message, call)

    def _check_breaker(self, about: str) -> None:
        if (seconds := self._breaker.open_for(about, self._timeout)) > 0:
            raise self._failures.offline(seconds)

    def _note_failure(self, error: OutsideSystemError, about: str) -> None:
        if isinstance(error, OutsideFault) or not isinstance(error, OutsideUnavailable | OutsideTimeout):
            return
        self._breaker.trip(about, self._timeout)
        if isinstance(error, OutsideUnavailable):
            error.retry_after = max(error.retry_after, math.ceil(self._breaker.open_for(about, self._timeout)))

    def _try[Done](self, message: str, call: Callable[[float], Done]) -> Done:
        seconds = min(self._timeout, self._remaining())
        if seconds <= 0:
            raise self._failures.timed_out("deadline")
        try:
            return call(seconds)
        except OutsideSystemError as error:
            self._log(message, error)
            raise

    def _log(self, message: str, error: OutsideSystemError) -> None:
        system = self._failures.system
        named: dict[str, Any] = {f"{system}_message": message}
        logger.warning(f"{system}-call-failed", **named, code=error.code, notes=getattr(error, "__notes__", []))

    def _remaining(self) -> float:
        assert self._deadline is not None  # every call runs inside `use`
        return (self._deadline - self._clock.now()).total_seconds()

    def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        seconds: float,
        *,
        basic: tuple[str, str] | None = None,
        ca_file: str = "",
    ) -> bytes:
        """Post the body and return the answer's body, within about `seconds` seconds.

        `basic` is user and password of HTTP Basic authentication. `ca_file` has the certificate authority of a server
        with a private certificate. Raises OutsideFault (HTTP 500), OutsideUnavailable (no connection, HTTP 429 or 5xx),
        OutsideTimeout, and OutsideMalformed (another status, compressed, or larger than MAX_ANSWER_BYTES).
        """
        until = self._clock.now() + timedelta(seconds=seconds)
        body_of_answer = bytearray()
        for piece in self._pieces(url, body, headers, seconds, until, basic, ca_file):
            body_of_answer += piece
            if len(body_of_answer) > MAX_ANSWER_BYTES:
                raise self._failures.malformed("too-large")
        return bytes(body_of_answer)

    def post_stream(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        seconds: float,
        *,
        basic: tuple[str, str] | None = None,
        ca_file: str = "",
    ) -> Iterator[bytes]:
        """Like `post`, but yield the answer's body in pieces, of any total size, within the time of `use()`.

        `seconds` limits the wait for the answer and for each piece.
        """
        assert self._deadline is not None  # every call runs inside `use`
        return self._pieces(url, body, headers, seconds, self._deadline, basic, ca_file)

    def _pieces(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        seconds: float,
        until: datetime,
        basic: tuple[str, str] | None,
        ca_file: str,
    ) -> Iterator[bytes]:
        """Yield the body as it arrives. The timeout of `requests` is for each piece; `until` limits the whole body."""
        import requests  # noqa: PLC0415 # see the module's docstring
        from requests.auth import HTTPBasicAuth  # noqa: PLC0415 # see the module's docstring

        try:
            with self._session().post(
                url,
                data=body,
                # The unpacked size of a compressed answer would be unbounded.
                headers={"Accept-Encoding": "identity", **headers},
                auth=HTTPBasicAuth(basic[0].encode(), basic[1].encode()) if basic else None,
                timeout=seconds,
                verify=ca_file or True,
                stream=True,
                allow_redirects=False,
            ) as response:
                self._check_head(response)
                while piece := response.raw.read1(_CHUNK, decode_content=False):
                    yield piece
                    if self._clock.now() >= until:
                        raise self._failures.timed_out("slow-answer")
        except (requests.Timeout, ReadTimeoutError) as error:
            raise self._failures.timed_out("no-answer") from error
        except (requests.ConnectionError, HTTPError) as error:
            raise self._failures.unavailable("no-connection") from error

    def _check_head(self, response: "Response") -> None:
        status = response.status_code
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            raise self._failures.fault(f"http-{status}")
        if status > HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
            raise self._failures.unavailable(f"http-{status}")
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise self._failures.malformed(f"http-{status}")
        if response.headers.get("Content-Encoding", "identity").casefold() != "identity":
            raise self._failures.malformed("content-encoding")


def _begun[Part](parts: Iterator[Part]) -> tuple[list[Part], Iterator[Part]]:
    """Return the first part, if there is one, and the others. The first one has arrived then."""
    return list(islice(parts, 1)), parts


def new_session() -> "Session":
    """Return an HTTP session that ignores the machine's proxy settings and netrc file."""
    import requests  # noqa: PLC0415 # see the module's docstring

    session = requests.Session()
    session.trust_env = False
    return session
