"""The meters as monitoring reads them."""

import httpx2
from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scrape(port: int) -> tuple[Samples, str]:
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as http:
        answer = await http.get(f"http://127.0.0.1:{port}/metrics")
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    samples = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }
    return samples, answer.text


def value(samples: Samples, name: str, **labels: str) -> float:
    """0 where nothing was counted yet."""
    return samples.get((name, frozenset(labels.items())), 0.0)
