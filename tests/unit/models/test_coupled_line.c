/* Small scenarios of a line before a desk whose whole history is written down here by hand. */
#include "history.h"

static void some_wait_and_some_give_up(void **state)
{
    struct history v;
    (void)state;
    history_run(&v, desk_scenario(6, joined(come("desk", "1 3 4 12 18 20"),
                                             SERVED "      - {from: line, to: gave_up, hazard: {fixed: 5.25 days}}\n"),
                                  DESK("    capacity: {number: 1}\n" LINE_UP)),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {3, 2, "c.home.line"}, {4, 3, "c.home.line"}, {8.25, 2, "c.line.gave_up"},
           {9.25, 3, "c.line.gave_up"}, {11, 1, "c.desk.done"}, {12, 4, "c.home.desk"}, {18, 5, "c.home.line"},
           {20, 6, "c.home.line"}, {22, 4, "c.desk.done"}, {22, 5, "c.line.desk"}, {25.25, 6, "c.line.gave_up"},
           {32, 5, "c.desk.done"});
    expect_counts(&v, 6, 4, 3, 0, 3, 0);
    expect_days(&v, KITH_POOL_WAIT, 4, 1);
    expect_days(&v, KITH_POOL_WAITING, 3 * 5.25 + 4, 1);
    expect_days(&v, KITH_POOL_USED, 30, 1000);
    expect_days(&v, KITH_POOL_CAPACITY, 365.25, 1000);
    static const struct expected other[] = {{1, 1, "c.home.desk"}};
    assert_false(happened(&v, other, 1, false));
    history_free(&v);
}

static void some_find_the_line_full(void **state)
{
    struct history v;
    (void)state;
    history_run(&v, desk_scenario(5, joined(come("desk", "1 2 3 12 13"), SERVED),
                                  DESK("    capacity: {number: 1}\n    room: 1\n"
                                       "    used_by: [{chart: c, states: [desk], waits_in: line, full: lost}]\n")),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.lost"}, {11, 1, "c.desk.done"},
           {11, 2, "c.line.desk"}, {12, 4, "c.home.line"}, {13, 5, "c.home.lost"}, {21, 2, "c.desk.done"},
           {21, 4, "c.line.desk"}, {31, 4, "c.desk.done"});
    expect_counts(&v, 5, 2, 3, 2, 0, 0);
    history_free(&v);
    /* nobody waits */
    history_run(&v, desk_scenario(5, joined(come("desk", "1 2 3 12 13"), SERVED),
                                  DESK("    capacity: {number: 1}\n    room: 0\n"
                                       "    used_by: [{chart: c, states: [desk], full: lost}]\n")),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.lost"}, {3, 3, "c.home.lost"}, {11, 1, "c.desk.done"},
           {12, 4, "c.home.desk"}, {13, 5, "c.home.lost"}, {22, 4, "c.desk.done"});
    expect_counts(&v, 5, 0, 2, 3, 0, 0);
    expect_days(&v, KITH_POOL_WAITING, 0, 1);
    history_free(&v);
}

static void some_are_never_refused(void **state)
{
    struct history v;
    (void)state;
    const char *duty = three(on_day(3, "calm", "duty", "1"), on_day(4, "calm", "duty", "3"),
                             "      - {from: duty, to: calm2, hazard: {fixed: 20 days}}\n");
    history_run(&v, desk_scenario(4, three(come("desk", "2 4"), SERVED BESIDE("calm, duty, calm2", ""), duty),
                                  DESK("    capacity: {number: 1}\n    used_by:\n"
                                       "      - {chart: c, states: [desk], waits_in: line}\n"
                                       "      - {chart: d, states: [duty]}\n")),
                0);
    EXPECT(&v, {1, 3, "d.calm.duty"}, {2, 1, "c.home.line"}, {3, 4, "d.calm.duty"}, {4, 2, "c.home.line"},
           {21, 3, "d.duty.calm2"}, {23, 4, "d.duty.calm2"}, {23, 1, "c.line.desk"}, {33, 1, "c.desk.done"},
           {33, 2, "c.line.desk"}, {43, 2, "c.desk.done"});
    expect_counts(&v, 4, 2, 4, 0, 0, 0);
    expect_days(&v, KITH_POOL_USED, 60, 1000);
    history_free(&v);
}

