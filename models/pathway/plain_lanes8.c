/* Plain families 8 at a time, for CPUs with AVX-512 (F, DQ, VL). */
#define KITH_LANES 8
#include "plain_lanes.h"

void pathway_plain_run8(struct plain_batch *b)
{
    run(b);
}
