# SPDX-License-Identifier: Apache-2.0
"""An identity provider of this machine: real keys, real signatures, a real address, and every lie that it is asked for.

Idp(clock).token(sub="ana")                 a good one
Idp.lie("alg none" …)                       each a token that must not count
with idp.served() as url: idp.does = "slow"     a JWKS over HTTP that may answer late, wrong or not at all
"""

import base64
import hashlib
import hmac
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt import PyJWS
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

URL, AUDIENCE = "https://id.example.org/staff", "whosaw"
_RSA = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]  # slow to make: shared
_SMALL = rsa.generate_private_key(public_exponent=65537, key_size=1024)
_MAKE = {
    "RS256": lambda n: _RSA[n % 2],
    "PS256": lambda n: _RSA[n % 2],
    "ES256": lambda _: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda _: ec.generate_private_key(ec.SECP384R1()),
    "EdDSA": lambda _: ed25519.Ed25519PrivateKey.generate(),
}
_JWK = {"RS": RSAAlgorithm, "PS": RSAAlgorithm, "ES": ECAlgorithm, "Ed": OKPAlgorithm}


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Idp:
    """Its newest key signs; older ones stay in the JWKS until `forget`."""

    def __init__(self, clock, alg="ES256", url=URL, audience=AUDIENCE) -> None:
        self.clock, self.alg, self.url, self.audience = clock, alg, url, audience
        self.keys: dict[str, object] = {}
        self.asked, self.does = 0, ""
        self._made = 0
        self.rotate()

    def rotate(self, alg=None) -> str:
        """A new key, which signs from now on."""
        self.alg = alg or self.alg
        self.kid = f"key-{self._made}"
        self.keys[self.kid] = _MAKE[self.alg](self._made)
        self._made += 1
        return self.kid

    def forget(self, kid: str) -> None:
        del self.keys[kid]

    # ── what it publishes ──

    def jwk(self, kid: str, **more) -> dict:
        key = self.keys[kid]
        alg = next(name for name, make in _MAKE.items() if type(make(0)) is type(key))
        kind = _JWK[alg[:2]]
        return {**json.loads(kind.to_jwk(key.public_key())), "kid": kid, "use": "sig", **more}

    def jwks(self) -> bytes:
        return json.dumps({"keys": [self.jwk(kid) for kid in self.keys]}).encode()

    # ── what it signs ──

    def claims(self, **changes) -> dict:
        now = int(self.clock().timestamp())
        said = {"iss": self.url, "aud": self.audience, "sub": "ana", "iat": now, "exp": now + 300, "azp": "desk"}
        return {name: value for name, value in (said | changes).items() if value is not None}

    def token(self, *, header=None, kid=None, payload=None, **changes) -> str:
        """A token. `changes` are claims; None leaves one out."""
        kid = kid or self.kid
        raw = json.dumps(self.claims(**changes)).encode() if payload is None else payload
        return PyJWS().encode(raw, self.keys[kid], algorithm=self.alg, headers={"kid": kid, **(header or {})})

    def forged(self, header: dict, signed=lambda _: b"", **changes) -> str:
        """Header and claims as they are wanted, with whatever signature."""
        text = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(self.claims(**changes)).encode())}"
        return f"{text}.{b64(signed(text.encode()))}"

    def lies(self) -> dict[str, tuple[str, str]]:
        """Tokens that must not count, each with the check that must refuse it."""
        kid, now = self.kid, int(self.clock().timestamp())
        pem = (
            self.keys[kid]
            .public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
        good = self.token()
        head, body, signature = good.split(".")
        other = Idp(self.clock, self.alg, self.url, self.audience)
        jwk = other.jwk(other.kid)

        def hs(key):
            return lambda text: hmac.digest(key, text, hashlib.sha256)

        return {
            "alg none": (self.forged({"alg": "none", "kid": kid}), "alg"),
            "alg None": (self.forged({"alg": "None", "kid": kid}), "alg"),
            "no alg": (self.forged({"kid": kid}), "alg"),
            "alg is a list": (self.forged({"alg": ["ES256"], "kid": kid}), "alg"),
            "HS256 under the public key": (self.forged({"alg": "HS256", "kid": kid}, hs(pem)), "alg"),
            "RS256 under an EC key": (self.forged({"alg": "RS256", "kid": kid}, hs(pem)), "alg"),
            "ES384 that is not on the list": (self.forged({"alg": "ES384", "kid": kid}, hs(pem)), "alg"),
            "no signature": (f"{head}.{body}.", "signature"),
            "another's signature": (other.token(), "signature" if other.kid == kid else "kid"),
            "another's claims": (f"{head}.{self.token(sub='lead').split('.')[1]}.{signature}", "signature"),
            "another's kid": (other.token(header={"kid": "somebody"}), "kid"),
            "no kid": (self.forged({"alg": self.alg}), "kid"),
            "kid is a path": (self.forged({"alg": self.alg, "kid": "../../../dev/null"}, hs(b"")), "kid"),
            "kid is a query": (self.forged({"alg": self.alg, "kid": "x' UNION SELECT 'k"}, hs(b"k")), "kid"),
            "kid is endless": (self.forged({"alg": self.alg, "kid": "k" * 5000}), "kid"),
            "kid is a number": (self.forged({"alg": self.alg, "kid": 7}), "kid"),
            "its own key in the header": (other.token(header={"jwk": jwk, "kid": kid}), "header"),
            "an address for its key": (other.token(header={"jku": "https://evil.example.org", "kid": kid}), "header"),
            "a certificate for its key": (other.token(header={"x5c": ["MIIB"], "kid": kid}), "header"),
            "crit": (self.forged({"alg": self.alg, "kid": kid, "crit": ["b64"], "b64": False}), "crit"),
            "a type of another trade": (self.token(header={"typ": "logout+jwt"}), "typ"),
            "another issuer": (self.token(iss="https://id.example.net"), "iss"),
            "issuer with a slash more": (self.token(iss=f"{self.url}/"), "iss"),
            "no issuer": (self.token(iss=None), "iss"),
            "another audience": (self.token(aud="payroll"), "aud"),
            "no audience": (self.token(aud=None), "aud"),
            "audience is an object": (self.token(aud={"whosaw": True}), "aud"),
            "audience that begins alike": (self.token(aud="whosaw-test"), "aud"),
            "expired": (self.token(iat=now - 900, exp=now - 31), "exp"),
            "expires at this very moment": (self.token(exp=now - 30), "exp"),
            "never expires": (self.token(exp=None), "exp"),
            "expires as a text": (self.token(exp=str(now + 300)), "exp"),
            "expires as true": (self.token(exp=True), "exp"),
            "expires at the end of time": (self.token(exp=10**30), "exp"),
            "not yet": (self.token(nbf=now + 31), "nbf"),
            "issued tomorrow": (self.token(iat=now + 86_400, exp=now + 86_500), "nbf"),
            "not before no time": (self.token(nbf="soon"), "nbf"),
            "valid for a year": (self.token(exp=now + 31_536_000), "longest"),
            "nobody's": (self.token(sub=None), "sub"),
            "somebody without a name": (self.token(sub=""), "sub"),
            "a subject that is a list": (self.token(sub=["ana"]), "sub"),
            "a subject with a line of its own": (self.token(sub="ana\nlead"), "sub"),
            "huge": (self.token(padding="x" * 20_000), "too long"),
            "two parts": (f"{head}.{body}", "form"),
            "four parts": (f"{good}.x", "form"),
            "five parts": ("a.b.c.d.e", "form"),
            "nothing": ("..", "form"),
            "a list for a header": (f"{b64(b'[]')}.{body}.{signature}", "form"),
            "a claim twice": (self.token(payload=b'{"sub":"ana","sub":"lead"}'), "form"),
            "claims that are deep": (self.token(payload=b"[" * 5_000), "form"),
            "not base64": (f"{head}=.{body}.{signature}", "form"),
            "letters of another script": (f"{head}.{body}.ä", "form"),
        }

    # ── what it serves ──

    @contextmanager
    def served(self):
        """Its JWKS at an address of this machine. `does`: "" answers; "500", "slow", "drip", "huge", "moved", "junk"."""
        idp, done = self, threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                idp.asked += 1
                try:
                    self._answer()
                except OSError:
                    pass  # who asked has given up

            def _answer(self):
                body = idp.jwks()
                match idp.does:
                    case "500":
                        self.send_error(500)
                        return
                    case "moved":
                        self.send_response(302)
                        self.send_header("Location", "/elsewhere")
                        self.end_headers()
                        return
                    case "slow":
                        done.wait(60)
                    case "huge":
                        body = b'{"keys":[' + b" " * 300_000 + b"]}"
                    case "junk":
                        body = b"<html>sign in</html>"
                    case "twice":
                        body = json.dumps({"keys": [idp.jwk(idp.kid), idp.jwk(idp.kid)]}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if idp.does == "drip":
                    for byte in body:
                        self.wfile.write(bytes([byte]))
                        self.wfile.flush()
                        if done.wait(0.2):
                            return
                self.wfile.write(body)

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/jwks"
        finally:
            done.set()
            server.shutdown()
            thread.join()
            server.server_close()


SMALL = _SMALL
