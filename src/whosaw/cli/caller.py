# SPDX-License-Identifier: Apache-2.0
"""`whosaw caller`: which internal tools may ask. Every change is on record before it counts.

add NAME      admit a tool, by its certificate or its token
list          who is registered, and what each may ask
rotate NAME   one more key of a tool; the older ones end
remove NAME   refuse it from now on, at every gate, without a restart
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from whosaw.api.callers.cert import BadCertificate, Certificate
from whosaw.api.callers.house import ordered, registered
from whosaw.api.callers.registered import parse_row
from whosaw.api.callers.rows import CallerRows
from whosaw.beside import state
from whosaw.cli.errand import Done, Errand, Given
from whosaw.cli.operator import is_own
from whosaw.cli.options import Place, data_option, format_option, say
from whosaw.cli.output import Cell, Table
from whosaw.datafolder import now, settings_of
from whosaw.errors import BadInput, Misconfigured, NotCanonical
from whosaw.model.record import Json
from whosaw.settings.callers import HOWS, CallerSettings
from whosaw.verify.words import counted
from whosaw.wiring import House

_by = click.option("--by", required=True, metavar="ID", help="Staff id of whoever orders it; recorded.")
_certificate = click.option(
    "--certificate", type=Place(), metavar="FILE", help="The tool's certificate, PEM: its public key is pinned."
)


@click.group()
def caller() -> None:
    """Which internal tools may ask, and for what."""


@caller.command()
@click.argument("name")
@click.option("--how", type=click.Choice(HOWS), required=True, help="How it proves itself: a certificate, or a token.")
@click.option("--purpose", "purposes", multiple=True, required=True, metavar="CODE", help="What for. Repeatable.")
@click.option("--path", "paths", multiple=True, required=True, metavar="PATH", help="Such as /looks. Repeatable.")
@_certificate
@click.option("--pin", "pins", multiple=True, metavar="PIN", help="The same, as sha256:DIGEST. Repeatable.")
@click.option("--ca", type=Place(), metavar="FILE", help="In place of a pin: who issues its certificates.")
@click.option("--san", default="", metavar="NAME", help="With --ca: dns:NAME or uri:NAME in them.")
@click.option("--issuer", default="", metavar="NAME", help="With tokens: the [[issuer]] of the tool's own.")
@click.option("--subject", default="", metavar="TEXT", help="With tokens: their `sub`.")
@click.option("--tokens", multiple=True, metavar="NAME", help="An [[issuer]] whose employees' tokens it hands on.")
@click.option("--client", default="", metavar="TEXT", help="The client that those are issued to.")
@click.option("--speaks", is_flag=True, help="It may say itself who looks. Every such look says so.")
@click.option("--reason-admin", is_flag=True, help="It is told the rules that refused.")
@click.option("--expires", default="", metavar="TIME", help="Such as 2027-01-01T00:00:00Z.")
@_by
@data_option
@format_option
def add(
    name: str,
    how: str,
    purposes: tuple[str, ...],
    paths: tuple[str, ...],
    certificate: Path | None,
    pins: tuple[str, ...],
    ca: Path | None,
    san: str,
    issuer: str,
    subject: str,
    tokens: tuple[str, ...],
    client: str,
    speaks: bool,
    reason_admin: bool,
    expires: str,
    by: str,
    data: Path,
    form: str,
) -> int:
    """Admit the tool NAME from now on."""
    said = CallerSettings(
        name=name, how=how, purposes=purposes, paths=paths, san=san, issuer=issuer, subject=subject, tokens=tokens,
        pins=pins if certificate is None else (*pins, _pin(certificate)), ca="" if ca is None else str(ca.absolute()),
        client=client, speaks=speaks, reason_admin=reason_admin, expires=expires,
    )  # fmt: skip
    try:
        made = registered(data, said)
    except Misconfigured as error:
        # The same words as for whosaw.toml; but here it is what was typed.
        raise BadInput(str(error), where=name, hint=error.hint) from None
    change: dict[str, Json] = {"what": "add", "said": made.encode().decode()}
    say(_ordered(data, change, by, f"{name} may ask from now on."), form)
    return 0


@caller.command()
@click.argument("name")
@_certificate
@click.option("--pin", metavar="PIN", help="The same, as sha256:DIGEST.")
@click.option(
    "--overlap-h",
    type=click.IntRange(0, 8760),
    default=24,
    show_default=True,
    metavar="HOURS",
    help="How long the older keys count.",
)
@_by
@data_option
@format_option
def rotate(name: str, certificate: Path | None, pin: str | None, overlap_h: int, by: str, data: Path, form: str) -> int:
    """Admit one more key of the tool NAME; its others end."""
    if (certificate is None) == (pin is None):
        raise BadInput("either --certificate or --pin", where=name)
    new = pin if certificate is None else _pin(certificate)
    until = _text(now() + timedelta(hours=overlap_h))
    change: dict[str, Json] = {"what": "rotate", "name": name, "pin": new, "until": until}
    say(_ordered(data, change, by, f"{name} has a new key. Its older ones end at {until}."), form)
    return 0


@caller.command()
@click.argument("name")
@_by
@data_option
@format_option
def remove(name: str, by: str, data: Path, form: str) -> int:
    """Refuse the tool NAME from now on."""
    change: dict[str, Json] = {"what": "remove", "name": name}
    say(_ordered(data, change, by, f"{name} is refused from now on, by every gate."), form)
    return 0


@caller.command("list")
@data_option
@format_option
def list_(data: Path, form: str) -> int:
    """Who is registered, and what each may ask. Works beside an open gate."""
    with state(data) as engine:
        live = [(row.origin, parse_row(row.said, row.name)) for row in CallerRows(engine).live()]
    rows: tuple[dict[str, Cell], ...] = tuple(
        {
            "caller": made.name,
            "by": made.said.how,
            "speaks": made.said.speaks,
            "purposes": " ".join(made.said.purposes),
            "paths": " ".join(made.said.paths),
            "keys": len(made.said.pins),
            "expires": made.said.expires or None,
            "from": origin,
        }
        for origin, made in live
    )
    columns = ("caller", "by", "speaks", "purposes", "paths", "keys", "expires", "from")
    say(Table(f"{counted(len(rows), 'caller')} may ask.", columns, rows, {"callers": len(rows)}), form)
    return 0


def _ordered(data: Path, change: Mapping[str, Json], by: str, sentence: str) -> Table:
    if not is_own(settings_of(data).local, by):
        raise BadInput("whosaw.toml says who orders from this login, and it is somebody else", where="--by")
    return CHANGE.run(data, {"change": change, "by": by, "sentence": sentence}).table


def _change(here: House, said: Given) -> Done:
    change = said.values.get("change")
    if not isinstance(change, dict):
        raise NotCanonical("not a change of the callers", where="wish")
    done = ordered(here, {**change, "by": here.names.remember(said.text("by"))})
    facts: dict[str, Cell] = {"caller": done.name, "leaf": done.leaf}
    return Done(Table(f"{said.text('sentence')} It is on record at leaf {done.leaf}.", facts=facts))


CHANGE = Errand("caller", _change)


def _pin(file: Path) -> str:
    try:
        (first, *_) = x509.load_pem_x509_certificates(file.read_bytes()[: 256 * 1024])
        made = Certificate.of([first.public_bytes(Encoding.DER)])
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where="--certificate") from None
    except (ValueError, BadCertificate):
        raise BadInput("no certificate in PEM", where="--certificate", hint="the certificate, not its key") from None
    return f"sha256:{made.spki.hex()}"


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
