#!/usr/bin/env python3
"""Writes engine/rng/real_table.h: the tables and constants of kith's exp, log and pow.

usage: scripts/make_real_table.py > engine/rng/real_table.h

All values are computed with 60 decimal digits and rounded once. See engine/rng/real_inline.h for their use.
"""
from decimal import Decimal, getcontext
from fractions import Fraction
import math

getcontext().prec = 60
CELLS = 128  # of each table; the index is 7 bits
HI_BITS = 42  # log c and log 2: the high parts are multiples of 2^-42


def nearest(x):
    """The double nearest to a Decimal."""
    f = Fraction(x)
    return f.numerator / f.denominator  # Python rounds this quotient correctly


def on_grid(x, bits):
    """x rounded to a multiple of 2^-bits, as an exact double, and the rest as a double."""
    hi = round(Fraction(x) * 2**bits) / Fraction(2**bits)
    hi_double = float(hi)
    assert Fraction(hi_double) == hi
    return hi_double, nearest(x - Decimal(hi.numerator) / Decimal(hi.denominator))


def log_cell(i):
    """The cell of index i: inv_c (a multiple of 2^-9 or 2^-10, 10 bits) and -log(inv_c) in two parts.

    kith_log's cells are 2^-7 wide in mantissa units, moved by half a cell so that one is centred on 1;
    they start at the mantissa 1 + 53.5/128 of the binade below 1. There inv_c is exactly 1.
    """
    start = Fraction(2 * 53 + 1, 2) + i  # in cells after 1/2
    ends = []
    for at in (start, start + 1):
        binade = Fraction(1, 2) if at < CELLS else Fraction(1)
        ends.append(binade * (1 + (at % CELLS) / CELLS))
    middle = (ends[0] + ends[1]) / 2
    grid = 512 if middle < 1 else 1024
    inv_c = Fraction(round(grid / middle), grid)
    if ends[0] < 1 < ends[1]:
        inv_c = Fraction(1)
    worst = max(abs(end * inv_c - 1) for end in ends)
    assert worst < Fraction(1, 180), (i, float(worst))
    log_c = -(Decimal(inv_c.numerator) / Decimal(inv_c.denominator)).ln()
    return float(inv_c), *on_grid(log_c, HI_BITS)


def main():
    ln2 = Decimal(2).ln()
    print("/* Written by scripts/make_real_table.py; do not edit. */\n/* clang-format off */")
    print("#ifndef KITH_RNG_REAL_TABLE_H\n#define KITH_RNG_REAL_TABLE_H\n")
    hi, lo = on_grid(ln2, HI_BITS)
    print(f"/* log 2; the high part is a multiple of 2^-{HI_BITS}. */")
    print(f"#define KITH_REAL_LN2_HI {hi.hex()}\n#define KITH_REAL_LN2_LO {lo.hex()}")
    hi, lo = on_grid(ln2 / CELLS, HI_BITS)
    print(f"/* log 2 / {CELLS} in the same way, and its inverse. */")
    print(f"#define KITH_REAL_STEP_HI {hi.hex()}\n#define KITH_REAL_STEP_LO {lo.hex()}")
    print(f"#define KITH_REAL_STEPS {nearest(CELLS / ln2).hex()}\n")
    print("/* {inv_c, high and low part of log c} for each cell of kith_log. */")
    print("#define KITH_REAL_LOG_ROWS \\")
    for i in range(CELLS):
        row = ", ".join(v.hex() for v in log_cell(i))
        print(f"    {{{row}}}{', ' + chr(92) if i < CELLS - 1 else ''}")
    print(f"\n/* {{2^(i/{CELLS}), what its rounding left out, relative to it}}. */")
    print("#define KITH_REAL_EXP_ROWS \\")
    for i in range(CELLS):
        exact = Decimal(2) ** (Decimal(i) / CELLS)
        hi = nearest(exact)
        lo = nearest(exact / Decimal(hi) - 1)
        print(f"    {{{hi.hex()}, {lo.hex()}}}{', ' + chr(92) if i < CELLS - 1 else ''}")
    print("\n#endif")
    assert math.isclose(float(ln2), math.log(2))


if __name__ == "__main__":
    main()
