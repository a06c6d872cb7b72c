"""ECDSA with P-256 and SHA-256, to check what was signed; not for secrets."""

import base64
import hashlib

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    if a == b:
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def multiply(point, number):
    out = None
    while number:
        if number & 1:
            out = add(out, point)
        point = add(point, point)
        number >>= 1
    return out


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def is_signed(jwt, public):
    """Whether a JWT of ES256 was signed with the key of this public point."""
    start, _, signature = jwt.rpartition(".")
    signature = decoded(signature)
    r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
    if len(signature) != 64 or not (0 < r < N and 0 < s < N):
        return False
    digest = int.from_bytes(hashlib.sha256(start.encode()).digest(), "big")
    back = pow(s, -1, N)
    point = add(multiply(G, digest * back % N), multiply(public, r * back % N))
    return point is not None and point[0] % N == r


def public_of_pem(path):
    """The public point at the end of a PKCS #8 key."""
    with open(path, encoding="ascii") as file:
        lines = [line for line in file.read().split("\n") if line and "-----" not in line]
    end = base64.b64decode("".join(lines))[-64:]
    return int.from_bytes(end[:32], "big"), int.from_bytes(end[32:], "big")


def public_of_jwk(jwk):
    return tuple(int.from_bytes(decoded(jwk[name]), "big") for name in ("x", "y"))
