"""The YAML language server that editors use, spoken to as an editor does: JSON-RPC over its standard input."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any, Self

PACKAGE = "yaml-language-server@1.25.0"
CACHE = Path(os.environ.get("COMITY_TEST_CACHE", Path(tempfile.gettempdir()) / "comity-test-cache"))
CURSOR = "‸"
_SETTINGS = {
    "yaml": {
        "validate": True,
        "hover": True,
        "completion": True,
        "schemaStore": {"enable": False},
        "kubernetesCRDStore": {"enable": False},
    },
    "http": {},
}


def installed() -> Path | str:
    """Where the server's program lies, installed by npm at need; or why there is none."""
    if not (shutil.which("node") and shutil.which("npm")):
        return "node and npm are not installed"
    folder = CACHE / PACKAGE.replace("@", "-")
    program = folder / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    if not program.exists():
        making = Path(tempfile.mkdtemp(dir=_made(CACHE)))
        call = [
            "npm",
            "install",
            "--prefix",
            str(making),
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            PACKAGE,
        ]
        done = subprocess.run(call, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            return f"npm could not install {PACKAGE}: {done.stderr[-300:]}"
        try:
            making.rename(folder)
        except OSError:  # another test process was there first
            shutil.rmtree(making)
    return program


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class LanguageServer:
    """One process; ``root`` is the folder that the editor has open."""

    def __init__(self, program: Path, root: Path) -> None:
        self.root = root
        self._process = subprocess.Popen(
            ["node", str(program), "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=root,
        )
        self._count = 0
        self._said: Queue[dict[str, Any]] = Queue()
        Thread(target=self._listen, daemon=True).start()
        capabilities = {
            "textDocument": {
                "hover": {"contentFormat": ["markdown"]},
                "completion": {"completionItem": {"snippetSupport": False}},
            },
            "workspace": {"configuration": True},
        }
        folder = {"uri": root.as_uri(), "name": root.name}
        self._ask("initialize", processId=os.getpid(), rootUri=root.as_uri(), capabilities=capabilities,
                  workspaceFolders=[folder])  # fmt: skip
        self._tell("initialized")
        self._tell("workspace/didChangeConfiguration", settings=_SETTINGS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ask("shutdown")
        self._tell("exit")
        self._process.wait(timeout=20)

    def diagnostics(self, path: str, text: str) -> list[tuple[int, str]]:
        """Line from 1 and message of everything that the server finds in ``text`` as the file ``path``."""
        return self.diagnostics_of({path: text})[path]

    def diagnostics_of(self, files: dict[str, str]) -> dict[str, list[tuple[int, str]]]:
        """The diagnostics of several files, path → text, that are open at once."""
        waiting = {self._open(path, text): path for path, text in files.items()}
        found = {}
        while waiting:
            said = self._next()
            if said.get("method") == "textDocument/publishDiagnostics" and said["params"]["uri"] in waiting:
                path = waiting.pop(said["params"]["uri"])
                marks = said["params"]["diagnostics"]
                found[path] = [(each["range"]["start"]["line"] + 1, each["message"]) for each in marks]
        return found

    def completions(self, path: str, text: str) -> dict[str, str]:
        """What is offered at the cursor in ``text``, each with what is said of it."""
        answer = self._at_cursor("textDocument/completion", path, text)
        items = answer["items"] if isinstance(answer, dict) else answer or []
        return {each["label"]: _plain(each.get("documentation")) for each in items}

    def hover(self, path: str, text: str) -> str:
        """What is said of the word at the cursor."""
        return _plain((self._at_cursor("textDocument/hover", path, text) or {}).get("contents"))

    def _at_cursor(self, method: str, path: str, text: str) -> Any:
        before, after = text.split(CURSOR)
        uri = self._open(path, before + after)
        place = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
        return self._ask(method, textDocument={"uri": uri}, position=place)

    def _open(self, path: str, text: str) -> str:
        # A name of its own every time: the server remembers a file by name and version.
        self._count += 1
        uri = (self.root / path).with_suffix(f".{self._count}.yaml").as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", textDocument=document)
        return uri

    def _ask(self, method: str, **params: Any) -> Any:
        self._count += 1
        self._send({"id": self._count, "method": method, "params": params})
        asked = self._count
        while True:
            said = self._next()
            if said.get("id") == asked and "method" not in said:
                assert "error" not in said, said
                return said["result"]

    def _tell(self, method: str, **params: Any) -> None:
        self._send({"method": method, "params": params})

    def _next(self) -> dict[str, Any]:
        """The next message, the server's own questions answered on the way."""
        while True:
            try:
                said = self._said.get(timeout=60)
            except Empty:
                raise AssertionError("the language server says nothing") from None
            if "id" not in said or "method" not in said:
                return said
            asked = said["params"].get("items", ()) if isinstance(said.get("params"), dict) else ()
            answer = [_SETTINGS.get(each.get("section")) for each in asked]
            self._send({"id": said["id"], "result": answer if asked else None})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline()).strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not line:
                return
            self._said.put(json.loads(stream.read(length)))


def _plain(said: Any) -> str:
    if isinstance(said, dict):
        return str(said.get("value", ""))
    return "" if said is None else str(said)
