"""A real SMTP server that keeps every message as a file: smtp_sink.py PORT FOLDER.

Each message becomes FOLDER/NNNNNN.json, whole or not at all, in the order of arrival.
"""

import json
import os
import signal
import sys
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.controller import Controller


class Keep:
    def __init__(self, folder):
        self.folder = folder
        self.count = len(list(folder.glob("*.json")))

    async def handle_DATA(self, _server, _session, envelope):
        message = message_from_bytes(envelope.content, policy=policy.default)
        text = message.get_body(("plain",))
        html = message.get_body(("html",))
        kept = {
            "envelope_from": envelope.mail_from,
            "envelope_to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "subject": str(message["subject"]),
            "text": text and text.get_content(),
            "html": html and html.get_content(),
        }
        self.count += 1
        path = self.folder / f"{self.count:06}.json"
        part = path.with_suffix(".part")
        part.write_text(json.dumps(kept))
        os.replace(part, path)
        return "250 Kept"


def main():
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    controller = Controller(Keep(folder), hostname="127.0.0.1", port=port)
    controller.start()
    print("ready", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    controller.stop()


main()
