/* Families of one plain chart: its clocks are exponential or Weibull with constant hazards, at most one Weibull clock a
 * state, and nothing else happens to a family. Such families need no more than a small record each, and many of them are
 * carried through their events side by side, those in the same state together in the lanes of vectors (plain_lanes.h):
 * same draws, same arithmetic, so the same results to the bit as one at a time. */
#ifndef KITH_MODELS_PLAIN_H
#define KITH_MODELS_PLAIN_H

#include "pathway.h"

/* Clocks enabled in one state. */
#define PLAIN_CLOCKS_MAX 8
/* Families in progress side by side: as many as fit in the first cache. */
#define PLAIN_FAMILIES 512
/* Room in a list of families: whole vectors may be written at its end. */
#define PLAIN_LIST (PLAIN_FAMILIES + 8)

struct plain_clock {
    double rate, mean;               /* exponential: of the hazard, and its inverse */
    double ratio, inverse_ratio;     /* Weibull, as in struct enabled */
    double shape, inverse_shape, scale, inverse_scale;
    uint32_t rest;                   /* which double of a record */
    uint16_t to;                     /* state */
};

struct plain_state {
    unsigned n;                      /* clocks, the exponential ones first */
    bool weibull;                    /* the last one is */
    bool adjacent;                   /* what is left of them stands in a row in the records */
    int standing;                    /* transition that says how families stand when counting begins */
    struct plain_clock clock[PLAIN_CLOCKS_MAX];
    /* by clock, close together: key of draws, transition, which uint32_t of a record their number is */
    uint64_t key[PLAIN_CLOCKS_MAX], code[PLAIN_CLOCKS_MAX];
    uint32_t taken[PLAIN_CLOCKS_MAX];
};

/* One chart's tables. */
struct plain {
    size_t n_states, n_clocks;
    unsigned start;
    int entry;                       /* transition with which a family begins */
    size_t doubles;                  /* of a record: struct plain_family, then rest[n_clocks], taken[n_clocks] */
    size_t rests;                    /* which double rest[0] is */
    uint64_t *key;                   /* [n_clocks] in the order of the records: state by state */
    struct plain_state *state;
};

/* What a record begins with. Behind it: what is left of each clock's unit exponential, and its draws so far. */
struct plain_family {
    uint64_t key;                    /* of draws, as struct member's */
    double entered;                  /* its state */
    uint32_t number;                 /* from the first of the unit */
    bool tracked;
};

/* Families of a unit on their way. One record more than PLAIN_FAMILIES: idle lanes work on it. */
struct plain_batch {
    const struct plain *plain;
    struct kith_cell *cell;
    double *record;                  /* [PLAIN_FAMILIES + 1][doubles] */
    uint32_t *list;                  /* [n_states + 1][PLAIN_LIST] records by state; last: just begun */
    uint32_t *listed;                /* [n_states + 1] how many */
    uint32_t *idle;                  /* [PLAIN_LIST] records of nobody */
    uint32_t n_idle;
    uint64_t from, next, to;         /* numbers of families: first of the unit, next to begin, behind the last */
};

/* Finds the arms whose families are of this kind, and makes their tables. */
void pathway_find_batches(struct build *b);
/* Callbacks of the model (sim/model.h). */
size_t pathway_batch_bytes(const void *model, const struct kith_cell *cell);
void pathway_batch(const void *model, struct kith_cell *cell, uint64_t from, uint64_t to, void *workspace);

/* plain_lanes2.c, plain_lanes4.c, plain_lanes8.c: carries all families of the batch to the end. */
void pathway_plain_run2(struct plain_batch *b);
void pathway_plain_run4(struct plain_batch *b);
void pathway_plain_run8(struct plain_batch *b);

#endif
