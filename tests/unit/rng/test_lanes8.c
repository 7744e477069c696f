/* Eight lanes of lanes.h have the bits of draw.h and real.h. */
#define KITH_LANES 8
#include "lanes_bits.h"