static void the_line_is_ordered_by_priority(void **state)
{
    struct history v;
    (void)state;
    for (int which = 0; which < 2; which++) {
        history_run(&v, desk_scenario(4, joined(come("desk", "1 2 4 3"), SERVED),
                                      which ? DESK("    capacity: {number: 1}\n    used_by: [{chart: c, states: [desk], "
                                                   "waits_in: line, priority: {kind: power 1}}]\n")
                                            : DESK("    capacity: {number: 1}\n    used_by: [{chart: c, states: [desk], "
                                                   "waits_in: line, priority: 7}]\n")),
                    0);
        if (which)
            EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 4, "c.home.line"}, {4, 3, "c.home.line"},
                   {11, 1, "c.desk.done"}, {11, 4, "c.line.desk"}, {21, 4, "c.desk.done"}, {21, 3, "c.line.desk"},
                   {31, 3, "c.desk.done"}, {31, 2, "c.line.desk"}, {41, 2, "c.desk.done"});
        else
            EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 4, "c.home.line"}, {4, 3, "c.home.line"},
                   {11, 1, "c.desk.done"}, {11, 2, "c.line.desk"}, {21, 2, "c.desk.done"}, {21, 4, "c.line.desk"},
                   {31, 4, "c.desk.done"}, {31, 3, "c.line.desk"}, {41, 3, "c.desk.done"});
        history_free(&v);
    }
}

/* A chart that the priority depends on changes while one waits. */
static void a_priority_that_changes_while_waiting(void **state)
{
    struct history v;
    (void)state;
    history_run(&v, desk_scenario(3, three(come("desk", "1 2 3"), SERVED BESIDE("calm, acute", ""),
                                           on_day(3, "calm", "acute", "8")),
                                  DESK("    capacity: {number: 1}\n    used_by: [{chart: c, states: [desk], waits_in: line, "
                                       "priority: {d: {acute: 3}}}]\n")),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"}, {8, 3, "d.calm.acute"},
           {11, 1, "c.desk.done"}, {11, 3, "c.line.desk"}, {21, 3, "c.desk.done"}, {21, 2, "c.line.desk"},
           {31, 2, "c.desk.done"});
    expect_days(&v, KITH_POOL_WAIT, 8 + 19, 1);
    history_free(&v);
    /* the same by how often a mark was set */
    history_run(&v, joined(desk_scenario(3, three(come("desk", "1 2 3"),
                                                  SERVED BESIDE("calm, acute", "    on_entry: {acute: {mark: seen}}\n"),
                                                  on_day(3, "calm", "acute", "8")),
                                         DESK("    capacity: {number: 1}\n    used_by: [{chart: c, states: [desk], waits_in: line, "
                                              "priority: {count.seen: {0: 1, 1: 3}}}]\n")),
                           "marks: {seen: family}\n"),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"}, {8, 3, "d.calm.acute"},
           {11, 1, "c.desk.done"}, {11, 3, "c.line.desk"}, {21, 3, "c.desk.done"}, {21, 2, "c.line.desk"},
           {31, 2, "c.desk.done"});
    history_free(&v);
    /* and with pre-emption it takes the place at that moment; the service begins anew when it is given back */
    history_run(&v, desk_scenario(3, three(come("desk", "1 2 3"), SERVED BESIDE("calm, acute", ""),
                                           on_day(3, "calm", "acute", "8")),
                                  DESK("    capacity: {number: 1}\n    preempts: true\n    used_by: [{chart: c, states: [desk], "
                                       "waits_in: line, preempted_to: lost, priority: {d: {acute: 3}}}]\n")),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"}, {8, 3, "d.calm.acute"},
           {8, 1, "c.desk.lost"}, {8, 3, "c.line.desk"}, {18, 3, "c.desk.done"}, {18, 2, "c.line.desk"},
           {28, 2, "c.desk.done"});
    expect_counts(&v, 3, 2, 3, 0, 0, 1);
    history_free(&v);
}

/* What a priority depends on need not be a chart: a date, the load of another resource, a parameter of an arm. Kind 2 waits
 * for the bed with a priority of 2, kind 3 for the desk with one of 1 that becomes 3 while both wait. */
