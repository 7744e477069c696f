/* The interface between the engine and a model. A model owns its families; the engine owns time, cells, recording
 * and results. models/ holds the models that exist. */
#ifndef KITH_SIM_MODEL_H
#define KITH_SIM_MODEL_H

#include "../scenario/scenario.h"
#include "cell.h"
#include "shape.h"

/* A model: a description and callbacks. `load` compiles the scenario for every arm; from then on the compiled
 * model is constant, and all other callbacks may run in any number of threads at once, each with a cell of its
 * own. Times are in years from the start of the simulation. */
struct kith_model {
    const char *name, *what;
    const char *const *keys; /* top-level scenario keys that belong to the model */
    size_t n_keys;

    /* Compiles. Reports go to `errors`; KITH_BAD_SCENARIO if there are any. *model is to be given to `unload` in
     * every case. */
    enum kith_status (*load)(void **model, struct kith_mem *mem, const struct kith_scenario *sc,
                             struct kith_errors *errors);
    void (*unload)(void *model);
    const struct kith_shape *(*shape)(const void *model);
    /* Bytes that one family in progress takes (the largest one). */
    size_t (*family_bytes)(const void *model);
    /* How many families are ever in this cell, numbered 0 .. n - 1. `expected` is the area's part of
     * population.families times shape.turnover, a real number: the model says how it is made whole, and may note
     * in cell->block how it numbers them. */
    uint64_t (*families)(const void *model, struct kith_cell *cell, double expected);
    /* Begins family number `index` in `family` (family_bytes, cleared); returns the time of its first event,
     * INFINITY if it has none. */
    double (*begin)(const void *model, struct kith_cell *cell, uint64_t index, void *family);
    /* Carries out the family's events up to and at `until`, in order; returns the time of the next one after, INFINITY
     * if there is none. */
    double (*advance)(const void *model, struct kith_cell *cell, void *family, double until);
    /* For a tracked family, at the moment counting begins: kith_cell_row with the entry transition of each chart
     * instance's state, so that its trajectory starts from a known place. */
    void (*standing)(const void *model, struct kith_cell *cell, const void *family);
    /* Fills the family's row of the trajectories: attributes [shape.n_attributes], birth times in years
     * [shape.members]; returns the number of members. May be NULL when there are neither. */
    size_t (*describe)(const void *model, const struct kith_cell *cell, const void *family, float *attributes,
                       double *births);
};

#endif
