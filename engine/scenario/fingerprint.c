#include <string.h>

#include "../base/hash.h"
#include "scenario.h"

static void add_text(struct kith_sha256 *sha, const char *text)
{
    kith_sha256_add(sha, text ? text : "", strlen(text ? text : "") + 1);
}

/* Every node says its kind and ends what it contains, so that two trees give the same bytes only if they are the same.
 * Recursive, but no deeper than the reader lets a file be. */
static void add_node(struct kith_sha256 *sha, const struct kith_node *node, bool top)
{
    static const char kinds[] = {'s', 'l', 'm'};
    kith_sha256_add(sha, &kinds[node->kind], 1);
    if (node->kind == KITH_NODE_SCALAR)
        add_text(sha, node->text);
    for (const struct kith_node *child = node->first; child; child = child->next) {
        if (top && strcmp(child->key, "replications") == 0)
            continue;
        if (node->kind == KITH_NODE_MAP)
            add_text(sha, child->key);
        add_node(sha, child, false);
    }
    kith_sha256_add(sha, ".", 1);
}

enum kith_status kith_scenario_fingerprint(const struct kith_scenario *sc, const char *salt, char hex[65])
{
    struct kith_sha256 sha;
    enum kith_status st = kith_sha256_begin(&sha);
    if (st)
        return st;
    add_text(&sha, salt);
    add_node(&sha, sc->root, true);
    for (size_t i = 0; i < sc->n_sources; i++) {
        if (!sc->sources[i].table)
            continue;
        kith_sha256_add(&sha, &sc->sources[i].n, sizeof sc->sources[i].n);
        kith_sha256_add(&sha, sc->sources[i].bytes, sc->sources[i].n);
    }
    for (size_t i = 0; i < sc->n_arms; i++)
        add_text(&sha, sc->arms[i].name);
    kith_sha256_end(&sha, hex);
    return KITH_OK;
}
