"""Decimals become the doubles that Python's correctly rounded conversion gives."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pyarrow as pa
import pytest

from driftline_jobs.profiles.columns.arrays import numbers

RANDOM = np.random.default_rng(35)


@pytest.mark.parametrize(
    ("kind", "digits"),
    [
        (pa.decimal32(7, 2), 7),
        (pa.decimal64(15, 3), 15),
        (pa.decimal128(20, 2), 14),
        (pa.decimal128(20, 2), 20),
        (pa.decimal128(38, 18), 38),
        (pa.decimal256(70, 30), 70),
        (pa.decimal128(10, -3), 10),
    ],
)
def test_every_decimal_is_the_nearest_double(kind: pa.DataType, digits: int) -> None:
    with localcontext() as context:
        context.prec = 80
        values: list[Decimal | None] = [
            Decimal(int("".join(map(str, RANDOM.integers(0, 10, digits)))) * sign).scaleb(-kind.scale)
            for sign in RANDOM.choice([-1, 1], 500).tolist()
        ]
        values[7] = None
        values[8] = Decimal(0)
        array = pa.array(values, kind)
    for part, of in ((array, values), (array.slice(5, 40), values[5:45])):
        column = numbers(part)
        assert column.valid is not None
        right = [float(value) for value in of if value is not None]
        assert column.values[column.valid].tolist() == right


def test_a_decimal_is_the_same_number_as_a_double() -> None:
    hundredths = [Decimal(each).scaleb(-2) for each in range(-100_000, 100_000)]
    values = numbers(pa.array(hundredths, pa.decimal128(20, 2))).values
    assert (values == np.arange(-100_000, 100_000) / 100).all()
