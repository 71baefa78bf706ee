#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int64_t flips(int64_t *pancakes)
{
    int64_t count = 0;
    for (;;) {
        int64_t top = pancakes[0];
        if (top == 0)
            return count;
        for (int64_t low = 0, high = top; low < high; low++, high--) {
            int64_t kept = pancakes[low];
            pancakes[low] = pancakes[high];
            pancakes[high] = kept;
        }
        count++;
    }
}

/* The next permutation, or false after the last one. */
static bool next(int64_t *order, int64_t *turns, int64_t n)
{
    for (int64_t r = 1; r < n; r++) {
        int64_t first = order[0];
        for (int64_t i = 0; i < r; i++)
            order[i] = order[i + 1];
        order[r] = first;
        turns[r]++;
        if (turns[r] <= r)
            return true;
        turns[r] = 0;
    }
    return false;
}

int main(int argc, char **argv)
{
    int64_t n = argc > 1 ? atoll(argv[1]) : 1;
    int64_t *order = malloc(n * sizeof *order);
    int64_t *turns = calloc(n, sizeof *turns);
    int64_t *pancakes = malloc(n * sizeof *pancakes);
    for (int64_t i = 0; i < n; i++)
        order[i] = i;
    int64_t most = 0, checksum = 0, number = 0;
    do {
        for (int64_t i = 0; i < n; i++)
            pancakes[i] = order[i];
        int64_t count = flips(pancakes);
        if (count > most)
            most = count;
        checksum += number % 2 == 0 ? count : -count;
        number++;
    } while (next(order, turns, n));
    printf("%lld %lld\n", (long long)checksum, (long long)most);
    free(order);
    free(turns);
    free(pancakes);
    return 0;
}
