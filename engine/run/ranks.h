/* The processes of an MPI job. Built without MPI (make MPI=1 builds with it), or started without mpirun or srun, a run is
 * one process, and the functions below do nothing. Calls come from one thread at a time. */
#ifndef KITH_RUN_RANKS_H
#define KITH_RUN_RANKS_H

#include <stdbool.h>
#include <stdint.h>

/* Starts and ends MPI: once in a process, around everything else here. */
void kith_ranks_begin(void);
void kith_ranks_end(void);
/* 0 .. size - 1; rank 0 hands out the cells. */
int kith_ranks_rank(void);
int kith_ranks_size(void);
/* Waits for all. Every rank gets rank 0's `code`. */
int kith_ranks_agree(int code);

/* What a rank tells rank 0 when it asks for a cell, or says that it is done. */
struct kith_ranks_word {
    uint64_t done;   /* cells finished since its last word */
    uint64_t events; /* in them */
    uint64_t small;  /* it asks for one of the small areas, not of the large ones */
    uint64_t bye;    /* it will ask no more */
};
/* Rank > 0: asks for a cell; UINT64_MAX when there are none. */
uint64_t kith_ranks_ask(const struct kith_ranks_word *word);
void kith_ranks_bye(const struct kith_ranks_word *word);
/* Rank 0: whether some rank has said something; if so, which one and what. Does not wait. */
bool kith_ranks_hear(int *rank, struct kith_ranks_word *word);
void kith_ranks_answer(int rank, uint64_t cell);

#endif
