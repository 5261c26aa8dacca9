"""The one shape of every error that the API answers with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from server.access.door import TurnedAwayError
from server.journal.journal import JournalError


class ErrorBody(BaseModel):
    """What is wrong, and what the caller of the API can do about it."""

    error: str
    how_to_fix: str
    problems: list[str] = Field(default=[], description="every mistake, where several were found at once")


class ApiError(Exception):
    """Raised by handlers; becomes the answer."""

    def __init__(
        self, status: int, error: str, how_to_fix: str, problems: tuple[str, ...] = (), retry_after_s: int = 0
    ) -> None:
        super().__init__(error)
        self.status = status
        self.body = ErrorBody(error=error, how_to_fix=how_to_fix, problems=list(problems))
        self.retry_after_s = retry_after_s


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of a route: the errors that it may answer with, besides those of every route."""
    return {status: {"model": ErrorBody, "description": MEANINGS[status]} for status in statuses}


MEANINGS = {
    400: "The request cannot be read",
    401: "No token, or one that opens nothing",
    403: "The token's role may not do this",
    404: "There is no such thing",
    409: "It cannot be done as things are",
    413: "The body is too large",
    422: "A parameter or the body is not what it should be",
    429: "Too many wrong tokens",
    503: "Not now",
}
OF_EVERY_ROUTE = answers(400, 401, 403, 413, 422, 429, 503)


def add_error_answers(app: FastAPI) -> None:
    """Every error leaves in the one shape, also those that the framework finds itself."""
    handlers: dict[type[Exception] | int, Callable[[Request, Any], Response]] = {
        ApiError: _api_error,
        TurnedAwayError: _turned_away,
        HTTPException: _http_error,
        RequestValidationError: _invalid,
        JournalError: _journal_error,
        500: _bug,
    }
    for error, handler in handlers.items():
        app.add_exception_handler(error, handler)


def _answer(status: int, body: ErrorBody, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(body.model_dump(), status, headers)


def _api_error(_request: Request, error: ApiError) -> Response:
    headers = {"Retry-After": str(error.retry_after_s)} if error.retry_after_s else None
    return _answer(error.status, error.body, headers)


def _turned_away(_request: Request, error: TurnedAwayError) -> Response:
    headers = {401: {"WWW-Authenticate": 'Bearer realm="trunkline"'}, 429: {"Retry-After": "5"}}
    body = ErrorBody(error=error.why, how_to_fix=error.how_to_fix)
    return _answer(error.status, body, headers.get(error.status))


def _http_error(_request: Request, error: HTTPException) -> Response:
    """The framework's own: no such path, no such method, a body that is too large or no JSON."""
    fixes = {
        404: "GET / lists what there is",
        405: "GET /openapi.json lists the methods of every path",
        413: "send less",
    }
    body = ErrorBody(error=str(error.detail), how_to_fix=fixes.get(error.status_code, "see /openapi.json"))
    return _answer(error.status_code, body, dict(error.headers or {}))


def _invalid(_request: Request, error: RequestValidationError) -> Response:
    problems = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
    how = "see /openapi.json for what this route takes"
    return _answer(
        422, ErrorBody(error=problems[0] if problems else "invalid", how_to_fix=how, problems=problems)
    )


def _journal_error(_request: Request, error: JournalError) -> Response:
    """An access that cannot be told to the journal does not happen."""
    how = "see that the disk of the data folder works and has room"
    return _answer(
        503, ErrorBody(error=f"the journal cannot take it: {error}", how_to_fix=how), {"Retry-After": "5"}
    )


def _bug(_request: Request, _error: Exception) -> Response:
    return _answer(500, ErrorBody(error="the server made a mistake", how_to_fix="its log tells more"))
