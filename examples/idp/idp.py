# SPDX-License-Identifier: Apache-2.0
"""An identity provider, for trying only: `python3 idp.py STAFF-ID` prints a token that is good for ten minutes.

Its key and `jwks.json` are made the first time, in the folder where it runs. A real one asks people who they are.
"""

import json
import os
import sys
import time
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

KEY, JWKS = Path("idp.key"), Path("jwks.json")

if not KEY.exists():
    made = Ed25519PrivateKey.generate()
    with os.fdopen(os.open(KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(made.public_key()))
    JWKS.write_text(json.dumps({"keys": [public | {"kid": "try-1", "use": "sig", "alg": "EdDSA"}]}))

now = int(time.time())
claims = {
    "iss": "https://id.example.org/staff",
    "aud": "whosaw",
    "sub": sys.argv[1],
    "azp": "support-desk",
    "iat": now,
    "nbf": now,
    "exp": now + 600,
}
token = jwt.encode(claims, load_pem_private_key(KEY.read_bytes(), None), "EdDSA", {"kid": "try-1", "typ": "at+jwt"})
sys.stdout.write(f"{token}\n")
