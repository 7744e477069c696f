/* Plain families 4 at a time, for CPUs with AVX2. */
#define KITH_LANES 4
#include "plain_lanes.h"

void pathway_plain_run4(struct plain_batch *b)
{
    run(b);
}
