"""How evidence is kept in S3-compatible storage: the entry in STORAGES, and where its signed links lead."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from boto3.s3.transfer import TransferConfig
from botocore.config import Config

MB = 1024 * 1024


def s3_storage(
    *,
    bucket: str,
    endpoint: str = "",
    region: str = "us-east-1",
    access_key: str = "",
    secret_key: str = "",
    prefix: str = "",
    addressing: str = "",
) -> dict[str, Any]:
    """A private bucket, read through links that are signed (version 4) and run out.

    Without keys boto finds them itself, such as those of the machine's role. A file passes in parts of 8 MB, one
    after the other, and what has to be read back and forth lies in a temporary file: memory stays the same at any
    size. Checksums of the protocol are left out, which many stores other than Amazon's do not know: whatever is
    written is read again and its digest compared (`vault/places.py`).
    """
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "endpoint_url": endpoint or regional_endpoint(region),
            "region_name": region,
            "access_key": access_key or None,
            "secret_key": secret_key or None,
            "location": prefix.strip("/"),
            "default_acl": None,
            "querystring_auth": True,
            "querystring_expire": 60,
            "file_overwrite": True,
            "max_memory_size": 8 * MB,
            "transfer_config": TransferConfig(
                multipart_threshold=8 * MB, multipart_chunksize=8 * MB, use_threads=False
            ),
            "client_config": Config(
                signature_version="s3v4",
                s3={"addressing_style": addressing or ("path" if endpoint or "." in bucket else "virtual")},
                connect_timeout=5,
                read_timeout=60,
                retries={"mode": "standard", "total_max_attempts": 4},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        },
    }


def regional_endpoint(region: str) -> str:
    suffix = ".cn" if region.startswith("cn-") else ""
    return f"https://s3.{region}.amazonaws.com{suffix}"


def signed_origin(storage: dict[str, Any]) -> str:
    """Scheme and host of the signed links of `s3_storage`, for the Content-Security-Policy."""
    options = storage["OPTIONS"]
    address = urlsplit(options["endpoint_url"])
    is_virtual = options["client_config"].s3["addressing_style"] == "virtual"
    return f"{address.scheme}://{options['bucket_name'] + '.' if is_virtual else ''}{address.netloc}"
