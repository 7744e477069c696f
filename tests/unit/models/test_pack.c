/* A family that waits is packed (models/pathway/pack.c). Families that are packed after each of their events, and made again
 * where another family was at work meanwhile, live the same lives, to the last bit of every moment. What nothing happened to is
 * not packed again but copied: to the same bytes. */
#include "../../stat/harness.h"
#include "models/pathway/family.h"

#define FAMILIES 200

static struct {
    const struct kith_model *real;
    uint64_t index, n; /* which family, of how many */
    size_t times, bytes, longest;
    unsigned char packed[2][1 << 16], anew[1 << 16]; /* the last but one is still read when the last is written */
} box;

/* Another family is at work where this one was. */
static void use_record(const void *model, struct kith_cell *cell, uint64_t index, void *family)
{
    bool tracking = cell->tracking;
    double next = box.real->begin(model, cell, index, family);
    cell->tracking = false;
    box.real->advance(model, cell, family, next + (double)(index % 7));
    cell->tracking = tracking;
}

/* Packs it without a look at what it was unpacked from. */
static size_t pack_anew(const struct pathway *p, struct kith_cell *cell, struct family *f, unsigned char *to)
{
    for (unsigned m = 0; m <= f->n_begun; m++)
        for (unsigned place = 0; place < p->n_of[m > 0]; place++) {
            uint16_t had = f->n_slots;
            pathway_wake(p, f, m, place);
            box.longest = f->n_slots > had + box.longest ? (size_t)(f->n_slots - had) : box.longest;
        }
    f->packed = NULL;
    return box.real->coupling->pack(p, cell, f, to);
}

static double advance(const void *model, struct kith_cell *cell, void *family, double until)
{
    const struct kith_coupling *c = box.real->coupling;
    unsigned char *packed = box.packed[box.times++ % 2];
    double next = box.real->advance(model, cell, family, until);
    size_t n = c->pack(model, cell, family, packed);
    assert_true(n <= box.real->family_bytes(model) && n + KITH_STORE_BEYOND <= sizeof box.anew);
    memset(packed + n, 0xa5, KITH_STORE_BEYOND);
    assert_int_equal(pack_anew(model, cell, family, box.anew), n);
    assert_memory_equal(packed, box.anew, n);
    use_record(model, cell, (box.index + 1 + box.times % 5) % box.n, family);
    c->unpack(model, cell, box.index, packed, family);
    box.bytes += n;
    return next;
}

static void same_lives(const char *text, const char *table, size_t arm)
{
    struct harness h;
    struct kith_cell cell;
    struct kith_model packing;
    struct story plain = {0}, packed = {0};
    harness_load_table(&h, text, table);
    uint64_t n = harness_cell(&h, &cell, arm, 0, 0);
    assert_true(n > FAMILIES);
    box.real = h.model;
    box.n = n;
    box.times = box.bytes = box.longest = 0;
    packing = *h.model;
    packing.advance = advance;
    for (unsigned k = 0; k < FAMILIES; k++) {
        box.index = n * k / FAMILIES; /* of every group */
        h.model = box.real;
        harness_story(&h, &cell, box.index, &plain);
        h.model = &packing;
        harness_story(&h, &cell, box.index, &packed);
        assert_int_equal(plain.n, packed.n);
        assert_int_equal(plain.standing, packed.standing);
        for (size_t i = 0; i < plain.n; i++) {
            assert_memory_equal(&plain.event[i].t, &packed.event[i].t, sizeof plain.event[i].t);
            assert_int_equal(plain.event[i].member, packed.event[i].member);
            assert_int_equal(plain.event[i].code, packed.event[i].code);
        }
        assert_int_equal(plain.members, packed.members);
        assert_memory_equal(plain.births, packed.births, plain.members * sizeof *plain.births);
        assert_memory_equal(plain.attributes, packed.attributes, h.shape->n_attributes * sizeof *plain.attributes);
    }
    assert_true(box.times > 10 * FAMILIES);
    assert_true(4 * box.bytes < box.times * box.real->family_bytes(h.compiled)); /* what it is for */
    story_free(&plain);
    story_free(&packed);
    kith_cell_free(&cell);
    h.model = box.real;
    harness_free(&h);
}

static void test_rich(void **state)
{
    (void)state;
    for (size_t arm = 0; arm < 5; arm++)
        same_lives(RICH_TIME RICH_POPULATION_OF("3000", "") RICH_PARAMETERS RICH_ATTRIBUTES RICH_MARKS RICH_CHARTS
               RICH_MEASURES RICH_ARMS, RICH_TABLE, arm);
}

