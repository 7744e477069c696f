/* The interface between the engine and a model. A model owns its families; the engine owns time, cells, recording
 * and results. models/ holds the models that exist. */
#ifndef KITH_SIM_MODEL_H
#define KITH_SIM_MODEL_H

#include "../scenario/scenario.h"
#include "../sched/queue.h"
#include "cell.h"
#include "shape.h"

/* What a model adds whose families share resources. Such a cell is run as a whole, its families in order of time. Each
 * function that is given a family returns the time of its next event, as advance does. */
struct kith_coupling {
    /* Writes all that there is to know about the family between two events to `to`, as short as it can; returns how many
     * bytes that are, at most family_bytes; it may write to KITH_STORE_BEYOND bytes more. An area's families wait in this
     * form: many more of them fit into a cache. */
    size_t (*pack)(const void *model, const struct kith_cell *cell, const void *family, void *to);
    /* Makes family number `number` again from what pack wrote, the same to the bit, in `family`, where some family of the
     * same cell is, made by `begin` or by this. It may read KITH_STORE_BEYOND bytes behind `from`, which stays as it is until
     * the family has been packed again: what happens in between may be read and copied from there. */
    void (*unpack)(const void *model, const struct kith_cell *cell, uint64_t number, const void *from, void *family);
    /* Whether nothing will ever happen to the family again and nothing about it counts any more. */
    bool (*over)(const void *model, const void *family);
    /* Sets the capacities at time 0; returns the time of the area's first own event, such as new capacities or a new
     * budget; INFINITY if there is none. */
    double (*area_begin)(const void *model, struct kith_cell *cell);
    /* Carries out the area's own events at time t, before those of families; returns the time of the next. */
    double (*area_event)(const void *model, struct kith_cell *cell, double t);
    /* The family got units of `pool` for which it stood in line; `holder` is its ticket among those who hold them. */
    double (*granted)(const void *model, struct kith_cell *cell, void *family, double t, size_t pool,
                      const struct kith_ticket *ticket, uint32_t holder);
    /* The family lost its units of `pool` to a higher priority. */
    double (*lost)(const void *model, struct kith_cell *cell, void *family, double t, size_t pool,
                   const struct kith_ticket *ticket);
    /* The levels of the pools (bits) have changed. Only called for families that listen (kith_pool_listen). */
    double (*loaded)(const void *model, struct kith_cell *cell, void *family, double t, uint64_t pools);
};

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
    /* Begins family number `index` in `family` (family_bytes, of any content); returns the time of its first event,
     * INFINITY if it has none. */
    double (*begin)(const void *model, struct kith_cell *cell, uint64_t index, void *family);
    /* Carries out the family's events up to and at `until`, in order; returns the time of the next one after, INFINITY
     * if there is none. In a coupled cell (cell->pool) it may go on up to cell->ahead with events that neither touch
     * nor depend on anything shared, as long as nothing shared can reach the family before them. */
    double (*advance)(const void *model, struct kith_cell *cell, void *family, double until);
    /* For a tracked family, at the moment counting begins: kith_cell_row with the entry transition of each chart
     * instance's state, so that its trajectory starts from a known place. */
    void (*standing)(const void *model, struct kith_cell *cell, const void *family);
    /* Fills the family's row of the trajectories: attributes [shape.n_attributes], birth times in years
     * [shape.members]; returns the number of members. May be NULL when there are neither. */
    size_t (*describe)(const void *model, const struct kith_cell *cell, const void *family, float *attributes,
                       double *births);
    /* Optional: a faster way for families that are simple enough, many side by side. `batch_bytes` is the size of the
     * workspace that it needs for n families of this cell (arm), 0 if they are not of that kind. `batch` carries families
     * [from, to) through the whole run, all of an area's if it is coupled, whose pools have begun; what it counts, what the pools
     * add up and the rows of each family are those of begin, advance, standing and the coupling. The rows of different
     * families may be mixed: cell->whose, from 0 for family `from`, says whose they are. `queue` is for a coupled
     * area's events, and to be begun; `stop` as in kith_families_run. */
    size_t (*batch_bytes)(const void *model, const struct kith_cell *cell, uint64_t n);
    enum kith_status (*batch)(const void *model, struct kith_cell *cell, uint64_t from, uint64_t to, void *workspace,
                              struct kith_queue *queue, const volatile int *stop);
    const struct kith_coupling *coupling; /* NULL: the model has no resources, its shape is never coupled */
};

#endif
