/* Eight lanes in the instructions of AVX-512 have the bits of draw.h and real.h, if this CPU has them. */
#define KITH_LANES 8
#define LANES_INSTRUCTIONS "avx512f,avx512dq,avx512vl"
#define LANES_HAS (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
#include "lanes_bits.h"