static void a_priority_that_changes_with_time(void **state)
{
    static const char *const priority[] = {"{calendar: {2000-01-20: 3}}", "{load.other: {1: 3}}", "$urgency",
                                           "{times: $urgency}"};
    bool all = true;
    (void)state;
    for (size_t i = 0; i < sizeof priority / sizeof *priority; i++) {
        struct history v;
        char *rest = new_page();
        add_text(rest, "resources:\n  desk:\n    capacity: {number: 1}\n    used_by:\n"
                       "      - {chart: c, states: [desk], waits_in: line, priority: %s}\n"
                       "      - {chart: d, states: [bed], waits_in: bedline, priority: 2}\n"
                       "  other: {capacity: {number: 1}, used_by: [{chart: e, states: [y]}]}\n"
                       "parameters: {urgency: {value: 1, range: [0, 10]}}\n"
                       "arms: {baseline: {}, urgent: {from: 0.06 years, set: {urgency: 3}}}\n",
                 priority[i]);
        const char *text = desk_scenario(3, three(come("desk", "1 - 3"), edited(SERVED, "10 days", "30 days"),
                                                  three(BESIDE("calm, bed, bedline, out", ""), on_day(2, "calm", "bed", "2"),
                                                        "      - {from: bed, to: out, hazard: {fixed: 10 days}}\n"
                                                        "  e:\n    of: family\n    states: [x, y, z]\n    clocks:\n")),
                                         "");
        text = three(text, on_day(3, "x", "y", "20"), rest);
        history_run(&v, text, 1);
        static const struct expected list[] = {
            {1, 1, "c.home.desk"}, {2, 2, "d.calm.bedline"}, {3, 3, "c.home.line"}, {20, 3, "e.x.y"}, {31, 1, "c.desk.done"},
            {31, 3, "c.line.desk"}, {61, 3, "c.desk.done"}, {61, 2, "d.bedline.bed"}, {71, 2, "d.bed.out"}};
        bool same = happened(&v, list, sizeof list / sizeof *list, true);
        if (!same)
            print_error("priority: %s\n", priority[i]);
        all = all && same;
        history_free(&v);
    }
    assert_true(all);
}

/* Who is served by a higher priority loses the place, goes back into line and begins anew. */
static void a_higher_priority_takes_the_place(void **state)
{
    struct history v;
    (void)state;
    history_run(&v, desk_scenario(4, joined(come("desk", "1 6 4 20"), SERVED),
                                  DESK("    capacity: {number: 1}\n    preempts: true\n    used_by: [{chart: c, states: [desk], "
                                       "waits_in: line, priority: {kind: power 1}}]\n")),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {4, 3, "c.home.line"}, {4, 1, "c.desk.line"}, {4, 3, "c.line.desk"},
           {6, 2, "c.home.line"}, {14, 3, "c.desk.done"}, {14, 2, "c.line.desk"}, {20, 4, "c.home.line"},
           {20, 2, "c.desk.line"}, {20, 4, "c.line.desk"}, {30, 4, "c.desk.done"}, {30, 2, "c.line.desk"},
           {40, 2, "c.desk.done"}, {40, 1, "c.line.desk"}, {50, 1, "c.desk.done"});
    /* once asked, once got, however often it was lost */
    expect_counts(&v, 4, 3, 4, 0, 0, 2);
    expect_days(&v, KITH_POOL_WAIT, 8 + 10 + 36, 1);
    expect_days(&v, KITH_POOL_WAITING, 8 + 10 + 36, 1);
    expect_days(&v, KITH_POOL_USED, 49, 1000);
    history_free(&v);
}

/* Of two of the same priority the later one loses; who is equal takes nothing; who may not wait loses nothing. */
static void the_latest_of_the_lowest_loses(void **state)
{
    struct history v;
    (void)state;
    history_run(&v, desk_scenario(5, three(come("desk", "1 2 3 4"), SERVED BESIDE("calm, duty, calm2", ""),
                                           joined(on_day(5, "calm", "duty", "0.5"),
                                                  "      - {from: duty, to: calm2, hazard: {fixed: 40 days}}\n")),
                                  DESK("    capacity: {number: 3}\n    preempts: true\n    used_by:\n"
                                       "      - {chart: c, states: [desk], waits_in: line, preempted_to: lost,\n"
                                       "         priority: {when: [{if: {kind: [4, ~]}, ratio: 2}]}}\n"
                                       "      - {chart: d, states: [duty]}\n")),
                0);
    EXPECT(&v, {0.5, 5, "d.calm.duty"}, {1, 1, "c.home.desk"}, {2, 2, "c.home.desk"}, {3, 3, "c.home.line"},
           {4, 4, "c.home.line"}, {4, 2, "c.desk.lost"}, {4, 4, "c.line.desk"}, {11, 1, "c.desk.done"},
           {11, 3, "c.line.desk"}, {14, 4, "c.desk.done"}, {21, 3, "c.desk.done"}, {40.5, 5, "d.duty.calm2"});
    expect_counts(&v, 5, 2, 5, 0, 0, 1);
    history_free(&v);
}