/* Charts without a condition, whose clocks take the short way; new numbers in the middle of counting. */
static void test_plain_with_arm(void **state)
{
    (void)state;
    same_lives("kith: 1\nmodel: pathway\ntime: {start: 2000-04-01, warm_up: 5 years, counted: 10 years}\n"
               "population: {families: 1000, areas: 1}\n"
               "parameters: {up: {value: 1 /year, range: [0 /year, 9 /year]}}\n"
               "arms: {baseline: {what: none}, more: {from: 2009-10-01, set: {up: 3 /year}}}\n"
               "charts:\n"
               "  a:\n    of: family\n    states: [x, y]\n    start: x\n    clocks:\n"
               "      - {from: x, to: y, hazard: {exponential: $up}}\n"
               "      - {from: y, to: x, hazard: {weibull: {shape: 1.7, scale: 1 year}}}\n"
               "      - {name: z, from: [x, y], to: x, hazard: {weibull: {shape: 0.6, scale: 2 years}}}\n"
               "  b:\n    of: family\n    states: [x, y]\n    start: y\n    clocks:\n"
               "      - {from: x, to: y, hazard: {exponential: 2 /year}}\n"
               "      - {from: y, to: x, hazard: {fixed: 3 months}}\n", NULL, 1);
}

/* What an instance has is so long that its length takes more than a byte. */
static void test_many_clocks(void **state)
{
    enum { CLOCKS = 31 };
    char text[4000];
    int n = snprintf(text, sizeof text, "kith: 1\nmodel: pathway\ntime: {start: 2000-04-01, warm_up: 1 year, counted: 9 years}\n"
                     "population: {families: 1000, areas: 1}\n"
                     "charts:\n"
                     "  a:\n    of: family\n    states: [x, y]\n    start: x\n    clocks:\n"
                     "      - {from: x, to: y, hazard: {exponential: 0.5 /year}}\n"
                     "      - {from: y, to: x, hazard: {exponential: 2 /year}}\n"
                     "  b:\n    of: family\n    states: [x, y]\n    start: x\n    clocks:\n"
                     "      - {from: y, to: x, hazard: {weibull: {shape: 1.7, scale: 1 year}}, "
                     "ratios: {a: {y: 2}}}\n");
    (void)state;
    for (int i = 0; i < CLOCKS; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "      - {name: c%d, from: x, to: y, hazard: {exponential: 0.05 /year}}\n", i);
    assert_true((size_t)n < sizeof text);
    same_lives(text, NULL, 0);
    assert_true(9 * box.longest > 255); /* a draw and what is said of the clock */
}

/* Children who come later, some of whom are gone at once; a child's case that goes on with its siblings, and nothing else about
 * the child. */
static void test_cases(void **state)
{
    (void)state;
    same_lives("kith: 1\nmodel: pathway\ntime: {start: 2000-04-01, warm_up: 1 year, counted: 20 years}\n"
               "population:\n  families: 1000\n  represents: 1000\n  areas: 1\n"
               "  households:\n    sizes: {2: 0.5, 3: 0.5}\n    gap: {delay: 1 year, shape: 2, mean: 1 year}\n"
               "    births: {2000: 100 /year}\n"
               "charts:\n"
               "  here:\n    of: child\n    states: [asked, yes, gone]\n    start: asked\n    terminal: [gone]\n"
               "    instant: {asked: {options: [{to: yes, weight: 0.6}, {to: gone, weight: 0.4}]}}\n"
               "    clocks: [{from: yes, to: gone, hazard: {exponential: 0.1 /year}}]\n"
               "  calls:\n    of: child\n    states: [quiet]\n    clocks:\n"
               "      - {name: call, from: quiet, to: quiet, hazard: {exponential: 2 /year},\n"
               "         move: {chart: plan, who: siblings, to: met, from: [none, off], chance: 0.8}}\n"
               "  plan:\n    of: child\n    states: [none, met, on, off]\n"
               "    instant: {met: {shared: 0.5, options: [{to: on, weight: 0.5}, {to: off, weight: 0.5}]}}\n"
               "    clocks: [{from: on, to: none, hazard: {weibull: {shape: 2, scale: 1 year}}}]\n", NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rich), cmocka_unit_test(test_plain_with_arm),
                                       cmocka_unit_test(test_many_clocks), cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
