"""A browser reduced to what signing in needs: cookies, redirects, forms, meta refresh."""

import re
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

import requests

STEPS = 20


class Page(HTMLParser):
    """The forms, the meta refresh and the heading of a page."""

    def __init__(self, text):
        super().__init__()
        self.forms, self.refresh, self.heading, self.links = [], None, "", []
        self._in_heading = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.forms.append({"action": attributes.get("action", ""), "fields": [], "buttons": set()})
        elif tag == "input" and self.forms:
            self.forms[-1]["fields"].append((attributes.get("name", ""), attributes.get("value") or ""))
        elif tag == "button" and self.forms:
            self.forms[-1]["buttons"].add(attributes.get("name"))
        elif tag == "meta" and attributes.get("http-equiv", "").lower() == "refresh":
            target = re.search(r"url=(.*)$", attributes.get("content", ""), re.IGNORECASE)
            self.refresh = target and target.group(1)
        elif tag == "a" and "button" in attributes.get("class", "").split():
            self.links.append(attributes.get("href", ""))
        elif tag == "h1":
            self._in_heading = True

    def handle_endtag(self, tag):
        if tag == "h1":
            self._in_heading = False

    def handle_data(self, text):
        if self._in_heading:
            self.heading += text


class FormDriver:
    def __init__(self, username, password):
        self.person = {"username": username, "password": password}
        self.cookies = {}

    def walk(self, url, redirect_uri, decision="allow"):
        """Walks from an authorization or logout request to `redirect_uri`; returns the URL there."""
        form = None
        for _ in range(STEPS):
            if url.startswith(redirect_uri):
                return url
            response = self._send(url, form)
            if "location" in response.headers:
                url, form = urljoin(url, response.headers["location"]), None
            else:
                url, form = self._answer(Page(response.text), url, redirect_uri, decision)
        raise AssertionError(f"no end after {STEPS} steps; last at {url}")

    def _send(self, url, form):
        # Our own jar: `requests` would keep `Secure` cookies from http://localhost.
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if form is not None:
            headers["Origin"] = "/".join(url.split("/")[:3])
        method = "GET" if form is None else "POST"
        response = requests.request(method, url, data=form, headers=headers, allow_redirects=False, timeout=30)
        assert response.status_code < 500, f"HTTP {response.status_code} from {url}"
        for line in response.raw.headers.getlist("Set-Cookie"):
            name, _, value = line.split(";")[0].partition("=")
            if re.search(r";\s*max-age=0\b", line, re.IGNORECASE):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return response

    def _answer(self, page, url, redirect_uri, decision):
        if page.refresh:
            return urljoin(url, page.refresh), None
        for form in page.forms:
            fields, action = dict(form["fields"]), urljoin(url, form["action"])
            if action == redirect_uri:
                return f"{action}?{urlencode(fields)}", None
            if "password" in fields:
                return action, fields | self.person
            if "decision" in form["buttons"]:
                return action, fields | {"decision": decision}
            if "choice" in form["buttons"]:
                return action, fields | {"choice": "continue"}
        if page.links:
            return urljoin(url, page.links[0]), None
        raise AssertionError(f"stuck at {url}: {page.heading.strip() or 'no heading'}")
