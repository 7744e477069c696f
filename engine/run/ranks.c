#include "ranks.h"

#ifdef KITH_MPI
#include <mpi.h>
#include <stdlib.h>

enum { ASK = 1, ANSWER };
#define WORD 4 /* numbers */

/* Set by the launchers: mpirun of Open MPI, of MPICH and its kin, srun with PMIx or PMI-2. Without them MPI would start a
 * helper process for a run that does not need it. */
static bool launched(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMI_RANK", "PMIX_RANK", "MPI_LOCALNRANKS"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i]))
            return true;
    return false;
}

static bool running(void)
{
    int begun = 0, over = 0;
    MPI_Initialized(&begun);
    MPI_Finalized(&over);
    return begun && !over;
}

void kith_ranks_begin(void)
{
    int level;
    if (launched())
        MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &level);
}

void kith_ranks_end(void)
{
    if (running())
        MPI_Finalize();
}

int kith_ranks_rank(void)
{
    int rank = 0;
    if (running())
        MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

int kith_ranks_size(void)
{
    int size = 1;
    if (running())
        MPI_Comm_size(MPI_COMM_WORLD, &size);
    return size;
}

int kith_ranks_agree(int code)
{
    if (running()) {
        MPI_Barrier(MPI_COMM_WORLD);
        MPI_Bcast(&code, 1, MPI_INT, 0, MPI_COMM_WORLD);
    }
    return code;
}

_Static_assert(sizeof(struct kith_ranks_word) == WORD * sizeof(uint64_t), "a word is sent as so many numbers");

void kith_ranks_bye(const struct kith_ranks_word *word)
{
    MPI_Send(word, WORD, MPI_UINT64_T, 0, ASK, MPI_COMM_WORLD);
}

uint64_t kith_ranks_ask(const struct kith_ranks_word *word)
{
    uint64_t cell = UINT64_MAX;
    kith_ranks_bye(word);
    MPI_Recv(&cell, 1, MPI_UINT64_T, 0, ANSWER, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return cell;
}

bool kith_ranks_hear(int *rank, struct kith_ranks_word *word)
{
    int there = 0;
    MPI_Status from;
    MPI_Iprobe(MPI_ANY_SOURCE, ASK, MPI_COMM_WORLD, &there, &from);
    if (!there)
        return false;
    *rank = from.MPI_SOURCE;
    MPI_Recv(word, WORD, MPI_UINT64_T, *rank, ASK, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return true;
}

void kith_ranks_answer(int rank, uint64_t cell)
{
    MPI_Send(&cell, 1, MPI_UINT64_T, rank, ANSWER, MPI_COMM_WORLD);
}

#else

void kith_ranks_begin(void) {}
void kith_ranks_end(void) {}

int kith_ranks_rank(void)
{
    return 0;
}

int kith_ranks_size(void)
{
    return 1;
}

int kith_ranks_agree(int code)
{
    return code;
}

uint64_t kith_ranks_ask(const struct kith_ranks_word *word)
{
    (void)word;
    return UINT64_MAX;
}

void kith_ranks_bye(const struct kith_ranks_word *word)
{
    (void)word;
}

bool kith_ranks_hear(int *rank, struct kith_ranks_word *word)
{
    (void)rank;
    (void)word;
    return false;
}

void kith_ranks_answer(int rank, uint64_t cell)
{
    (void)rank;
    (void)cell;
}

#endif
