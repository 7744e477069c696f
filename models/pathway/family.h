/* A family at work, and the pieces of it. Layout: struct family, then the arrays its pointers name, then one block a
 * member: struct member, its instances, uses, marks and slot numbers; last, where instances stand in the packed family.
 * The slots stand before the members: those of clocks that have ever run, in the order in which they first did, for most
 * clocks of most families never do. A family of a coupled area that waits for its next event is packed (pack.c). */
#ifndef KITH_MODELS_PATHWAY_FAMILY_H
#define KITH_MODELS_PATHWAY_FAMILY_H

#include "pathway.h"

/* Then one entry an instance. What comes first happens first at the same time: a census sees who began just then. */
enum { NEXT_EPOCH, NEXT_BIRTH, NEXT_CENSUS, NEXT_FIRST };
#define WINNER_BREAK 255

struct slot {
    double rest;     /* unit exponential left, as of instance.updated */
    double ratio;    /* hazard ratio in force */
    double since;    /* time of the mark that a decaying ratio counts from; -INFINITY never */
    double spent;    /* what it would have consumed ... */
    double spent_at; /* ... by this time, if nothing changes before */
    uint64_t key;    /* of its draws; 0 not worked out yet */
    uint32_t taken;  /* draws so far */
    uint16_t number; /* among its member's slots */
    uint8_t member;
    bool drawn;      /* rest holds a draw */
};

struct instance {
    double entered, updated;
    double change;   /* when a ratio changes by itself (age, calendar): INFINITY never */
    uint64_t which_case; /* cause that last brought it in, with others or alone */
    uint64_t decided;    /* instant states passed in this case: bit (state & 63) */
    uint8_t state, winner;
    bool live, touched;
    bool asleep;     /* entered, updated, change, decided and its clocks' slots are still packed: pathway_wake() */
    bool stale;      /* not as it is packed */
    uint8_t listens; /* resources whose load its clocks depend on, by bit */
};

/* What an instance uses or waits for. */
struct use {
    uint64_t cause;          /* of the transition that it waits to make */
    int64_t units;
    uint32_t ticket;         /* in line, or among the holders; 0 none */
    uint8_t held, waiting;   /* resource + 1, 0 none */
    uint8_t wanted;          /* the state it waits to enter */
    bool again;              /* had it and lost it */
};

struct mark {
    double time;
    uint32_t n;
};

struct member {
    uint64_t key;
    double birth, arrival;
    bool live;
    struct use *uses;
    uint16_t *at; /* [clocks of its kind] number of the clock's slot, from 1; 0 it never ran. Three more that are 0 */
    struct mark *marks;
    struct instance instances[];
};

/* Where an instance stands in the packed family. */
struct stood {
    uint64_t last_case; /* of the instance before it */
    uint32_t at;        /* the next one stands where it ends */
};

/* An event on trial: what it would have recorded, as long as it touches nothing shared. */
#define PATHWAY_NOTES_MAX 256
struct trial {
    bool touches; /* all else about it is void */
    unsigned n;
    struct {
        uint16_t what; /* transition, or index of the count */
        uint8_t member;
        bool counts;
    } note[PATHWAY_NOTES_MAX];
};

struct family {
    uint64_t key;
    uint32_t group, area;
    uint16_t n_children, n_begun, n_done, n_next;
    uint16_t year;   /* next census */
    uint16_t winner; /* entry of next[] that is first */
    uint16_t bound;  /* in how many ways something shared may reach it at any moment */
    uint16_t listens[PATHWAY_RESOURCES_MAX]; /* how many of its instances depend on the load */
    uint32_t number; /* in its cell */
    uint16_t n_slots;
    struct slot *slot;
    struct kith_pool *pool; /* the area's, NULL where nothing couples */
    struct trial *trial;    /* NULL: its event counts */
    const struct epoch *epoch;
    const struct tables *t;
    double *next, *attribute;
    double *term;    /* what its attributes contribute to hazards; -1 not worked out yet */
    uint16_t *value; /* [attributes] which of the attribute's values it is, if it has some */
    struct member *member[PATHWAY_CHILDREN_MAX + 1];
    const unsigned char *packed; /* what it was unpacked from, NULL it was not; new numbers make no difference to that, since a
                                    state whose clocks they change wakes all who are in it */
    struct stood *stood;         /* in that; of each member one more than its instances */
};

/* Entry of family.next of the member's instance at `place`. */
static inline size_t next_index(const struct pathway *p, unsigned member, unsigned place)
{
    return member ? NEXT_FIRST + p->n_of[0] + (member - 1) * p->n_of[1] + place : NEXT_FIRST + place;
}

/* pack.c: unpacks the rest of an instance, which from then on can be changed. */
void pathway_unpack_rest(const struct pathway *p, struct family *f, unsigned member, unsigned place);

