/* Families of one plain chart: its clocks are exponential or Weibull with constant hazards, at most one Weibull clock a
 * state, and nothing else happens to a family but that it may use limited resources and wait for them. Such families need
 * no more than a small record each, and many of them are carried through their events side by side, in the lanes of
 * vectors (plain_lanes.h): same draws, same arithmetic, so the same results to the bit as one at a time.
 *
 * plain.c finds them and makes their tables; plain_batch.h runs those that nothing couples, plain_crowd.h and plain_area.h
 * those who share. */
#ifndef KITH_MODELS_PLAIN_H
#define KITH_MODELS_PLAIN_H

#include "pathway.h"

/* Doubles in a line of a cache. */
#define PLAIN_LINE 8
/* Clocks enabled in one state. */
#define PLAIN_CLOCKS_MAX 8
/* Families in progress side by side, where nothing couples them. */
#define PLAIN_FAMILIES 512
/* Room in a list of families: whole vectors may be written at its end. */
#define PLAIN_LIST (PLAIN_FAMILIES + 8)

struct plain_clock {
    double rate, mean;               /* exponential: of the hazard, and its inverse */
    double shape, inverse_shape, scale, inverse_scale; /* Weibull */
    uint32_t rest;                   /* which double of a record */
    uint16_t to;                     /* state */
};

struct plain_state {
    unsigned n;                      /* clocks, the exponential ones first */
    bool weibull;                    /* the last one is */
    bool adjacent;                   /* what is left of them stands in a row in the records */
    int standing;                    /* transition that says how families stand when counting begins */
    struct plain_clock clock[PLAIN_CLOCKS_MAX];
    uint64_t code[PLAIN_CLOCKS_MAX]; /* transitions */
    uint32_t taken[PLAIN_CLOCKS_MAX]; /* which of plain_family.taken is theirs */
};

/* On what terms a state uses a resource. */
struct plain_use {
    int64_t units;                   /* used, in thousandths */
    double priority;
    int pool;                        /* which resource, -1 none */
    uint32_t granted;                /* transition to here from where families wait */
    uint16_t wait;                   /* the state where they do */
    bool waits;                      /* else nobody is ever refused */
};

/* A state's clocks where families in different states stand side by side: the exponential ones, then the Weibull one as number
 * PLAIN_WEIBULL. Those that a state has not are such that they never fire: see plain_crowd.h. */
#define PLAIN_WEIBULL 3
struct plain_mixed {
    uint64_t rest[PLAIN_WEIBULL + 1]; /* which double of a record */
    double shape, inverse_shape, inverse_scale; /* something follows: with 8 lanes rows of three are read as four */
    double rate[PLAIN_WEIBULL], scale;
};

/* What follows when a clock fires. */
struct plain_firing {
    uint64_t key;
    uint32_t taken, code, to;
    uint32_t waiting;                /* transition into waiting for what it leads to */
    bool touches, asks;              /* a resource: it is given back or asked for; asked for */
};

/* One chart's tables. */
struct plain {
    size_t n_states, n_clocks;
    unsigned start;
    int entry;                       /* transition with which a family begins */
    size_t doubles;                  /* of a record: struct plain_family with its n_clocks numbers of draws, then what is
                                        left of each clock's unit exponential, rest[n_clocks], then, where nothing is
                                        coupled and records are few, the bits of keys[n_clocks] of their draws */
    size_t taken_bytes;              /* of a number of draws: 1, 2 or 4 */
    size_t rests, keys;              /* which double rest[0] is; keys[0], 0: not kept */
    size_t none;                     /* which one stands for the rest of a clock that a state has not */
    uint64_t *key;                   /* [n_clocks] in the order of the records: state by state */
    struct plain_state *state;
    struct plain_use *use;           /* [n_states] for coupled areas */
    unsigned n_exponential;          /* of a state, at most */
    struct plain_mixed *mixed;       /* [n_states + 1] for coupled areas; the last one: of those in no state */
    struct plain_firing *firing;     /* [n_states][PLAIN_WEIBULL + 1] */
};

/* Families by state, as numbers of their records. */
struct plain_lists {
    uint32_t *list;                  /* [lists][PLAIN_LIST] */
    uint32_t *listed;                /* [lists] how many */
};

/* What a record begins with; see struct plain.doubles. */
struct plain_family {
    uint64_t key;                    /* of draws, as struct member's */
    double at;                       /* when it entered its state; coupled, once it is known: when it next touches a resource,
                                        INFINITY: when it is given one. What is left of its clocks is as of then, but
                                        for the one that fires, which has its next draw when the touch is prepared */
    uint8_t state, winner;           /* coupled: which clock fires then */
    uint8_t was;                     /* coupled: the state it left by what has been prepared, or waits for */
    bool tracked : 1, fired : 1, asks : 1, stood : 1; /* coupled: the touch has been prepared; it asks for a resource; there
                                                         is a row of how the family stood as counting began */
    uint32_t taken[];                /* draws of each clock so far, in plain.taken_bytes each */
};

/* Families of a unit on their way. One record more than PLAIN_FAMILIES: idle lanes work on it. */
struct plain_batch {
    const struct plain *plain;
    struct kith_cell *cell;
    double *record;                  /* [PLAIN_FAMILIES + 1][doubles] */
    struct plain_lists lists;        /* by state; one more: just begun */
    uint32_t *idle;                  /* [PLAIN_LIST] records of nobody */
    uint32_t n_idle;
    uint32_t *number;                /* [PLAIN_FAMILIES + 1] by record: whose it is, from the first of the unit */
    uint64_t from, next, to;         /* numbers of families: first of the unit, next to begin, behind the last */
};

/* All families of a coupled area. One record more than families: idle lanes work on it. */
struct plain_area {
    const struct plain *plain;
    struct kith_cell *cell;
    double *record;                  /* [n + 1][doubles] */
    uint32_t n;
    struct kith_queue *queue;        /* of touches */
    uint32_t *entered, n_entered;    /* who has entered a state whose clocks are still to race, see enter() */
    const struct kith_coupling *coupling; /* for the area's own events */
    const void *model;
    const volatile int *stop;
    enum kith_status status;
};

/* Finds the arms whose families are of this kind, and makes their tables. */
void pathway_find_batches(struct build *b);
/* Callbacks of the model (sim/model.h). */
size_t pathway_batch_bytes(const void *model, const struct kith_cell *cell, uint64_t n);
enum kith_status pathway_batch(const void *model, struct kith_cell *cell, uint64_t from, uint64_t to, void *workspace,
                               struct kith_queue *queue, const volatile int *stop);

/* plain_lanes2.c, plain_lanes4.c, plain_lanes8.c: carry all families of a batch, or of an area, to the end. */
void pathway_plain_batch2(struct plain_batch *b);
void pathway_plain_batch4(struct plain_batch *b);
void pathway_plain_batch8(struct plain_batch *b);
void pathway_plain_area2(struct plain_area *a);
void pathway_plain_area4(struct plain_area *a);
void pathway_plain_area8(struct plain_area *a);

#endif
