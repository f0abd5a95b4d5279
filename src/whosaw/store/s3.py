# SPDX-License-Identifier: Apache-2.0
"""A bucket that speaks S3, as settings name it: address in the file, credentials never.

    [store]                              environment, or the role of the machine
    public   = "s3://bucket/prefix"      AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
    endpoint = "https://s3.example.org"  AWS_REGION, where `region` is not set

Nothing is asked of the store before the first read or write.

Invariant: writes are conditional, whatever the environment says; and the client tries nothing twice (see ``objects``).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError
from obstore.store import S3Store

from whosaw.errors import Misconfigured
from whosaw.settings.store import StoreSettings
from whosaw.store.objects import ObjectsFolder

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

CONNECT, WHOLE = timedelta(seconds=3), timedelta(seconds=15)


def s3_folder(settings: StoreSettings, *, private: bool = False) -> ObjectsFolder:
    """The folder at ``settings.public``, or at ``settings.segments`` if it is `private`. Raises Misconfigured."""
    bucket, _, prefix = (settings.segments if private else settings.public).removeprefix("s3://").partition("/")
    config: S3Config = {"conditional_put": "etag"}
    if settings.endpoint:
        config["endpoint"] = settings.endpoint
    if settings.region:
        config["region"] = settings.region
    options: ClientConfig = {"connect_timeout": CONNECT, "timeout": WHOLE, "user_agent": "whosaw"}
    if settings.endpoint.startswith("http://"):
        options["allow_http"] = True
    try:
        store = S3Store(
            bucket, prefix=prefix or None, config=config, client_options=options, retry_config={"max_retries": 0}
        )
    except (BaseError, ValueError) as error:
        # Its text may quote what the environment says.
        raise Misconfigured(
            f"the object store cannot be set up: {type(error).__name__}",
            setting="store",
            hint="look at [store] in whosaw.toml and at the AWS_ variables of the environment",
        ) from None
    return ObjectsFolder(store, bucket=bucket, private=private)
