#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { LENGTH = 50000 };

static void quicksort(int64_t *xs, int64_t from, int64_t to)
{
    int64_t low = from, high = to;
    int64_t pivot = xs[(from + to) / 2];
    while (low <= high) {
        while (xs[low] < pivot)
            low++;
        while (xs[high] > pivot)
            high--;
        if (low <= high) {
            int64_t kept = xs[low];
            xs[low] = xs[high];
            xs[high] = kept;
            low++;
            high--;
        }
    }
    if (from < high)
        quicksort(xs, from, high);
    if (low < to)
        quicksort(xs, low, to);
}

int main(int argc, char **argv)
{
    int64_t rounds = argc > 1 ? atoll(argv[1]) : 1;
    int64_t *xs = calloc(LENGTH, sizeof *xs);
    int64_t random = 42, checksum = 0;
    for (int64_t round = 0; round < rounds; round++) {
        for (int64_t i = 0; i < LENGTH; i++) {
            random = random * 16807 % 2147483647;
            xs[i] = random;
        }
        quicksort(xs, 0, LENGTH - 1);
        for (int64_t i = 0; i < LENGTH; i++)
            checksum = (checksum * 31 + xs[i]) % 1000000007;
    }
    printf("%lld %lld %lld\n", (long long)checksum, (long long)xs[0], (long long)xs[LENGTH - 1]);
    free(xs);
    return 0;
}
