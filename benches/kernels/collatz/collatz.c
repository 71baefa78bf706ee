#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int64_t steps(int64_t start)
{
    int64_t n = start, count = 0;
    while (n != 1) {
        n = n % 2 == 0 ? n / 2 : 3 * n + 1;
        count++;
    }
    return count;
}

int main(int argc, char **argv)
{
    int64_t limit = argc > 1 ? atoll(argv[1]) : 1;
    int64_t best = 1, longest = 0;
    for (int64_t start = 1; start < limit; start++) {
        int64_t count = steps(start);
        if (count > longest) {
            best = start;
            longest = count;
        }
    }
    printf("%lld %lld\n", (long long)best, (long long)longest);
    return 0;
}
