"""Runs the flows of one client program, and walks through the server's pages between them."""

import json
import os
import time
import traceback
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import requests

WORLD = json.loads(Path(os.environ["E2E_WORLD"]).read_text())


def run(client, flows):
    """Runs `flows`, functions by name, one after another; returns the exit status."""
    status = 0
    with Path(os.environ["E2E_RESULTS"]).open("a") as results:
        for flow, walk in flows.items():
            began, why = time.monotonic(), None
            try:
                walk()
            except Exception:  # noqa: BLE001: every fault is a result
                status, why = 1, traceback.format_exc()
            milliseconds = round((time.monotonic() - began) * 1000)
            result = {"client": client, "flow": flow, "ok": why is None, "milliseconds": milliseconds, "why": why}
            print(json.dumps(result), file=results, flush=True)
            print(f"  {'FAIL' if why else 'ok  '}  {client}: {flow} ({milliseconds} ms)", flush=True)
            if why:
                print(why, flush=True)
    return status


def walk(browser, url, until, **wishes):
    """Lets a person's browser open `url`; returns the address starting with `until` it arrives at."""
    request = {"browser": browser, "url": url, "until": until, **wishes}
    response = requests.post(f"{WORLD['outside']}/walk", json=request, timeout=60)
    answer = response.json()
    assert response.ok, answer["error"]
    return answer["url"]


def brought(url):
    """The parameters that a browser brings back: in the fragment if there is one, or in the query."""
    parts = urlsplit(url)
    return dict(parse_qsl(parts.fragment or parts.query))


def posted(name):
    """The fields of a form that somebody posted to that name, once they did."""
    response = requests.get(f"{WORLD['outside']}/post/{name}", timeout=60)
    answer = response.json()
    assert response.ok, answer["error"]
    return answer
