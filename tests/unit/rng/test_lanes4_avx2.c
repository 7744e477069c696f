/* Four lanes in the instructions of AVX2 have the bits of draw.h and real.h, if this CPU has them. */
#define KITH_LANES 4
#define LANES_INSTRUCTIONS "avx2"
#define LANES_HAS __builtin_cpu_supports("avx2")
#include "lanes_bits.h"
