"""Real workers on the queue of files: one that is killed while it scans leaves the file to the next."""

import os
import shutil
import signal
import socketserver
import tempfile
import threading
from pathlib import Path

import pytest

from portal.audit.models import AuditEvent
from tests.factories.vault import StoredFileFactory
from tests.workers import wait_until, worker
from vault.jobs import check_file
from vault.models import StoredFile
from vault.places import storage_of


class NeverDone(socketserver.StreamRequestHandler):
    """A clamd that answers, takes a file, and never says what it thinks of it."""

    def handle(self):
        command = self.rfile.readline()
        if command == b"nPING\n":
            self.wfile.write(b"PONG\n")
        elif command == b"nVERSION\n":
            self.wfile.write(b"ClamAV that takes its time\n")
        else:
            self.server.has_a_file.set()
            self.server.may_end.wait()


@pytest.fixture
def slow_clamd():
    directory = Path(tempfile.mkdtemp(prefix="p-"))
    with socketserver.ThreadingUnixStreamServer(str(directory / "clamd.sock"), NeverDone) as server:
        server.has_a_file, server.may_end = threading.Event(), threading.Event()
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield server
        server.may_end.set()
        server.shutdown()
    shutil.rmtree(directory)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_while_scanning_leaves_the_file_to_the_next(slow_clamd, clamd_address):
    waiting = StoredFileFactory(state="received", content=b"abc")
    with worker("files", PORTAL_CLAMD=f"unix://{slow_clamd.server_address}") as first:
        check_file.delay(str(waiting.pk))
        assert slow_clamd.has_a_file.wait(60)
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    assert StoredFile.objects.get().state == "received"
    with worker("files", PORTAL_CLAMD=clamd_address):
        check_file.delay(str(waiting.pk))
        wait_until(lambda: StoredFile.objects.get().state != "received")
    stored = StoredFile.objects.get()
    assert (stored.state, stored.scanner.startswith("ClamAV 1.")) == ("clean", True)
    assert AuditEvent.objects.filter(action="storedfile.clear").count() == 1
    wait_until(lambda: not storage_of(waiting.place).exists(waiting.path))
