# SPDX-License-Identifier: Apache-2.0
"""What an object store's answer to one request means, whatever the client library calls it.

    404 of a key            there is nothing                       MISSING
    412, 409                something is there, or something else  TAKEN
    refused, 4xx, 429       nothing happened                       NOTHING
    reset, timeout, 5xx     it may have happened                   UNKNOWN     also whatever we cannot read

The library says most of this in the text of its errors only. So what is not recognised is UNKNOWN, which stops more than
it must and never less; and its text, which quotes addresses and answers, is read here and shown to nobody.

Invariant: NOTHING is said only where no server can have taken the request in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotSupportedError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

_STATUS = re.compile(r"\binner: Status \{\s+status: (\d{3}),")
_HTTP = re.compile(r"\bHttpError \{\s+kind: (\w+),")
_URI = re.compile(r"\buri: Some\(\s+(\S+?),?\s+\),")
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_TOO_MANY, _LATER = 429, 500

CREDENTIALS = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN, if there is one) in the environment, or run "
    "where the machine has a role; a file of profiles is not read"
)
PERMISSION = (
    "whoever writes the log needs s3:GetObject, s3:PutObject and s3:DeleteObject on its objects and s3:ListBucket on the "
    "bucket: without the last, what is missing looks forbidden"
)


class Means(Enum):
    """What became of a request."""

    MISSING = "there is nothing"
    TAKEN = "the condition was not met"
    NOTHING = "nothing happened"
    UNKNOWN = "it may have happened"


@dataclass(frozen=True, slots=True)
class Answer:
    """`why`: the end of a sentence. `again`: whether the same request may well succeed in a moment."""

    means: Means
    why: str = ""
    hint: str = ""
    again: bool = False


def _nothing(why: str, hint: str) -> Answer:
    return Answer(Means.NOTHING, why, hint)


_CODES = {
    "NoSuchBucket": _nothing("there is no such bucket", "make the bucket, or mend `public` in [store] of whosaw.toml"),
    "RequestTimeTooSkewed": _nothing(
        "the store says that the clock of this machine is wrong", "set the clock; nothing else has to be done"
    ),
    "InvalidAccessKeyId": _nothing("the store does not know the access key", CREDENTIALS),
    "SignatureDoesNotMatch": _nothing("the secret key is not the one of the access key", CREDENTIALS),
    "ExpiredToken": _nothing("the session token has expired", CREDENTIALS),
    "InvalidToken": _nothing("the session token is not valid", CREDENTIALS),
    "AuthorizationHeaderMalformed": _nothing(
        "the region is not the bucket's", "mend `region` in [store] of whosaw.toml"
    ),
}
_FORBIDDEN = _nothing("it is not permitted", PERMISSION)
_NOBODY = _nothing("there are no credentials that it accepts", CREDENTIALS)
_NO_CREDENTIALS = _nothing("there are no credentials, and nobody here gives any", CREDENTIALS)
_ELSEWHERE = _nothing("the bucket is in another region", "mend `region` in [store] of whosaw.toml")
_UNCONDITIONAL = _nothing(
    "the store does not know conditional writes", "use one that honours If-None-Match and If-Match: a log needs both"
)


def answer(error: Exception, bucket: str = "") -> Answer:
    """What `error`, raised by one request about `bucket` without retries, means."""
    text = str(error)
    if (code := _CODE.search(text)) and code[1] in _CODES:
        return _CODES[code[1]]
    uri = _URI.search(text)
    # Keys come from elsewhere, before the request: whatever failed there, the store has heard nothing.
    if uri and bucket and bucket not in uri[1]:
        return _NO_CREDENTIALS
    match error:
        case FileNotFoundError():
            return _missing(text, code is not None)
        case AlreadyExistsError() | PreconditionError():
            return Answer(Means.TAKEN, "another request was first", again=True)
        case PermissionDeniedError():
            return _FORBIDDEN
        case UnauthenticatedError():
            return _NOBODY
        # The client raises the second one, Python's own, for a kind of store that has no conditional writes at all.
        case NotSupportedError() | NotImplementedError():
            return _UNCONDITIONAL
        case BaseError():
            return _of_text(text)
        case _:
            return Answer(Means.UNKNOWN, f"its client failed: {type(error).__name__}")


def _missing(text: str, named: bool) -> Answer:
    """404. To a GET an object store says what is missing; a web server that answers in its place does not know."""
    if "method: GET," in text and not named:
        return _nothing("what answers there is no object store", "mend `endpoint` in [store] of whosaw.toml")
    return Answer(Means.MISSING, "there is no such object")


def _of_text(text: str) -> Answer:
    if status := _STATUS.search(text):
        return _of_status(int(status[1]))
    if "inner: BareRedirect" in text:
        return _ELSEWHERE
    http = _HTTP.search(text)
    if http and http[1] == "Connect":
        hint = (
            "the certificate was not accepted"
            if "certificate" in text.lower()
            else "is it up, and is `endpoint` right?"
        )
        return Answer(Means.NOTHING, "it cannot be reached", hint, again=True)
    if http and http[1] == "Timeout":
        return Answer(Means.UNKNOWN, "it did not answer in time", again=True)
    return Answer(Means.UNKNOWN, "the connection broke, or the answer made no sense", again=True)


def _of_status(status: int) -> Answer:
    if status == 501:
        return _UNCONDITIONAL
    if status >= _LATER:
        return Answer(Means.UNKNOWN, f"it answered {status}", again=True)
    again = status in (408, _TOO_MANY)
    return Answer(Means.NOTHING, f"it answered {status}", "see what the store's own log says", again=again)
