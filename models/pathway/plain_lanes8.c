/* Plain families 8 at a time, for CPUs with AVX-512 (F, DQ, VL). */
#define KITH_LANES 8
#include "plain_area.h"
#include "plain_batch.h"

void pathway_plain_batch8(struct plain_batch *b)
{
    run_batch(b);
}

void pathway_plain_area8(struct plain_area *a)
{
    run_area(a);
}
