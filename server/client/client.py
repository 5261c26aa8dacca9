"""The API as commands call it: over the unix socket of the data folder, or over HTTP with a token."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode, urlsplit

from server.access.local_socket import connect_locally
from server.errors import StartError

TIMEOUT_S = 30.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024
COPY_BYTES = 256 * 1024
PORTS = {"http": 80, "https": 443}

Query = Mapping[str, str | int | float | bool | None]


class NoServerError(StartError):
    """Nothing listens where the server should be; the message says how to start one."""


class ApiRefusedError(StartError):
    """The server answered, and not with what was wanted; of several problems each is told."""

    def __init__(self, status: int, error: str, how_to_fix: str = "", problems: Sequence[str] = ()) -> None:
        told = error + (f"; {how_to_fix}" if how_to_fix else "")
        super().__init__(*([*problems, told] if len(problems) > 1 else [told]))
        self.status = status


class ApiClient:
    """One connection for each request: commands make one or two and end."""

    def __init__(
        self,
        where: Path | str,
        token: str | None = None,
        timeout_s: float = TIMEOUT_S,
        *,
        reason: str | None = None,
    ) -> None:
        """A data folder, or the URL of a server; raises StartError when it is no URL."""
        self._where = where
        self._token = token
        self._reason = reason
        self._timeout_s: float | None = timeout_s
        if isinstance(where, str):
            _check_url(where)

    def get(self, path: str, query: Query | None = None) -> Any:
        return self._call("GET", path, query)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._call("POST", path, None, body or {})

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._call("PUT", path, None, body)

    def delete(self, path: str) -> Any:
        return self._call("DELETE", path, None)

    def download(self, path: str, to: IO[bytes], query: Query | None = None) -> None:
        """For what is too large for memory."""
        with self._asked("GET", path, query, None) as response:
            while piece := response.read(COPY_BYTES):
                to.write(piece)

    def events(
        self, path: str, query: Query | None = None, lists: Mapping[str, Sequence[str]] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Server-sent events, one after the other, until the server ends them; waits for ever between two.

        Each value of `lists` stands in the query by itself.
        """
        many = urlencode(lists or {}, doseq=True)
        path += f"?{many}" if many else ""
        patient = ApiClient(self._where, self._token)
        patient._timeout_s = None
        with patient._asked("GET", path, query, None) as response:
            for raw in response:
                name, _, value = raw.decode("utf-8").rstrip("\r\n").partition(":")
                if name == "data":
                    yield json.loads(value)

    def _call(
        self, method: str, path: str, query: Query | None, body: Mapping[str, Any] | None = None
    ) -> Any:
        with self._asked(method, path, query, body) as response:
            content = response.read(MAX_ANSWER_BYTES)
        try:
            return json.loads(content) if content else None
        except ValueError:
            raise ApiRefusedError(response.status, f"{self._name}: the answer is no JSON") from None

    @contextmanager
    def _asked(
        self, method: str, path: str, query: Query | None, body: Mapping[str, Any] | None
    ) -> Iterator[http.client.HTTPResponse]:
        given = {name: value for name, value in (query or {}).items() if value is not None}
        separator = "&" if "?" in path else "?"
        target = path + (f"{separator}{urlencode(given)}" if given else "")
        headers = {"Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if self._reason:
            headers["X-Reason"] = _one_line(self._reason)
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        connection = self._connection()
        try:
            connection.request(method, target, content, headers)
            response = connection.getresponse()
            if response.status >= http.client.BAD_REQUEST:
                raise _refusal(response)
            yield response
        except (FileNotFoundError, ConnectionRefusedError):
            raise self._no_server() from None
        except (OSError, http.client.HTTPException) as error:
            raise ApiRefusedError(0, f"{self._name}: {error or type(error).__name__}") from None
        finally:
            connection.close()

    @property
    def _name(self) -> str:
        return str(self._where)

    def _no_server(self) -> NoServerError:
        if isinstance(self._where, Path):
            return NoServerError(
                f"no server is running with the data folder {self._where}; start one with `trunkline serve`, "
                "or name its settings with --config, or its address with --server"
            )
        return NoServerError(f"no server answers at {self._where}; start one with `trunkline serve`")

    def _connection(self) -> http.client.HTTPConnection:
        if isinstance(self._where, Path):
            return _LocalConnection(self._where, self._timeout_s)
        url = urlsplit(self._where)
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        return kind(url.hostname or "", url.port or PORTS[url.scheme], timeout=self._timeout_s)


class _LocalConnection(http.client.HTTPConnection):
    """HTTP over the socket of a data folder."""

    def __init__(self, data_directory: Path, timeout_s: float | None) -> None:
        super().__init__("localhost")
        self._data_directory = data_directory
        self._timeout_s = timeout_s

    def connect(self) -> None:
        self.sock: socket.socket = connect_locally(self._data_directory, self._timeout_s)


def _one_line(text: str) -> str:
    """As a header may hold it."""
    return " ".join(text.split()).encode("latin-1", "replace").decode("latin-1")


def segment(value: str) -> str:
    """A value as one segment of a path."""
    return quote(value, safe="")


def _refusal(response: http.client.HTTPResponse) -> ApiRefusedError:
    content = response.read(MAX_ANSWER_BYTES)
    try:
        told = json.loads(content)
        problems = [str(problem) for problem in told.get("problems", [])]
        return ApiRefusedError(response.status, str(told["error"]), str(told["how_to_fix"]), problems)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ApiRefusedError(response.status, f"the server answered {response.status} {response.reason}")


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise StartError(f"--server: {url!r} is no address; write it as http://127.0.0.1:8080")
