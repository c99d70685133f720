"""What goes wrong: problem documents as exceptions, by status; `code` is stable and says what it is."""

from typing import Any, Dict, Optional


class WattmandiError(Exception):
    """Everything that this package raises by itself."""


class NoAnswer(WattmandiError):
    """No connection, no answer in time, or one that is no answer of the API."""


class TradeFailed(WattmandiError):
    """A trade has come to another end than the one that was waited for."""

    def __init__(self, transaction: Dict[str, Any]):
        self.transaction = transaction
        failure = transaction.get("failure") or {}
        self.code: Optional[str] = failure.get("code")
        reason = ": %s %s" % (self.code, failure.get("message")) if failure else ""
        super().__init__("the trade is %s%s" % (transaction.get("state"), reason))


class Problem(WattmandiError):
    """An answer of 4xx or 5xx (RFC 9457). `code` never changes its meaning; see /docs/errors."""

    def __init__(self, status: int, body: Dict[str, Any], retry_after: Optional[float] = None):
        self.status = status
        self.body = body
        self.code: str = body.get("code", "")
        self.title: str = body.get("title", "")
        self.detail: str = body.get("detail", "")
        self.field: Optional[str] = body.get("field")
        self.next_step: Optional[str] = body.get("next_step")
        self.remaining_kwh: Optional[str] = body.get("remaining_kwh")
        self.request_id: Optional[str] = body.get("instance")
        self.retry_after = retry_after
        text = "%d %s: %s" % (status, self.code or "?", self.detail or self.title)
        if self.field:
            text += " (%s)" % self.field
        super().__init__(text)


class Unauthorized(Problem):
    """401: no token, or one that is not valid."""


class Forbidden(Problem):
    """403: not for this account, or not with this token."""


class NotFound(Problem):
    """404: there is no such thing, or it is somebody else's."""


class Conflict(Problem):
    """409: the state of things, or a limit, does not allow it."""


class Invalid(Problem):
    """400, 413, 415, 422: the request must be another one; `field` says where."""


class RateLimited(Problem):
    """429: too many requests; `retry_after` seconds."""


_BY_STATUS = {400: Invalid, 401: Unauthorized, 403: Forbidden, 404: NotFound, 409: Conflict, 413: Invalid,
              415: Invalid, 422: Invalid, 429: RateLimited}


def problem(status: int, body: Dict[str, Any], retry_after: Optional[float] = None) -> Problem:
    """The exception of an answer."""
    return _BY_STATUS.get(status, Problem)(status, body, retry_after)
