/* How families begin: how many there are, when each forms, who is in it; and how it looks from outside. */
#include "family.h"

#include "rng/draw.h"

/* Keys of draws that belong to no clock. */
#define KEY_FORMED 0x666f726d6564u
#define KEY_SIZE 0x73697a65u
#define KEY_GAP 0x676170u
#define KEY_AGE 0x616765u
#define KEY_NUMBER 0x6e756d626572u

void pathway_forget_terms(struct family *f)
{
    for (size_t i = 0; i < f->t->n_terms; i++)
        f->term[i] = -1;
}

/* Families of a cell by group and year: cumulative numbers in cell->block. A group's year y has
 * floor(E_y + u) - floor(E_(y-1) + u) households, E the cumulative expectation and u one draw of the cell: the
 * published number of births, to the nearest family, however small the sample. Arrivals are a Poisson process. */
uint64_t pathway_families(const void *model, struct kith_cell *cell, double expected)
{
    const struct pathway *p = model;
    const struct kith_scenario *sc = p->sc;
    size_t n = 0;
    uint64_t sum = 0;
    if (!p->n_groups) {
        double u = kith_draw_uniform(kith_draw_mix(cell->key, KEY_NUMBER));
        double whole = floor(expected);
        return (uint64_t)whole + (expected - whole > 1e-9 && u < expected - whole);
    }
    for (size_t g = 0; g < p->n_groups; g++) {
        const struct group *gr = &p->groups[g];
        double part = gr->column < 0 ? sc->areas[cell->area].share
                                     : sc->column[gr->column][cell->area] / gr->column_sum;
        double scale = (double)sc->families / sc->represents * part, e = 0;
        double u = kith_draw_uniform(mix2(cell->key, KEY_NUMBER, gr->key));
        double before = floor(u);
        for (size_t y = 0; y < gr->n_years; y++) {
            double mean = scale * gr->per_year[y] / (gr->household ? gr->mean_size : 1);
            e += mean;
            if (gr->household) {
                sum += (uint64_t)(floor(e + u) - before);
                before = floor(e + u);
            } else {
                uint64_t key = kith_draw_mix(mix2(cell->key, KEY_NUMBER, gr->key), y + 1);
                double t = 0;
                for (uint64_t i = 0; (t += kith_draw_exponential(kith_draw_mix(key, i))) < mean; i++)
                    sum++;
            }
            cell->block[n++] = sum;
        }
    }
    return sum;
}

/* Draws the attributes. */
static void draw_attributes(const struct pathway *p, const struct kith_cell *cell, struct family *f)
{
    for (size_t i = 0; i < p->n_attributes; i++) {
        const struct attribute *a = &p->attributes[i];
        uint64_t word = kith_draw_mix(f->key, a->key);
        if (!a->n) {
            f->attribute[i] = kith_dist_inverse(&a->dist, kith_draw_exponential(word));
            continue;
        }
        const double *weight = a->weight + (a->tilt >= 0 ? cell->area * a->n : 0); /* cumulative, last is 1 */
        double u = kith_draw_uniform(word);
        size_t k = 0;
        while (k + 1 < a->n && u >= weight[k])
            k++;
        f->value[i] = (uint16_t)k;
        f->attribute[i] = a->value[k];
    }
    pathway_forget_terms(f);
}

