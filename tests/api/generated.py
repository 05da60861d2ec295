"""Generate a client from /openapi.json, and run the example of docs/clients.md with it: `make client`.

python -m tests.api.generated BIN: BIN is the `bin` folder of an environment that has openapi-python-client.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from api.app import create_app
from api.keyrings import FileRing
from api.keys import Keys
from api.settings import Settings
from pullquote import Archive
from tests.api.browser import serve
from tests.api.conftest import ARTICLES, BRIDGE, client_of

GUIDE = Path(__file__).parents[2] / "docs" / "clients.md"
QUOTE = "3 million euros"
SHOWN = f"“{QUOTE}” Mayor opens bridge 🌉 [{BRIDGE.index(QUOTE)}, {BRIDGE.index(QUOTE) + len(QUOTE)})\n"


def example(address: str, key: str) -> str:
    """The guide's example, for a server at an address."""
    [found] = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return str(found).replace("http://127.0.0.1:8000", address).replace("pq_…", key)


def archive_in(folder: Path) -> str:
    """Make an archive of a few articles there, and a key to search it."""
    with Archive(folder, create=True) as archive, client_of(create_app(Settings(archive=folder), archive)) as client:
        assert client.post("/v1/articles", json={"items": ARTICLES}).status_code == 200
    return Keys(FileRing(folder)).create("example", "search", [], None)[1]


def main(tools: Path) -> int:
    """Generate, run, compare."""
    tools = tools.absolute()  # the example runs in another folder
    with TemporaryDirectory() as folder:
        key = archive_in(Path(folder) / "archive")
        client = Path(folder) / "client"
        with serve(create_app(Settings(archive=Path(folder) / "archive"))) as address:
            generate: list[str | Path] = [
                tools / "openapi-python-client",
                "generate",
                "--meta",
                "none",
                "--fail-on-warning",
            ]
            place: list[str | Path] = ["--url", f"{address}/openapi.json", "--output-path", client / "pullquote_client"]
            client.mkdir()
            subprocess.run([*generate, *place], check=True, env={"PATH": f"{tools}:/usr/bin:/bin"})
            run: list[str | Path] = [tools / "python", "-c", example(address, key)]
            shown = subprocess.run(run, check=True, cwd=client, capture_output=True, text=True, encoding="utf-8").stdout
    sys.stdout.write(shown)
    return int(shown != SHOWN)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