/* The head of the line needs two places and holds up one who needs one. */
static void the_head_holds_up_those_behind(void **state)
{
    struct history v;
    (void)state;
    history_run(&v, edited(desk_scenario(3, three(come("desk", "1 - 3"), on_day(2, "home", "hall", "2"),
                                                  SERVED "      - {from: hall, to: done, hazard: {fixed: 10 days}}\n"),
                                         DESK("    capacity: {number: 2}\n"
                                              "    used_by: [{chart: c, states: {desk: 1, hall: 2}, waits_in: line}]\n")),
                           "states: [home, desk,", "states: [home, hall, desk,"),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"}, {11, 1, "c.desk.done"},
           {11, 2, "c.line.hall"}, {21, 2, "c.hall.done"}, {21, 3, "c.line.desk"}, {31, 3, "c.desk.done"});
    expect_days(&v, KITH_POOL_USED, 10 + 20 + 10, 1000);
    history_free(&v);
}

/* A place is kept from one state to the next; one that takes more than the last is not asked for again. */
static void a_place_is_kept_from_state_to_state(void **state)
{
    struct history v;
    (void)state;
    for (int units = 1; units <= 2; units++) {
        history_run(&v, edited(edited(desk_scenario(3, joined(come("desk", "1 2 6"),
                                                              "      - {from: desk, to: hall, hazard: {fixed: 4 days}}\n"
                                                              "      - {from: hall, to: done, hazard: {fixed: 10 days}}\n"),
                                                    DESK("    capacity: {number: 2}\n"
                                                         "    used_by: [{chart: c, states: {desk: 1, hall: UNITS}, waits_in: line}]\n")),
                                      "states: [home, desk,", "states: [home, hall, desk,"),
                               "UNITS", units == 1 ? "1" : "2"),
                    0);
        if (units == 1)
            EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.desk"}, {5, 1, "c.desk.hall"}, {6, 3, "c.home.line"},
                   {6, 2, "c.desk.hall"}, {15, 1, "c.hall.done"}, {15, 3, "c.line.desk"}, {16, 2, "c.hall.done"},
                   {19, 3, "c.desk.hall"}, {29, 3, "c.hall.done"});
        else /* use was 3, then 4 of 2; nothing is given out before the second has left, too */
            EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.desk"}, {5, 1, "c.desk.hall"}, {6, 3, "c.home.line"},
                   {6, 2, "c.desk.hall"}, {15, 1, "c.hall.done"}, {16, 2, "c.hall.done"}, {16, 3, "c.line.desk"},
                   {20, 3, "c.desk.hall"}, {30, 3, "c.hall.done"});
        expect_counts(&v, 3, 1, 3, 0, 0, 0);
        expect_days(&v, KITH_POOL_USED, 3 * 4 + 3 * 10 * units, 1000);
        history_free(&v);
    }
}

#define TRIAGE \
    "      triage:\n        options:\n" \
    "          - {to: desk, weight: 1, ratios: {when: [{if: {kind: [2, 3]}, ratio: 0}]}}\n" \
    "          - {to: lost, weight: 1, ratios: {when: [{if: {kind: [~, 2]}, ratio: 0}, {if: {kind: [3, ~]}, ratio: 0}]}}\n"

/* An instant state that is held: the wait is for it, and what it decides is decided when the turn has come. */
static void an_instant_state_is_waited_for(void **state)
{
    struct history v;
    (void)state;
    const char *text = desk_scenario(3, joined(come("triage", "1 2 3"), SERVED),
                                     DESK("    capacity: {number: 1}\n"
                                          "    used_by: [{chart: c, states: [triage, desk], waits_in: line}]\n"));
    text = edited(text, "states: [home, desk,", "states: [home, triage, desk,");
    text = edited(text, "    clocks:\n", "    instant:\n" TRIAGE "    clocks:\n");
    history_run(&v, text, 0);
    EXPECT(&v, {1, 1, "c.home.triage"}, {1, 1, "c.triage.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"},
           {11, 1, "c.desk.done"}, {11, 2, "c.line.triage"}, {11, 2, "c.triage.lost"}, {11, 3, "c.line.triage"},
           {11, 3, "c.triage.desk"}, {21, 3, "c.desk.done"});
    expect_counts(&v, 3, 2, 3, 0, 0, 0);
    expect_days(&v, KITH_POOL_USED, 20, 1000);
    history_free(&v);
    /* not held: it decides at once, and those wait whom it sends to the desk */
    history_run(&v, edited(text, "states: [triage, desk], waits_in", "states: [desk], waits_in"), 0);
    EXPECT(&v, {1, 1, "c.home.triage"}, {1, 1, "c.triage.desk"}, {2, 2, "c.home.triage"}, {2, 2, "c.triage.lost"},
           {3, 3, "c.home.triage"}, {3, 3, "c.triage.line"}, {11, 1, "c.desk.done"}, {11, 3, "c.line.desk"},
           {21, 3, "c.desk.done"});
    expect_counts(&v, 2, 1, 2, 0, 0, 0);
    history_free(&v);
}