static size_t whole_words(size_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

/* A member of whom nothing is known yet. */
static void clear_member(const struct pathway *p, struct family *f, unsigned m)
{
    struct member *w = f->member[m];
    w->key = mix2(f->key, PATHWAY_KEY_MEMBER, m);
    w->birth = w->arrival = 0;
    w->live = false;
    memset(w->instances, 0, p->bytes_of[m > 0] - sizeof *w);
}

/* When the family forms and its children come; their number. */
static double draw_children(const struct pathway *p, struct family *f, double year)
{
    const struct group *g = &p->groups[f->group];
    double formed = year + kith_draw_uniform(kith_draw_mix(f->key, KEY_FORMED));
    if (g->childless)
        return formed;
    if (!g->household) {
        f->n_children = 1;
        clear_member(p, f, 1);
        f->member[1]->arrival = formed;
        f->member[1]->birth =
            formed - kith_dist_inverse(&g->age, kith_draw_exponential(kith_draw_mix(f->key, KEY_AGE)));
        return formed;
    }
    double u = kith_draw_uniform(kith_draw_mix(f->key, KEY_SIZE)), at = formed;
    unsigned size = 1;
    while (size < p->max_children && u >= g->size_share[size])
        size++;
    f->n_children = (uint16_t)size;
    for (unsigned m = 1; m <= size; m++) {
        if (m > 1)
            at += g->gap_delay + kith_dist_inverse(&g->gap, kith_draw_exponential(mix2(f->key, KEY_GAP, m)));
        clear_member(p, f, m);
        f->member[m]->birth = f->member[m]->arrival = at;
    }
    return formed;
}

/* Points to the family's arrays, which stand behind it. */
static void lay_out(const struct pathway *p, struct family *f)
{
    unsigned char *at = (unsigned char *)f + sizeof *f;
    f->next = (void *)at;
    at += (NEXT_FIRST + p->n_of[0] + p->max_children * p->n_of[1]) * sizeof(double);
    f->attribute = (void *)at;
    at += p->n_attributes * sizeof(double);
    f->term = (void *)at;
    at += p->n_terms * sizeof(double);
    f->value = (void *)at;
    at += whole_words(p->n_attributes * sizeof(uint16_t));
    f->slot = (void *)at;
    at += p->most_slots * sizeof *f->slot;
    for (unsigned m = 0; m <= p->max_children; m++) {
        struct member *w = (void *)at;
        bool child = m > 0;
        f->member[m] = w;
        w->uses = (void *)(w->instances + p->n_of[child]);
        w->marks = (void *)(w->uses + p->n_uses_of[child]);
        w->at = (void *)(w->marks + p->n_marks_of[child]);
        at += p->bytes_of[child];
    }
    f->stood = (void *)at;
}

void pathway_layout(struct build *b)
{
    struct pathway *p = b->p;
    size_t n = p->n_of[0] + p->max_children * p->n_of[1];
    p->next_member = pathway_keep(b, n, 1);
    p->next_chart = pathway_keep(b, n, 1);
    for (size_t i = 0; p->next_member && p->next_chart && i < n; i++) {
        bool child = i >= p->n_of[0];
        size_t j = child ? i - p->n_of[0] : i;
        p->next_member[i] = (uint8_t)(child ? 1 + j / p->n_of[1] : 0);
        p->next_chart[i] = p->chart_at[child][child ? j % p->n_of[1] : j];
    }
    for (size_t c = 0; c < p->n_charts; c++) {
        const struct chart *ch = &p->tables[0].charts[c];
        p->first_state_at[ch->of_child][ch->place] = ch->first_state;
    }
    for (int child = 0; child < 2; child++)
        p->bytes_of[child] = sizeof(struct member) + p->n_of[child] * sizeof(struct instance) +
                             p->n_uses_of[child] * sizeof(struct use) + p->n_marks_of[child] * sizeof(struct mark) +
                             whole_words((p->n_slots[child] + 3) * sizeof(uint16_t)); /* may be read four at once */
    p->most_slots = p->n_slots[0] + p->max_children * p->n_slots[1];
    p->bytes_head = sizeof(struct family) + whole_words(p->n_attributes * sizeof(uint16_t)) +
                    (NEXT_FIRST + p->n_of[0] + p->max_children * p->n_of[1] + p->n_attributes + p->n_terms) *
                        sizeof(double);
    p->bytes = p->bytes_head + p->most_slots * sizeof(struct slot) + p->bytes_of[0] + p->max_children * p->bytes_of[1] +
               (1 + n + p->max_children) * sizeof(struct stood);
}

double pathway_begin(const void *model, struct kith_cell *cell, uint64_t index, void *family)
{
    const struct pathway *p = model;
    struct family *f = family;
    uint64_t number = index;
    size_t block = 0, year = 0;
    memset(f, 0, p->bytes_head);
    lay_out(p, f);
    f->number = (uint32_t)index;
    f->pool = cell->pool;
    f->area = (uint32_t)cell->area;
    f->epoch = p->epochs[cell->arm];
    f->t = f->epoch->tables;
    f->key = cell->key;
    if (p->n_groups) {
        size_t blocks = 0;
        for (size_t g = 0; g < p->n_groups; g++)
            blocks += p->groups[g].n_years;
        for (size_t n = blocks; n > 0; n /= 2) /* the first one that ends behind it: among the n from `block` on */
            if (cell->block[block + n / 2] <= index) {
                block += n / 2 + 1;
                n--;
            }
        number -= block ? cell->block[block - 1] : 0;
        size_t first = 0;
        while (block - first >= p->groups[f->group].n_years)
            first += p->groups[f->group++].n_years;
        year = block - first;
        f->key = mix2(f->key, p->groups[f->group].key, year);
    }
    f->key = kith_draw_mix(f->key, number);
    clear_member(p, f, 0);
    double formed = p->n_groups ? draw_children(p, f, (double)year) : 0;
    while (f->epoch[1].time <= formed)
        f->t = (++f->epoch)->tables;
    draw_attributes(p, cell, f);
    f->n_next = (uint16_t)(NEXT_FIRST + p->n_of[0] + f->n_children * p->n_of[1]);
    for (unsigned i = 0; i < f->n_next; i++)
        f->next[i] = INFINITY;
    f->next[NEXT_EPOCH] = f->epoch[1].time;
    f->next[NEXT_BIRTH] = formed;
    if (p->n_censuses) {
        double since = formed - cell->warm_up;
        f->year = (uint16_t)(since > 0 ? ceil(since) : 0);
        f->next[NEXT_CENSUS] = cell->warm_up + f->year <= cell->end ? cell->warm_up + f->year : INFINITY;
    }
    return find_next(f);
}

void pathway_standing(const void *model, struct kith_cell *cell, const void *family)
{
    const struct pathway *p = model;
    const struct family *f = family;
    for (unsigned m = 0; m <= f->n_begun; m++)
        for (size_t k = 0; k < p->n_of[m > 0]; k++) {
            unsigned chart = p->chart_at[m > 0][k];
            const struct instance *in = &f->member[m]->instances[k];
            if (in->live)
                kith_cell_row(cell, cell->warm_up, m, (unsigned)p->code[chart][in->state + 1]);
        }
}

size_t pathway_describe(const void *model, const struct kith_cell *cell, const void *family, float *attributes,
                        double *births)
{
    const struct pathway *p = model;
    const struct family *f = family;
    (void)cell;
    for (size_t i = 0; i < p->n_attributes; i++)
        attributes[i] = (float)f->attribute[i];
    for (unsigned m = 1; m <= f->n_children; m++)
        births[m - 1] = f->member[m]->birth;
    return f->n_children;
}
