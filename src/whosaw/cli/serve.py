# SPDX-License-Identifier: Apache-2.0
"""`whosaw serve`: the gate over HTTP, until it is told to stop.

--data FOLDER      the data folder: decisions and looks, for the tools that its settings register
--fixture FOLDER   a small policy set in its place, for conformance tests; no log, no vault, and none in a data folder
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from whosaw.cli.closed import close_memory
from whosaw.cli.errands import wishes
from whosaw.cli.options import Place, data_option, opened
from whosaw.datafolder import SETTINGS, around
from whosaw.errors import BadInput, MissingExtra
from whosaw.settings.callers import TlsSettings
from whosaw.tickets.inbox import PATH
from whosaw.vault.rotating import Rotating
from whosaw.web.health import Health

if TYPE_CHECKING:
    from whosaw.api.edge import App
    from whosaw.wiring import House

_EXTRA = frozenset({"pydantic", "uvicorn", "scim2_models", "jwt"})


@click.command()
@click.option("--listen", default="127.0.0.1:8443", show_default=True, metavar="HOST:PORT", help="Where to listen.")
@click.option("--tls-cert", type=Place(), metavar="FILE", help="PEM: our certificate and its chain.")
@click.option("--tls-key", type=Place(), metavar="FILE", help="PEM: its private key.")
@click.option("--client-ca", type=Place(), metavar="FILE", help="PEM: the authorities of the tools' certificates.")
@click.option("--fixture", type=Place(), metavar="FOLDER", help="Serve a conformance fixture, and no data folder.")
@data_option
def serve(
    listen: str, tls_cert: Path | None, tls_key: Path | None, client_ca: Path | None, fixture: Path | None, data: Path
) -> int:
    """Answer decisions and looks over HTTP until told to stop."""
    if bool(tls_cert) != bool(tls_key) or (client_ca and not tls_key):
        raise BadInput("a certificate and its key go together, and authorities go with both", where="--tls-cert")
    given = TlsSettings(*(str(each.resolve()) if each else "" for each in (tls_cert, tls_key, client_ca)))
    try:
        with _told():
            if fixture is None:
                _serve_house(data, listen, given)
            else:
                _serve_fixture(fixture, listen, given)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in _EXTRA:
            raise
        raise MissingExtra("api", "whosaw serve") from None
    return 0


def _serve_house(data: Path, listen: str, given: TlsSettings) -> None:
    from whosaw.api import serving
    from whosaw.api.app import application
    from whosaw.api.callers.house import door
    from whosaw.api.house import parts_of
    from whosaw.api.lane import Lane
    from whosaw.api.tls import options

    close_memory()
    with opened(data) as here:
        tls = options(here.folder.resolve(), given if given.certificate else here.settings.tls)
        with (
            closing(serving.listening(listen)) as line,
            door(here, _line) as admits,
            Lane() as lane,
            _epochs(here),
            wishes(here),
        ):
            url, of_house = serving.address(line, secured=bool(tls)), Health(here)
            parts = parts_of(
                here, admits, lane, url, health=of_house.parts, metrics=of_house.metrics, mounted=_mounted(here)
            )
            serving.serve(application(parts), line, tls, lambda: _line(f"{here.settings.origin}: serving on {url}"))


def _epochs(here: House) -> closing[Rotating]:
    """What begins a new epoch of keys when somebody wishes it."""
    return closing(Rotating(here.keyring, here.journal, here.clock))


def _mounted(here: House) -> Mapping[str, App]:
    """Applications with paths of their own: the identity provider's, and that of ticket systems that tell."""
    from whosaw.api.scim.app import PREFIX
    from whosaw.api.scim.house import scim_app

    told: Mapping[str, App] = {PATH: here.tickets.pushes} if here.tickets.inboxes else {}
    return {f"{PREFIX}/": scim_app(here), **told}


def _serve_fixture(folder: Path, listen: str, given: TlsSettings) -> None:
    from whosaw.api import serving
    from whosaw.api.app import Parts, application
    from whosaw.api.fixture import Fixture
    from whosaw.api.lane import Lane
    from whosaw.api.tls import options

    _no_data_folder(folder)
    engine, tls = Fixture.load(folder), options(folder, given)
    with closing(serving.listening(listen)) as line, Lane(4) as lane:
        url = serving.address(line, secured=bool(tls))
        parts = Parts(engine=engine, callers=engine.caller, lane=lane, url=url, health=dict, named=False)
        what = f"fixture {folder.resolve().name}, no policy of ours and nobody's data: serving on {url}"
        serving.serve(application(parts), line, tls, lambda: _line(what))


def _no_data_folder(folder: Path) -> None:
    """Raises BadInput where a fixture would stand beside real keys and a real log."""
    if click.get_current_context().get_parameter_source("data") is ParameterSource.COMMANDLINE:
        raise BadInput("a fixture has no data folder", where="--fixture", hint="leave out --data, or --fixture")
    inside = any((folder / name).exists() for name in (SETTINGS, "private", "public"))
    if inside or around(folder) is not None:
        raise BadInput(
            "a data folder stands here, and a fixture's policies decide about nobody's data",
            where="--fixture",
            hint="give the folder of the fixture alone",
        )


def _line(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@contextmanager
def _told() -> Iterator[None]:
    """What a gate has to say while it serves: what it could not answer, and nothing of what it was asked."""
    log, handler = logging.getLogger("whosaw"), logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
