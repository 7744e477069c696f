/* One cell, (replication, arm, area): where its events are counted and its trajectories kept. Part of the hot
 * loop, so what a model calls at every event is inline. */
#ifndef KITH_SIM_CELL_H
#define KITH_SIM_CELL_H

#include "../base/mem.h"
#include "../base/spill.h"
#include "series.h"
#include "shape.h"

/* Counts of one transition in one month: how often, and how much of the month was left at those moments, in ticks
 * of 1/65536 month (about 40 seconds). Stocks and the time spent in each state follow from these two exactly, in
 * integers, so that a sum does not depend on its order. */
struct kith_tally {
    int64_t n;
    int64_t rest;
};
#define KITH_TICKS 65536

/* Rows by family, or by group of neighbours (rows.c). Room is kept from cell to cell. */
struct kith_sorted {
    uint32_t *row;  /* [room] day and code << 16 */
    int8_t *member; /* [room]; NULL if no family has members */
    uint8_t *near;  /* [room] which family of its group; NULL if there is one in each */
    uint32_t *end;  /* [ends] 0, then where each group's rows end */
    size_t room, ends;
};

/* Where the sorted rows of some stretch of time stand in kith_cell.spill. */
struct kith_stretch {
    uint64_t end, row, member, near;
};

/* Times are in years from the start of the simulation. The counted period is (warm_up, end]. */
struct kith_cell {
    /* set before a run, for the model to read */
    uint64_t key; /* of all draws: hash of seed, replication and area */
    size_t arm, area;
    int replication;
    double warm_up, end;
    /* filled by the functions below */
    int months;
    size_t n_transitions, n_counts;
    struct kith_tally *tally; /* [months + 1][n_transitions]; row 0 is all that happened before counting */
    int32_t *count;           /* [months + 1][n_counts] as in struct kith_series */
    int64_t *amount;          /* [months][n_amounts] */
    size_t n_amounts;
    uint64_t n_events;        /* all, warm-up included */
    /* trajectories: rows of the events of families that are tracked */
    bool tracking; /* the family at hand is tracked, and counting has begun */
    enum kith_status failed; /* why rows or tickets could not be kept: the run ends with it */
    const char *fault; /* what went wrong in the model, or NULL: the run ends with KITH_BAD_SCENARIO */
    char fault_text[300];
    struct kith_pool *pool; /* [n_pools] what the families share; NULL where nothing couples them */
    size_t n_pools;
    double ahead;      /* coupled: events that touch nothing shared may be carried out up to this time */
    uint64_t *block;   /* [blocks] for the model to say how families are numbered; see kith_model.families */
    double share;      /* of families that are tracked */
    uint32_t whose;    /* whose rows are added: number of the family, from the first of those that run */
    size_t mixed;      /* families whose rows come in order of time; 0: one family's after the other's */
    bool members;      /* families may have some */
    size_t code_bytes; /* of a transition's number in rows that leave */
    size_t n_rows, room; /* at hand */
    uint16_t *day;
    int8_t *member;
    uint16_t *code;
    uint32_t *owner;   /* [n_rows] family of each row, as `whose` was */
    /* mixed rows that were set aside: all of them in `sorted`, or, with stretches, in the file, and `sorted` is for work */
    struct kith_sorted sorted;
    size_t n_stretches, stretches_room;
    struct kith_stretch *stretch; /* [n_stretches] in order of time */
    struct kith_spill spill;
    bool counted;      /* something was set aside */
    uint32_t *rows_in; /* [groups_room] how many of each group were */
    uint32_t *rows_of; /* [rows_room] of each family of the batch that came back last */
    size_t groups_room, rows_room;
    struct kith_mem *mem;
};

/* An empty cell with tallies for `months` counted months; to be freed in every case. */
KITH_MUST_CHECK enum kith_status kith_cell_init(struct kith_cell *cell, struct kith_mem *mem,
                                                const struct kith_shape *shape, int months);
/* Releases all memory. */
void kith_cell_free(struct kith_cell *cell);
/* Empties tallies, counts and rows; keeps the memory. */
void kith_cell_clear(struct kith_cell *cell);
/* Adds the counts of another cell of the same shape. */
void kith_cell_add(struct kith_cell *cell, const struct kith_cell *other);
/* Stocks, flows, counts and costs (arm's prices) of what was counted. */
void kith_cell_series(const struct kith_cell *cell, const struct kith_shape *shape, struct kith_series *out);
/* Whole pence that the cost headings cost[0 .. n) of the shape came to in the months [from, to), as kith_cell_series will report
 * them. All events before the end of the last month must have happened. */
