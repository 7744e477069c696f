/* Plain families 2 at a time, for any CPU. */
#define KITH_LANES 2
#include "plain_area.h"
#include "plain_batch.h"

void pathway_plain_batch2(struct plain_batch *b)
{
    run_batch(b);
}

void pathway_plain_area2(struct plain_area *a)
{
    run_area(a);
}
