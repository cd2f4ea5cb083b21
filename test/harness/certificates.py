# SPDX-License-Identifier: Apache-2.0
"""Certificates made while the tests run: a CA, and pairs of files that it signed."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAMES = ["localhost", "127.0.0.1", "::1"]


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def days(number):
    return now() + datetime.timedelta(days=number)


def named(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def alternative(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def pem_key(key, passphrase=None):
    lock = (serialization.BestAvailableEncryption(passphrase) if passphrase
            else serialization.NoEncryption())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


def put(path, octets, mode=0o600):
    """As an operator does: in the place of the old one, at once."""
    new = path.with_suffix(".new")
    new.write_bytes(octets)
    new.chmod(mode)
    new.rename(path)


class Authority:
    """A CA of its own, whose certificate stands in `path` for clients to trust."""

    def __init__(self, folder):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = named("test authority")
        self.certificate = self._sign(self.name, self.key, days(-1), days(30), ca=True)
        self.path = folder / "ca.pem"
        self.path.write_bytes(pem(self.certificate))
        self.path = str(self.path)

    def _sign(self, subject, key, begin, end, ca=False, names=()):
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject).issuer_name(self.name).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin).not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                self.key.public_key()), critical=False)
            .add_extension(x509.KeyUsage(
                True, False, False, False, False, ca, ca, False, False), critical=True))
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([alternative(n) for n in names]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, name="server", begin=None, end=None, passphrase=None, names=NAMES):
        """(PEM of a certificate, PEM of its key)."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(named(name), key, begin or days(-1), end or days(30), names=names)
        return pem(certificate), pem_key(key, passphrase)

    def pair(self, name="server", **options):
        """Writes NAME.pem and NAME.key; their paths."""
        files = (self.folder / f"{name}.pem", self.folder / f"{name}.key")
        for path, octets in zip(files, self.issue(name, **options)):
            put(path, octets)
        return files
