"""What the parts count about refusals, logins, the journal and the audio engine, as Prometheus wants it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from server.http.status import WebhookStatus


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """Everything at one moment; the mappings are by rule id."""

    refused: Mapping[str, int]
    unanswered: Mapping[str, int]
    failed_api_logins: int
    journal_waiting: int
    journal_failing: bool
    tick_share: float
    recogniser_restarts: int
    recogniser_workers: int
    webhooks: tuple[WebhookStatus, ...] = ()


def load_metrics(now: LoadFigures) -> Iterator[Metric]:
    yield _by_rule("refusals", "SIP requests refused, by rule", now.refused)
    yield _by_rule("refusals_unanswered", "Refusals that got no answer, by rule", now.unanswered)
    yield CounterMetricFamily(
        "trunkline_api_failed_logins", "Requests with a wrong token", now.failed_api_logins
    )
    yield CounterMetricFamily(
        "trunkline_recogniser_restarts", "Workers that were replaced", now.recogniser_restarts
    )
    for name, text, value in (
        ("journal_waiting", "Events that are not durable yet", now.journal_waiting),
        ("journal_failing", "1 while the journal cannot be written", float(now.journal_failing)),
        ("tick_share", "Share of its time that the audio engine needs", now.tick_share),
        ("recogniser_workers", "Speech workers that are there", now.recogniser_workers),
    ):
        yield GaugeMetricFamily(f"trunkline_{name}", text, value)
    yield from _webhooks(now.webhooks)


def _webhooks(webhooks: Sequence[WebhookStatus]) -> Iterator[Metric]:
    sent = CounterMetricFamily("trunkline_webhook_sent", "Events taken", labels=["webhook"])
    let_go = CounterMetricFamily("trunkline_webhook_let_go", "Events given up", labels=["webhook"])
    behind = GaugeMetricFamily("trunkline_webhook_behind", "Events of the journal to go", labels=["webhook"])
    failing = GaugeMetricFamily("trunkline_webhook_failing", "1 while none is taken", labels=["webhook"])
    for each in webhooks:
        sent.add_metric([each.name], each.sent)
        let_go.add_metric([each.name], each.let_go)
        behind.add_metric([each.name], each.behind)
        failing.add_metric([each.name], float(bool(each.problem)))
    yield from (sent, let_go, behind, failing)


def _by_rule(name: str, text: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"trunkline_{name}", text, labels=["rule"])
    for rule, count in sorted(counts.items()):
        family.add_metric([rule], count)
    return family
