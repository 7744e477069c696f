/* When exactly events of coupled families happen: a model that writes it down. */
#ifndef KITH_TESTS_SPY_H
#define KITH_TESTS_SPY_H

#include "coupled.h"

/* A model that does what the real one does and writes down when, for a run's rows only tell the day. It knows the time of
 * an event if nothing is carried out ahead of the others. */
struct seen {
    double t;
    uint32_t family;
    unsigned member, code;
};

static struct {
    const struct kith_model *real;
    struct kith_model model;
    struct kith_coupling coupling;
    struct seen *seen;
    size_t n, room;
    size_t calls;
    bool ahead; /* a row's day was not that of the time */
} spy;

static inline void spy_note(const struct kith_cell *cell, size_t before, double t)
{
    for (size_t k = before; k < cell->n_rows; k++) {
        if (k >= spy.room) {
            spy.room = spy.room ? 2 * spy.room : 1024;
            spy.seen = realloc(spy.seen, spy.room * sizeof *spy.seen);
            assert_non_null(spy.seen);
        }
        spy.seen[k] = (struct seen){t, 0, (unsigned)cell->member[k], cell->code[k]};
        spy.ahead |= cell->day[k] != (uint16_t)((t - cell->warm_up) * 365.25);
        spy.n = k + 1;
    }
}

static inline double spy_advance(const void *model, struct kith_cell *cell, void *family, double until)
{
    size_t before = cell->n_rows;
    double next = spy.real->advance(model, cell, family, until);
    spy.calls++;
    spy_note(cell, before, until);
    return next;
}

static inline void spy_standing(const void *model, struct kith_cell *cell, const void *family)
{
    size_t before = cell->n_rows;
    spy.real->standing(model, cell, family);
    spy_note(cell, before, cell->warm_up);
}

static inline double spy_granted(const void *model, struct kith_cell *cell, void *family, double t, size_t pool,
                          const struct kith_ticket *ticket, uint32_t holder)
{
    size_t before = cell->n_rows;
    double next = spy.real->coupling->granted(model, cell, family, t, pool, ticket, holder);
    spy_note(cell, before, t);
    return next;
}

static inline double spy_lost(const void *model, struct kith_cell *cell, void *family, double t, size_t pool,
                       const struct kith_ticket *ticket)
{
    size_t before = cell->n_rows;
    double next = spy.real->coupling->lost(model, cell, family, t, pool, ticket);
    spy_note(cell, before, t);
    return next;
}

/* Runs a coupled cell; spy.seen are its events, with their families, in the order in which they were carried out. */
static inline void run_seen(struct harness *h, struct result *r, size_t arm, int replication, size_t area)
{
    assert_true(h->shape->coupled);
    spy.real = h->model;
    spy.model = *h->model;
    spy.coupling = *h->model->coupling;
    spy.model.advance = spy_advance;
    spy.model.standing = spy_standing;
    spy.model.coupling = &spy.coupling;
    spy.coupling.granted = spy_granted;
    spy.coupling.lost = spy_lost;
    spy.n = spy.calls = 0;
    spy.ahead = false;
    h->model = &spy.model;
    run(h, r, arm, replication, area);
    h->model = spy.real;
    assert_int_equal(spy.n, r->cell.n_rows);
    for (size_t k = 0; k < spy.n; k++)
        spy.seen[k].family = r->cell.owner[k];
}

static inline int free_spy(void **state)
{
    (void)state;
    free(spy.seen);
    return 0;
}

/* Whether state `i` is one of the names in the list, each with a space before and after it. */
static inline bool listed(const struct harness *h, int i, const char *names)
{
    char name[256];
    if (i < 0)
        return false;
    const struct kith_shape_state *s = &h->shape->states[i];
    snprintf(name, sizeof name, " %s.%s ", h->shape->charts[s->chart].name, s->name);
    return strstr(names, name) != NULL;
}

#endif
