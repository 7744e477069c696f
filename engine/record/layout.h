/* What the file holds and where: the tables that the writer and the reader share, and the axes. Private to
 * this room.
 *
 *   /axes/NAME            dimension scales, also linked as /NAME (netCDF finds them only there)
 *   /types/transition     the enum of transition codes
 *   /provenance /parameters /targets /model      tables, see layout.c
 *   /series/{stock,flow,count,cost,amount}       numbers of each cell by month
 *   /cells/done  /outcomes/{yearly,total}        by replication and arm
 *   /trajectories/{event,family,member,cell}     events of families, see tracks.c */
#ifndef KITH_RECORD_LAYOUT_H
#define KITH_RECORD_LAYOUT_H

#include "blocks.h"
#include "record.h"

extern const struct kith_h5_table kith_layout_charts, kith_layout_states, kith_layout_transitions,
    kith_layout_counts, kith_layout_costs, kith_layout_amounts, kith_layout_measures, kith_layout_terms,
    kith_layout_attributes, kith_layout_targets, kith_layout_parameters, kith_layout_changes;

/* Rows of kith_layout_parameters and kith_layout_changes. */
struct kith_layout_parameter {
    const char *name, *unit, *text, *source, *what;
    double value, low, high;
};
struct kith_layout_change {
    const char *arm, *name;
    double time, value;
};

/* Writes /model, /targets and /parameters. */
KITH_MUST_CHECK enum kith_status kith_layout_put_model(const struct kith_h5 *h,
                                                       const struct kith_shape *shape);
KITH_MUST_CHECK enum kith_status kith_layout_put_parameters(const struct kith_h5 *h,
                                                            const struct kith_scenario *sc);

/* "CHART.STATE" and "CHART.FROM.TO", with "entry" and "exit" where an instance of the chart begins or ends.
 */
void kith_layout_state_name(const struct kith_shape *shape, size_t state, char *out, size_t size);
void kith_layout_transition_name(const struct kith_shape *shape, size_t transition, char *out, size_t size);

/* Writes /axes and its links. The replication axis is empty; kith_axes_replications sets its length. */
KITH_MUST_CHECK enum kith_status kith_axes_put(const struct kith_h5 *h, const struct kith_scenario *sc,
                                               const struct kith_shape *shape);
KITH_MUST_CHECK enum kith_status kith_axes_replications(const struct kith_h5 *h, size_t n);
/* Says which axes a dataset has: `names` is a list like "replication arm area". */
KITH_MUST_CHECK enum kith_status kith_axes_attach(const struct kith_h5 *h, hid_t dataset, const char *names);
/* A dimension without values: netCDF's way to give rows a name. `path` is where it stands. */
KITH_MUST_CHECK enum kith_status kith_axes_put_bare(const struct kith_h5 *h, const char *path, uint64_t n);
KITH_MUST_CHECK enum kith_status kith_axes_attach_at(const struct kith_h5 *h, hid_t dataset, unsigned axis,
                                                     const char *scale);

#endif
