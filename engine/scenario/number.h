/* Reading a range of numbers. Private to this room. */
#ifndef KITH_SCENARIO_NUMBER_H
#define KITH_SCENARIO_NUMBER_H

#include "node.h"

/* The two numbers of `range: [low, high]`, of the given unit; `suffix` (or NULL) is put behind each. False
 * after a report. */
bool kith_number_range(struct kith_reader *r, const struct kith_node *range, enum kith_unit unit,
                       const char *suffix, double *low, double *high);

#endif
