# SPDX-License-Identifier: Apache-2.0
"""A small certificate authority: it issues to servers and to tools, and its clock can be turned."""

import ipaddress
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Issued:
    """A certificate with its private key, as PEM on a disk and as DER."""

    def __init__(self, certificate, key) -> None:
        self.certificate, self.key = certificate, key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def pin(self) -> str:
        from whosaw.api.callers.cert import Certificate

        return f"sha256:{Certificate.of([self.der]).spki.hex()}"

    def write(self, folder, name):
        """NAME.pem and NAME.key; returns both paths."""
        folder.mkdir(exist_ok=True)
        paths = folder / f"{name}.pem", folder / f"{name}.key"
        paths[0].write_text(self.pem)
        paths[1].write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return paths


class Authority(Issued):
    """It signs for whoever the test says. `at`: around when its own certificate holds."""

    def __init__(self, name="Example CA", at=None, above=None) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        at = at or datetime.now(UTC)
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        issuer, by = (above.certificate.subject, above.key) if above else (_name(name), key)
        certificate = (
            _bare(name, key.public_key(), at - 10 * DAY, at + 3650 * DAY, issuer, by)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(by, hashes.SHA256())
        )
        super().__init__(certificate, key)
        self.at = at

    def issue(self, *sans, at=None, days=30, use=CLIENT, key=None) -> Issued:
        """A certificate for a tool; a SAN is `dns:…`, `uri:…` or `ip:…`."""
        key, at = key or ec.generate_private_key(ec.SECP256R1()), at or self.at
        names = [
            {"dns": x509.DNSName, "uri": x509.UniformResourceIdentifier}[kind](text)
            if kind != "ip" else x509.IPAddress(ipaddress.ip_address(text))
            for kind, _, text in (san.partition(":") for san in sans or ("dns:desk.example.org",))
        ]  # fmt: skip
        made = (
            _bare("tool", key.public_key(), at - DAY, at + days * DAY, self.certificate.subject, self.key)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        )
        return Issued(made.sign(self.key, hashes.SHA256()), key)


def _bare(name, public, begins, ends, issuer, by):
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
