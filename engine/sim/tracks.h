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
    int8_t *member;      /* [n_events] 0: the family itself; 1, 2, ...: its children in order of birth */
    uint16_t *code;      /* [n_events] transition; chart instances alive at the start of the counted period begin
                            with an entry transition on day 0 */
};

#endif
