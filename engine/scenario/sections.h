/* The sections of a scenario, each read by a file of its own. Private to this room. All of them report what
 * is wrong and go on; a status other than KITH_OK means that there is no memory left. */
#ifndef KITH_SCENARIO_SECTIONS_H
#define KITH_SCENARIO_SECTIONS_H

#include "load.h"
#include "names.h"

#define KITH_SECTIONS_PARAMETERS ((size_t)1000)
#define KITH_SECTIONS_ARMS ((size_t)1000) /* grids expanded */
#define KITH_SECTIONS_CHANGES ((size_t)4000) /* of one arm */
#define KITH_SECTIONS_TARGETS ((size_t)1000)

struct kith_sections {
    struct kith_scenario *sc;
    struct kith_load *load;
    struct kith_reader reader;         /* over the parameters read so far */
    struct kith_index parameter_names; /* id: position in sc->parameters */
};

/* parameters.c */
KITH_MUST_CHECK enum kith_status kith_parameters_read(struct kith_sections *s);
/* population.c: families and areas. */
KITH_MUST_CHECK enum kith_status kith_population_read(struct kith_sections *s);
/* arms.c: needs the parameters and the time. */
KITH_MUST_CHECK enum kith_status kith_arms_read(struct kith_sections *s);
/* grid.c: the arms that `vary` and a list of `from` expand to. */
KITH_MUST_CHECK enum kith_status kith_grid_read(struct kith_sections *s, const struct kith_node *arm);

/* arms.c, for grid.c. The parameter that a key of `set` or `vary` names, reported with the nearest name if
 * there is none: (size_t)-1, also for a parameter that is wrong itself. */
size_t kith_arms_parameter(struct kith_sections *s, const struct kith_node *node);
/* The value of `node` for parameter `p`, checked against its unit and range. */
double kith_arms_value(struct kith_sections *s, const struct kith_node *node, size_t p);
/* The time of a `from`; without one the start of the counted period. */
double kith_arms_from(struct kith_sections *s, const struct kith_node *from);
/* Adds the changes of a `set` map (or NULL) at `time` to changes[*n], which has room for all of them. */
void kith_arms_set(struct kith_sections *s, const struct kith_node *set, double time,
                   struct kith_change *changes, size_t *n);
/* Sorts the changes and adds the arm; reports at `node` one parameter changed twice at a time, or too many
 * arms. */
KITH_MUST_CHECK enum kith_status kith_arms_add(struct kith_sections *s, const struct kith_node *node,
                                               const char *name, struct kith_change *changes, size_t n);

#endif
