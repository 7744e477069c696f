/* Plain families 2 at a time, for any CPU. */
#define KITH_LANES 2
#include "plain_lanes.h"

void pathway_plain_run2(struct plain_batch *b)
{
    run(b);
}
