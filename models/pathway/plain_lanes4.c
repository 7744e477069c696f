/* Plain families 4 at a time, for CPUs with AVX2. */
#define KITH_LANES 4
#include "plain_area.h"
#include "plain_batch.h"

void pathway_plain_batch4(struct plain_batch *b)
{
    run_batch(b);
}

void pathway_plain_area4(struct plain_area *a)
{
    run_area(a);
}
