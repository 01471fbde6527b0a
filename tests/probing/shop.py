"""A shop on loopback whose pages do all that destinations do to a probe."""

import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

STATUSES = {"/missing": 404, "/broken": 500, "/closed": 403}


@dataclass
class Shop:
    """`over` ends the page that never answers."""

    url: str = ""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def shop(tls: ssl.SSLContext | None = None) -> Iterator[Shop]:
    told = Shop()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            path, query = urlsplit(self.path).path, urlsplit(self.path).query
            if path == "/silent":
                told.over.wait(30)
                return
            where = {
                "/moved": f"/page?{query}",
                "/loses": "/page",
                "/loses-ctx": "/page?" + "&".join(part for part in query.split("&") if not part.startswith("ctx=")),
                "/loop": f"/loop?{query}",
                "/inner": "http://169.254.169.254/latest/meta-data/",
                "/ten": "http://10.0.0.1/",
                "/ftp": "ftp://shop.example/",
            }.get(path)
            self.send_response(302 if where else STATUSES.get(path, 200))
            if where:
                self.send_header("location", where)
            self.end_headers()
            if path == "/huge":
                self._flood()

        def _flood(self) -> None:
            """A gigabyte, to whoever takes it."""
            part = b"x" * 1_000_000
            try:
                for _ in range(1000):
                    self.wfile.write(part)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    told.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield told
    finally:
        told.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def certified(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(server's, client's that trusts it) for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "shop.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))
