/* A scenario file as a tree of nodes that remember where they stand, and the readers that turn a node into a
 * checked value. Errors go into one struct kith_errors with file, line and column, so that a person sees up
 * to 20 at once; a reader that fails returns a harmless value, and reading goes on. */
#ifndef KITH_SCENARIO_NODE_H
#define KITH_SCENARIO_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/mem.h"

enum kith_node_kind { KITH_NODE_SCALAR, KITH_NODE_LIST, KITH_NODE_MAP };

struct kith_node {
    enum kith_node_kind kind;
    const char *file; /* as given on the command line or in `extends:`; "--set" for overrides */
    int line, column; /* from 1 */
    const char *key;  /* the name under which it stands in its map, else NULL */
    int key_line, key_column;
    const char *text;              /* of a scalar: its text, else NULL */
    bool quoted;                   /* a scalar that was quoted */
    size_t n;                      /* children of a list or map */
    const struct kith_node *first; /* first child, in file order */
    const struct kith_node *next;  /* next sibling */
};

/* What a number means. Values are converted to the base unit named here. */
enum kith_unit {
    KITH_UNIT_NONE,  /* a bare number: ratio, probability, shape, count */
    KITH_UNIT_TIME,  /* "6 weeks", "0.5 year", "10 days", "3 months"   -> years (365.25 days, 12 months) */
    KITH_UNIT_RATE,  /* "0.25 /year", "3 /month", "2 per year"          -> per year */
    KITH_UNIT_MONEY, /* "GBP 700", "700 GBP"                            -> pence */
    KITH_UNIT_MONEY_RATE, /* "6102 GBP/week", "GBP 6102 /week", "GBP 40 per day" -> pence per year */
    KITH_UNIT_DATE        /* "2023-04-01"  -> years: year + (month - 1)/12 + (day - 1)/365.25 */
};

/* A named number that a policy may change. Wherever a scenario wants a number it may say $name instead. */
struct kith_parameter {
    const char *name;
    const char *what;   /* what it means, one line; may be "" */
    const char *source; /* publication, or "assumed..." */
    const char *text;   /* as written, with its unit: "0.25 /year" */
    enum kith_unit unit;
    double value;     /* in the base unit */
    double low, high; /* range in the base unit; -inf, inf if not given */
    int line, column;
    const char *file;
};

/* What a reader needs: where reports go, which parameters exist and which values they have just now. */
struct kith_reader {
    struct kith_mem *mem;
    struct kith_errors *errors;
    size_t n_parameters;
    const struct kith_parameter *parameters;
    const double *values; /* [n_parameters] values in force instead of parameters[i].value, or NULL */
    bool *used;           /* [n_parameters] set when a parameter is read, or NULL */
};

/* The child called `key` of a map, or NULL (also when `map` is NULL or no map). */
const struct kith_node *kith_node_get(const struct kith_node *map, const char *key);

/* Adds a report at the node; returns KITH_BAD_SCENARIO. */
enum kith_status kith_node_error(struct kith_reader *r, const struct kith_node *node, const char *fmt, ...)
    KITH_PRINTF(3, 4);
/* The same at the node's key, where it has one: for a report on the name, or on a whole list or map. */
enum kith_status kith_node_key_error(struct kith_reader *r, const struct kith_node *node, const char *fmt,
                                     ...) KITH_PRINTF(3, 4);

/* Reports every key of `map` that is not among the n `keys`, with the nearest known name ("did you mean
 * ...?"); reports it if `map` is not a map at all. `what` names the thing in the message: "a clock". */
void kith_node_known(struct kith_reader *r, const struct kith_node *map, const char *what,
                     const char *const *keys, size_t n);

/* The number in `node` in the base unit of `unit`, which must lie in [low, high]. A "$name" is looked up
 * among the parameters. Reports and returns `low` if finite else 0 when it is missing (NULL: reported at
 * `parent`'s key as "missing key 'rate'"), has no or a wrong unit, is infinite, or is out of range: "rate =
 * -1 /year is below 0". A map {value, unit, range, prior, source, what, note} is accepted for the number in
 * it; `unit` is put behind the numbers of the map, and the value has to be in its range. With parent = NULL
 * it returns the same, and reports nothing: that the parent is missing has been said. */
double kith_node_number(struct kith_reader *r, const struct kith_node *parent, const char *key,
                        enum kith_unit unit, double low, double high);
/* As kith_node_number, but `fallback` when the key is absent. */
double kith_node_number_or(struct kith_reader *r, const struct kith_node *parent, const char *key,
                           enum kith_unit unit, double low, double high, double fallback);
/* As kith_node_number for a node that is at hand. `what` names it in messages. */
double kith_node_value(struct kith_reader *r, const struct kith_node *node, const char *what,
                       enum kith_unit unit, double low, double high);
/* True if the node is a scalar, or a map with such a scalar as its `value`, that kith_node_value could read
 * as a number of this unit ($name included); reports nothing. */
bool kith_node_is_number(const struct kith_reader *r, const struct kith_node *node, enum kith_unit unit);
/* Index of the parameter that a scalar "$name" refers to; -1 if the node is no such reference. An unknown
 * name is reported (nearest known name) and gives -1. */
int kith_node_parameter(struct kith_reader *r, const struct kith_node *node);
/* A whole number in [low, high]. */
int64_t kith_node_integer(struct kith_reader *r, const struct kith_node *parent, const char *key, int64_t low,
                          int64_t high, int64_t fallback);
/* The text under `key`, or `fallback`. Reports a list or map. The text lives as long as the tree. */
const char *kith_node_text(struct kith_reader *r, const struct kith_node *parent, const char *key,
                           const char *fallback);
/* true / false under `key`. */
bool kith_node_flag(struct kith_reader *r, const struct kith_node *parent, const char *key, bool fallback);
/* Index of the scalar's text among the n names; -1 after a report with the nearest name. `what`: "a state of
 * chart need". */
int kith_node_choice(struct kith_reader *r, const struct kith_node *node, const char *what,
                     const char *const *names, size_t n);
/* The nearest of n names to `text` by edit distance, or NULL if none is near enough to suggest. */
const char *kith_node_nearest(const char *text, const char *const *names, size_t n);

#endif
