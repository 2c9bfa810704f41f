"""Looks at a built site: every link and anchor leads somewhere, and no page asks another host for anything."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from gan_book.errors import BookError

# Attributes that let a browser fetch something by itself. What a reader has to click, such as `href` of `a`, may lead
# to another host.
FETCHED = ("src", "srcset", "poster", "data", "action")
RELATIONS = {"canonical", "author", "license", "me"}  # of `link`, and not fetched
# In a style sheet: what is fetched. Names of other hosts in comments are no matter.
IN_STYLES = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")


class Page(HTMLParser):
    """Collects from a page: `links` that a reader may click, what is `fetched`, and the names of its parts, `ids`."""

    def __init__(self, text):
        super().__init__()
        self.links, self.fetched, self.ids = [], [], set()
        self._style = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self._style = tag == "style"
        self.ids |= {found[name] for name in ("id", "name") if found.get(name)}
        if tag == "link" and not RELATIONS & set((found.get("rel") or "").split()):
            self.fetched.append(found.get("href") or "")
        elif found.get("href"):
            self.links.append(found["href"])
        self.fetched += [found[name] for name in FETCHED if found.get(name)]
        self.fetched += in_styles(found.get("style") or "")

    def handle_data(self, data):
        if self._style:
            self.fetched += in_styles(data)


def in_styles(text):
    """The addresses that a style sheet fetches."""
    return [first or second for first, second in IN_STYLES.findall(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))]


def problems(site):
    """What is wrong with a site, a list of sentences; and how many links within it were followed."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    found, followed = [], 0
    for path, page in pages.items():
        name = path.relative_to(site).as_posix()
        for link in page.links + page.fetched:
            if other_host(link):
                if link in page.fetched:
                    found.append(f"{name} fetches {link} from another host")
                continue
            followed += 1
            if sentence := _wrong(link, name, site, pages):
                found.append(f"{name} {sentence}")
    for path in site.rglob("*.css"):
        outside = [link for link in in_styles(path.read_text(encoding="utf-8")) if other_host(link)]
        found += [f"{path.relative_to(site).as_posix()} fetches {link} from another host" for link in outside]
    return found, followed


def other_host(link):
    """Whether an address is one of another host, and not data that stands in the address itself."""
    return link.startswith("//") or bool(re.match(r"(?!data:|blob:)[a-zA-Z][a-zA-Z0-9+.-]*:", link))


def _wrong(link, name, site, pages):
    """What is wrong with a link of a page within the site: the rest of a sentence, or None."""
    if link.startswith(("data:", "blob:")):
        return None
    address, anchor = urldefrag(urljoin(f"/{name}", link))
    file = site / unquote(urlsplit(address).path).lstrip("/")
    if urlsplit(link).path.startswith("/"):
        return f"links to {link}, which is wrong where the site lies in a folder of a host"
    if file.is_dir():
        file /= "index.html"
    if not file.is_file():
        return f"links to {link}, which is not there"
    if anchor and file in pages and unquote(anchor) not in pages[file].ids:
        return f"links to {link}, and there is no such part of the page"
    return None


def require_sound(site):
    """Returns how many links within a site were followed.

    Raises:
        BookError: lists the first links that lead nowhere, and what is fetched from other hosts.
    """
    found, followed = problems(site)
    if found:
        more = f", and {len(found) - 5} more like these" if len(found) > 5 else ""
        raise BookError(f"the site has wrong links: {'; '.join(found[:5])}{more}")
    return followed
