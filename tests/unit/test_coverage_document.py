"""docs/coverage.md says where each promise is proven: what it points at is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROOFS = sorted(set(re.findall(r"`(tests/[^`]*)`", (ROOT / "docs/coverage.md").read_text())))


def test_there_are_proofs() -> None:
    assert len(PROOFS) > 20


@pytest.mark.parametrize("proof", PROOFS)
def test_a_proof_is_where_it_is_said_to_be(proof: str) -> None:
    path, _, test = proof.partition("::")
    assert (ROOT / path).exists()
    if test:
        functions = ast.FunctionDef | ast.AsyncFunctionDef
        tree = ast.parse((ROOT / path).read_text())
        assert test in {each.name for each in ast.walk(tree) if isinstance(each, functions)}


@pytest.mark.parametrize("folder", [proof for proof in PROOFS if (ROOT / proof).is_dir()])
def test_a_folder_named_as_proof_has_tests(folder: str) -> None:
    assert list((ROOT / folder).rglob("test_*.py"))