double kith_cell_spent(const struct kith_cell *cell, const struct kith_shape *shape, const size_t *cost, size_t n, int from, int to);
/* Years that families or members spent in state `state` in the months [from, to), in ticks of 1/786432 year. */
int64_t kith_cell_stayed(const struct kith_cell *cell, const struct kith_shape *shape, size_t state, int from, int to);
/* Notes that the scenario cannot go on, unless something was noted before: what is wrong, where, and what would be
 * right. */
void kith_cell_fault(struct kith_cell *cell, const char *fmt, ...) KITH_PRINTF(2, 3);

/* rows.c. Makes room for n more rows, and sets mixed ones aside for it when they are many; sets `failed` and returns false when
 * that cannot be done. */
bool kith_cell_room(struct kith_cell *cell, size_t n);
/* Sets the mixed rows at hand aside, the last ones of their run. KITH_NO_MEMORY, or KITH_IO with spill.reason. */
KITH_MUST_CHECK enum kith_status kith_cell_set_aside(struct kith_cell *cell);
/* Puts the rows of family `*next` and of those after it that were set aside in place of those at hand, of as many families as
 * there is room for, by family and then in order of time; *next is behind the last of them then. `owner` says nothing of them,
 * and codes stand as kith_cell_narrow leaves them. To be called with *next = 0 and then with what it has become, until that is
 * all families. Errors as kith_cell_set_aside. */
KITH_MUST_CHECK enum kith_status kith_cell_take_back(struct kith_cell *cell, size_t *next);
/* How many rows the k-th of the families that came back last has. */
size_t kith_cell_rows_of(const struct kith_cell *cell, size_t k);
/* The codes of the rows at hand, which are to leave, in code_bytes each from now on, from the beginning of `code`. */
void kith_cell_narrow(struct kith_cell *cell);
/* Forgets all rows; keeps the memory. */
void kith_cell_clear_rows(struct kith_cell *cell);
/* Releases the memory and the file of all rows. */
void kith_cell_free_rows(struct kith_cell *cell);

/* Whether family `index` is among the tracked share: its own keyed draw, so that a family is tracked or not whatever the
 * arm, and a larger share contains a smaller one. */
bool kith_cell_tracks(const struct kith_cell *cell, uint64_t index);

/* Adds a row of day `day` of counting to the trajectories of family cell->whose, without counting anything. */
static inline void kith_cell_row_of_day(struct kith_cell *cell, unsigned day, unsigned member, unsigned code)
{
    if (cell->n_rows == cell->room && !kith_cell_room(cell, 1))
        return;
    size_t i = cell->n_rows++;
    cell->day[i] = (uint16_t)day;
    cell->member[i] = (int8_t)member;
    cell->code[i] = (uint16_t)code;
    cell->owner[i] = cell->whose;
}

/* The day of counting that is `since` years, not below 0, after its beginning. */
static inline unsigned kith_cell_day(double since)
{
    return (unsigned)(since * 365.25);
}

/* The same at time t, not before counting begins. */
static inline void kith_cell_row(struct kith_cell *cell, double t, unsigned member, unsigned code)
{
    kith_cell_row_of_day(cell, kith_cell_day(t - cell->warm_up), member, code);
}

/* Records that transition `code` of member `member` (0: the family itself) happened at time t. */
static inline void kith_cell_event(struct kith_cell *cell, double t, unsigned member, unsigned code)
{
    double m = (t - cell->warm_up) * 12;
    cell->n_events++;
    if (m <= 0) {
        cell->tally[code].n++;
        return;
    }
    int month = (int)m;
    if (month >= cell->months)
        month = cell->months - 1;
    struct kith_tally *k = &cell->tally[(size_t)(month + 1) * cell->n_transitions + code];
    k->n++;
    k->rest += (int64_t)((month + 1 - m) * KITH_TICKS);
    if (cell->tracking)
        kith_cell_row(cell, t, member, code);
}

/* Adds `n` to count number `i`, an event at time t (ignored up to the start of counting). */
static inline void kith_cell_count(struct kith_cell *cell, double t, size_t i, int n)
{
    double m = (t - cell->warm_up) * 12;
    if (m <= 0)
        return;
    int month = (int)m < cell->months ? (int)m : cell->months - 1;
    cell->count[(size_t)month * cell->n_counts + i] += n;
}

/* Adds `n` to census number `i` of yearly date `year` (0: the start of counting). */
static inline void kith_cell_census(struct kith_cell *cell, int year, size_t i, int n)
{
    cell->count[(size_t)year * 12 * cell->n_counts + i] += n;
}

#endif
