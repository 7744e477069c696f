#!/usr/bin/env python3
"""Checks the known answers of test_pcg.c. Exit code 0: right, 1: wrong. Needs numpy.

numpy has no RXS-M-XS generator. But it has two other PCG members, PCG64 (XSL-RR 128/64) and PCG64DXSM. Here
all three are transcribed in the same way, from the published definitions to Python's big integers. The first
two transcriptions must give numpy's raw output, which vouches for the way of transcribing; the third one must
give the known answers that stand in test_pcg.c.
"""
import pathlib
import re
import sys

import numpy

M64, M128 = 2**64 - 1, 2**128 - 1


def lcg(state, multiplier, increment, bits):
    """One step of the underlying congruential generator."""
    return (state * multiplier + increment) % 2**bits


def xsl_rr_128(state):
    word, turn = (state >> 64) ^ (state & M64), state >> 122
    return (word >> turn | word << (64 - turn)) & M64


def dxsm_128(state):
    hi, lo = state >> 64, (state & M64) | 1
    hi ^= hi >> 32
    hi = hi * 0xDA942042E4DD58B5 & M64
    hi ^= hi >> 48
    return hi * lo & M64


def rxs_m_xs_64(state):
    word = ((state >> ((state >> 59) + 5)) ^ state) * 12605985483714917081 & M64
    return (word >> 43) ^ word


def pcg64(state, increment, n):
    out = []
    for _ in range(n):  # this member steps first
        state = lcg(state, 0x2360ED051FC65DA44385DF649FCCF645, increment, 128)
        out.append(xsl_rr_128(state))
    return out


def pcg64_dxsm(state, increment, n):
    out = []
    for _ in range(n):
        out.append(dxsm_128(state))
        state = lcg(state, 0xDA942042E4DD58B5, increment, 128)
    return out


def pcg64_oneseq(seed, n):
    """pcg64_oneseq of the C library: seeded as its srandom does, then each state's output before its step."""
    def step(state):
        return lcg(state, 6364136223846793005, 1442695040888963407, 64)

    state, out = step((step(0) + seed) & M64), []
    for _ in range(n):
        out.append(rxs_m_xs_64(state))
        state = step(state)
    return out


def numpy_raw(generator, name, state, increment, n):
    generator.state = {"bit_generator": name, "state": {"state": state, "inc": increment}, "has_uint32": 0,
                       "uinteger": 0}
    return [int(word) for word in generator.random_raw(n)]


def main():
    ok = True
    for k in range(50):
        state = pow(7, 50 + k, 2**128)
        increment = pow(11, 60 + k, 2**128) | 1
        ok &= numpy_raw(numpy.random.PCG64(), "PCG64", state, increment, 20) == pcg64(state, increment, 20)
        ok &= numpy_raw(numpy.random.PCG64DXSM(), "PCG64DXSM", state, increment, 20) == pcg64_dxsm(
            state, increment, 20)
    print("transcriptions give numpy's output:", ok)
    text = (pathlib.Path(__file__).parent / "test_pcg.c").read_text()
    answers = re.findall(r"/\* seed (\d+) \*/\s*\{([^}]*)\}", text)
    for seed, words in answers:
        stored = [int(word, 16) for word in re.findall(r"0x[0-9a-f]+", words)]
        right = pcg64_oneseq(int(seed), len(stored)) == stored
        print(f"known answers for seed {seed}:", right, "" if right else
              ", ".join(f"0x{word:016x}" for word in pcg64_oneseq(int(seed), len(stored))))
        ok &= right and len(stored) > 0
    ok &= len(answers) == 3
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
