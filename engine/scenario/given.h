/* Reading a scenario whose first file is at hand in memory: for tests and fuzzing. Private to this room. */
#ifndef KITH_SCENARIO_GIVEN_H
#define KITH_SCENARIO_GIVEN_H

#include "scenario.h"

/* As kith_scenario_read, but the file at `path` is not opened: its n bytes are given (NULL: it is). Files
 * that it extends and its tables are still looked for beside `path`. */
KITH_MUST_CHECK enum kith_status
kith_scenario_read_given(struct kith_scenario *sc, struct kith_mem *mem, const char *path, const char *bytes,
                         size_t n, const struct kith_override *overrides, size_t n_overrides,
                         const struct kith_model_keys *models, size_t n_models, struct kith_errors *errors);

#endif