/* Moves take somebody out of the line, or to where there is one. */
static void moves_meet_the_line(void **state)
{
    struct history v;
    (void)state;
    const char *text = desk_scenario(3, three(come("desk", "1 2 3"), SERVED BESIDE("calm, acute", "    on_entry: {acute: {move: MOVE}}\n"),
                                              on_day(2, "calm", "acute", "5")),
                                     DESK("    capacity: {number: 1}\n" LINE_UP));
    history_run(&v, edited(text, "MOVE", "{chart: c, to: lost, from: [line]}"), 0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"}, {5, 2, "d.calm.acute"},
           {5, 2, "c.line.lost"}, {11, 1, "c.desk.done"}, {11, 3, "c.line.desk"}, {21, 3, "c.desk.done"});
    expect_counts(&v, 3, 2, 2, 0, 1, 0);
    expect_days(&v, KITH_POOL_WAIT, 8, 1);
    expect_days(&v, KITH_POOL_WAITING, 8 + 3, 1);
    history_free(&v);
    text = edited(text, on_day(2, "home", "desk", "2"), "");
    history_run(&v, edited(text, "MOVE", "{chart: c, to: desk, from: [home]}"), 0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {3, 3, "c.home.line"}, {5, 2, "d.calm.acute"}, {5, 2, "c.home.line"},
           {11, 1, "c.desk.done"}, {11, 3, "c.line.desk"}, {21, 3, "c.desk.done"}, {21, 2, "c.line.desk"},
           {31, 2, "c.desk.done"});
    expect_counts(&v, 3, 2, 3, 0, 0, 0);
    history_free(&v);
}

/* Who waits already and is sent once more to what is waited for goes on waiting; by a move, and by a clock. */
static void who_waits_is_sent_to_the_desk_again(void **state)
{
    (void)state;
    for (int which = 0; which < 2; which++) {
        struct history v;
        size_t desk, line, served = 0;
        history_run(&v, which ? desk_scenario(2, joined(come("desk", "1 2"),
                                                        SERVED "      - {from: line, to: desk, hazard: {fixed: 3 days}}\n"),
                                              DESK("    capacity: {number: 1}\n" LINE_UP))
                              : desk_scenario(2, three(come("desk", "1 2"),
                                                       SERVED BESIDE("calm, acute",
                                                                     "    on_entry: {acute: {move: {chart: c, to: desk}}}\n"),
                                                       on_day(2, "calm", "acute", "5")),
                                              DESK("    capacity: {number: 1}\n" LINE_UP)),
                    0);
        desk = harness_state(&v.h, "c.desk");
        line = harness_state(&v.h, "c.line");
        for (size_t k = 0; k < spy.n; k++) {
            const struct kith_shape_transition *t = &v.h.shape->transitions[spy.seen[k].code];
            if (t->to != (int)desk || v.kind[spy.seen[k].family] != 2)
                continue;
            assert_int_equal(t->from, line);
            assert_true(fabs(spy.seen[k].t * 365.25 - 11) < 1e-6);
            served++;
        }
        assert_int_equal(served, 1);
        expect_days(&v, KITH_POOL_WAITING, 9, 1);
        expect_days(&v, KITH_POOL_USED, 20, 1000);
        history_free(&v);
    }
}

