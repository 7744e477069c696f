/* Trajectories on their way from a cell to the output file. */
#ifndef KITH_SIM_TRACKS_H
#define KITH_SIM_TRACKS_H

#include <stddef.h>
#include <stdint.h>

/* Trajectories of some consecutive families of a cell. */
struct kith_tracks {
    size_t n_families, n_members, n_events;
    int32_t *id;         /* [n_families] number of the family in its area */
    int64_t *event_end;  /* [n_families] index in this batch just past its last event */
    int64_t *member_end; /* [n_families] index in this batch just past its last member */
    float *attribute;    /* [n_families][n_attributes] */
    int32_t *birth_day;  /* [n_members] days from the start of the counted period; may be negative */
    uint16_t *day;       /* [n_events] whole days from the start of the counted period */
    int8_t *member;      /* [n_events] 0: the family itself; 1, 2, ...: its children in order of birth. NULL if no
                            family of the shape has children: 0 everywhere */
    void *code;          /* [n_events] transition, a uint8_t or a uint16_t; chart instances alive at the start of the
                            counted period begin with an entry transition on day 0 */
    size_t code_bytes;   /* of one, as kith_shape_code_bytes says */
};

/* The number of an event's transition. */
static inline unsigned kith_tracks_code(const struct kith_tracks *t, size_t event)
{
    return t->code_bytes == 1 ? ((const uint8_t *)t->code)[event] : ((const uint16_t *)t->code)[event];
}

/* Whose event it is. */
static inline int kith_tracks_member(const struct kith_tracks *t, size_t event)
{
    return t->member ? t->member[event] : 0;
}

#endif
