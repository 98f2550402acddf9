# SPDX-License-Identifier: MIT OR Apache-2.0
"""Certificates for servers in tests."""

import os

from .processes import run


def self_signed(directory, name, *more, host="localhost"):
    """Makes a self-signed certificate; returns the files of the certificate and of its key."""
    certificate, key = (os.path.join(directory, f"{name}.{kind}") for kind in ("pem", "key"))
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", *more, "-keyout", key, "-out", certificate)
    return certificate, key


def fingerprint(certificate):
    """SHA-256 as people read it."""
    return run("openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", certificate).strip().split("=")[1]