/* One who has a place but could not have waited for it keeps it. */
static void who_may_not_wait_loses_nothing(void **state)
{
    struct history v;
    (void)state;
    history_run(&v, desk_scenario(3, three(come("desk", "1 3 4"), SERVED BESIDE("calm, bed, out", ""),
                                           joined(on_day(3, "calm", "bed", "2"),
                                                  "      - {from: bed, to: out, hazard: {fixed: 10 days}}\n")),
                                  DESK("    capacity: {number: 2}\n    room: 9\n    preempts: true\n    used_by:\n"
                                       "      - {chart: c, states: [desk], waits_in: line, full: lost, priority: 2}\n"
                                       "      - {chart: d, states: [bed], full: out, priority: 1}\n")),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 3, "d.calm.bed"}, {3, 2, "c.home.line"}, {4, 3, "c.home.line"},
           {11, 1, "c.desk.done"}, {11, 2, "c.line.desk"}, {12, 3, "d.bed.out"}, {12, 3, "c.line.desk"},
           {21, 2, "c.desk.done"}, {22, 3, "c.desk.done"});
    expect_counts(&v, 4, 2, 4, 0, 0, 0);
    history_free(&v);
}

/* A turn at one resource frees a place of another: whoever waits for that has it at the same moment. */
static void one_turn_brings_another(void **state)
{
    struct history v;
    (void)state;
    const char *text = desk_scenario(3, three(come("desk", "1 2"), SERVED BESIDE("calm, bed, bedline, out", ""),
                                              joined(on_day(2, "calm", "bed", "1"), on_day(3, "calm", "bed", "3"))),
                                     "resources:\n"
                                     "  beds: {capacity: {number: 1}, used_by: [{chart: d, states: [bed], waits_in: bedline}]}\n"
                                     "  desk:\n    capacity: {number: 1}\n" LINE_UP);
    history_run(&v, edited(text, "states: [home, desk, line, done, gave_up, lost]\n",
                           "states: [home, desk, line, done, gave_up, lost]\n"
                           "    on_entry: {desk: {move: {chart: d, to: out, from: [bed]}}}\n"),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {1, 2, "d.calm.bed"}, {2, 2, "c.home.line"}, {3, 3, "d.calm.bedline"},
           {11, 1, "c.desk.done"}, {11, 2, "c.line.desk"}, {11, 2, "d.bed.out"}, {11, 3, "d.bedline.bed"},
           {21, 2, "c.desk.done"});
    history_free(&v);
}

/* Each raises the other's priority by having the place, so that it would go to and fro for ever: that has to be said. */
static void priorities_in_a_circle(void **state)
{
    struct harness h;
    struct result r;
    (void)state;
    harness_load(&h, "kith: 1\nmodel: pathway\ntime: {counted: 1 year}\npopulation: {families: 1}\n"
                     "charts:\n"
                     "  a: {of: family, states: [out, in, line], clocks: [{from: out, to: in, hazard: {fixed: 1 day}}]}\n"
                     "  b: {of: family, states: [out, in, line], clocks: [{from: out, to: in, hazard: {fixed: 2 days}}]}\n"
                     "resources:\n  r:\n    capacity: {number: 1}\n    preempts: true\n    used_by:\n"
                     "      - {chart: a, states: [in], waits_in: line, priority: {b: {in: 2}}}\n"
                     "      - {chart: b, states: [in], waits_in: line, priority: {a: {in: 2}}}\n");
    harness_run(&h, &r, 0, 0, 0, 0, KITH_ORDER_FAMILY);
    assert_non_null(r.cell.fault);
    result_free(&r);
    harness_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_wait_and_some_give_up),
        cmocka_unit_test(some_find_the_line_full),
        cmocka_unit_test(some_are_never_refused),
        cmocka_unit_test(the_line_is_ordered_by_priority),
        cmocka_unit_test(a_priority_that_changes_while_waiting),
        cmocka_unit_test(a_priority_that_changes_with_time),
        cmocka_unit_test(a_higher_priority_takes_the_place),
        cmocka_unit_test(the_latest_of_the_lowest_loses),
        cmocka_unit_test(the_head_holds_up_those_behind),
        cmocka_unit_test(a_place_is_kept_from_state_to_state),
        cmocka_unit_test(an_instant_state_is_waited_for),
        cmocka_unit_test(moves_meet_the_line),
        cmocka_unit_test_setup_teardown(who_waits_is_sent_to_the_desk_again, within_seconds, in_time),
        cmocka_unit_test_setup_teardown(who_may_not_wait_loses_nothing, within_seconds, in_time),
        cmocka_unit_test(one_turn_brings_another),
        cmocka_unit_test_setup_teardown(priorities_in_a_circle, within_seconds, in_time),
    };
    return cmocka_run_group_tests(tests, NULL, free_spy);
}
