/* Diffusion along a rod, by as many ranks of MPI as there are: u_t = u_xx on [0, 1], u = 0 at its ends and sin(pi x) at first.
 *
 *     mpicc -O2 -o heat heat.c -lm && mpirun -n 2 ./heat 63
 *
 * Explicit steps (forward in time, central in space) at 0.4 of the square of the grid's width, which is stable below 0.5. After time 0.1
 * what is there is compared with exp(-pi^2 t) sin(pi x), which is exact. Each rank has a part of the rod, and in every step the ends of its
 * neighbours' parts. */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    char *end = "";
    long cells = argc == 2 ? strtol(argv[1], &end, 10) : 0;
    if (cells < ranks || *end) {
        if (rank == 0) fprintf(stderr, "usage: heat CELLS, a whole number and no less than the ranks (%d)\n", ranks);
        MPI_Finalize();
        return 2;
    }

    long first = cells * rank / ranks, count = cells * (rank + 1) / ranks - first;
    double width = 1.0 / (cells + 1), pi = acos(-1);
    /* With a place for the neighbour's end on either side. */
    double *now = calloc(count + 2, sizeof *now), *next = calloc(count + 2, sizeof *next);
    if (!now || !next) MPI_Abort(MPI_COMM_WORLD, 1);
    for (long i = 1; i <= count; i++) now[i] = sin(pi * (first + i) * width);

    int left = rank > 0 ? rank - 1 : MPI_PROC_NULL, right = rank + 1 < ranks ? rank + 1 : MPI_PROC_NULL;
    long steps = lround(0.1 / (0.4 * width * width));
    double ratio = 0.1 / steps / (width * width);
    for (long step = 0; step < steps; step++) {
        MPI_Sendrecv(&now[1], 1, MPI_DOUBLE, left, 0, &now[count + 1], 1, MPI_DOUBLE, right, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        MPI_Sendrecv(&now[count], 1, MPI_DOUBLE, right, 1, &now[0], 1, MPI_DOUBLE, left, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        for (long i = 1; i <= count; i++) next[i] = now[i] + ratio * (now[i - 1] - 2 * now[i] + now[i + 1]);
        double *old = now;
        now = next;
        next = old;
    }

    double mine = 0, error;
    for (long i = 1; i <= count; i++)
        mine = fmax(mine, fabs(now[i] - exp(-pi * pi * 0.1) * sin(pi * (first + i) * width)));
    MPI_Reduce(&mine, &error, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    if (rank == 0) printf("{\"ranks\": %d, \"steps\": %ld, \"error\": %.9e}\n", ranks, steps, error);
    free(now);
    free(next);
    MPI_Finalize();
    return 0;
}