/* To be called before what was put away of it is read; who changes anything about it also says that it is stale. */
static inline void pathway_wake(const struct pathway *p, struct family *f, unsigned member, unsigned place)
{
    if (f->member[member]->instances[place].asleep)
        pathway_unpack_rest(p, f, member, place);
}

/* Whether none of the clocks can fire that run in the state, that of an instance of member m (struct door). */
static inline bool is_shut(const struct family *f, unsigned m, size_t state)
{
    const struct door *d = &f->t->doors[state];
    return states_has(&d->shut, f->member[m & d->bearer.own]->instances[d->bearer.place].state);
}

/* The key of a draw two parts further on. */
static inline uint64_t mix2(uint64_t key, uint64_t a, uint64_t b)
{
    return kith_draw_mix(kith_draw_mix(key, a), b);
}

/* Finds the family's next event; returns its time. Of two at the same time the one that stands first comes first. */
static inline double find_next(struct family *f)
{
    unsigned least = 0;
    double time = f->next[0];
    for (unsigned i = 1; i < f->n_next; i++)
        if (f->next[i] < time) {
            time = f->next[i];
            least = i;
        }
    f->winner = (uint16_t)least;
    return time;
}

/* begin.c: other tables are in force, or it is another family: its terms are to be worked out when they are asked for. */
void pathway_forget_terms(struct family *f);

/* ratios.c: what the factors of a clock, a weight or a chance come to just now. */
struct view {
    const struct pathway *p;
    const struct family *f;
    const struct tables *t;
    unsigned member; /* whose clock it is */
    double time;
    double entered;  /* when the instance entered its state; for age at entry */
    double change;   /* lowered to the next time at which a factor changes by itself */
};
double pathway_ratio(struct view *v, struct range factors);
bool pathway_tests_hold(struct view *v, struct range tests);

/* Nothing shared may be touched in a trial: whether the event is one, which then is void. */
static inline bool pathway_only_tries(const struct family *f)
{
    if (f->trial)
        f->trial->touches = true;
    return f->trial;
}

/* share.c: pathway_gate() where what the chart has of a resource is not what it needs. */
unsigned pathway_trade(const struct pathway *p, struct kith_cell *cell, struct family *f, unsigned m, unsigned chart,
                       unsigned to, uint64_t cause, double t);

/* A chart of the member that uses resources is about to go to state `to` (local): gives back what is not needed there, asks for
 * what is, and returns where it goes instead if that is not to be had. Who waits for the resource already keeps the place
 * in line, but for the new state now, and stays where it is. */
static inline unsigned pathway_gate(const struct pathway *p, struct kith_cell *cell, struct family *f, unsigned m, unsigned chart,
                                    unsigned to, uint64_t cause, double t)
{
    const struct use *use = &f->member[m]->uses[p->use_at[chart]];
    const struct state *st = &f->t->states[f->t->charts[chart].first_state + to];
    bool same = use->held ? st->pool == use->held - 1 && st->units == use->units : st->pool < 0 && !use->waiting;
    return same || pathway_only_tries(f) ? to : pathway_trade(p, cell, f, m, chart, to, cause, t);
}
/* The instance ends: it gives everything back. */
void pathway_give_back(const struct pathway *p, struct family *f, unsigned m, unsigned chart, double t);
/* The instance's clocks depend on the load of these resources (bits) from now on. */
void pathway_listen(struct family *f, struct instance *in, uint8_t resources);
/* Its priority in line, as things stand; v.change is lowered to when that changes by itself. */
void pathway_reorder(struct view *v, unsigned chart);
/* run.c: an event that began outside the family. The instance goes from its state to `to`, and all that follows. */
void pathway_send(const struct pathway *p, struct kith_cell *cell, struct family *f, unsigned m, unsigned chart,
                  unsigned to, uint64_t cause, double t);

/* The clock's slot; NULL if it never ran. Valid until another slot is made. */
static inline struct slot *slot_at(const struct family *f, const struct member *w, unsigned slot)
{
    return w->at[slot] ? &f->slot[w->at[slot] - 1] : NULL;
}

/* clocks.c: the unit-rate clocks of one instance. */
void pathway_consume(const struct pathway *p, struct family *f, unsigned m, unsigned chart, double t);
void pathway_schedule(const struct pathway *p, struct family *f, unsigned m, unsigned chart, double t);
/* The same where all ratios are as they were (struct state.same_again). */
void pathway_schedule_again(const struct pathway *p, struct family *f, unsigned m, unsigned chart, double t);
/* The first draws of an instance that begins. */
void pathway_draw_all(struct family *f, unsigned m, const struct chart *ch);
/* Carries out the family's events up to `until` as long as they are simple (struct enabled); returns the time of the
 * first that is not, or is later. */
double pathway_run_simple(const struct pathway *p, struct kith_cell *cell, struct family *f, double until);
/* These signals may have changed hazards of the instance, of itself or the family and of other children. */
void pathway_refresh(const struct pathway *p, struct family *f, unsigned m, unsigned chart, double t, uint64_t own,
                     uint64_t others);

#endif
